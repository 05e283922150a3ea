#include "runtime/valve.h"

#include "tests/runtime/signal_probe.h"

#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <optional>

namespace sluice::runtime {
namespace {

using states = std::vector<pressure>;

class valve_test : public ::testing::Test {
public:
  valve_test() : system(config.set("scheduler.policy", caf::atom("testing"))) {}

  ~valve_test() override { gate.release(source.ptr(), nullptr); }

  bool tell(signal_probe& x) {
    return gate.tell(x.ptr(), source.ptr(), nullptr);
  }

  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }

  bool fall(std::size_t level) {
    return gate.fall(level, source.ptr(), nullptr);
  }

  /// A sender's message made the mailbox as full as that.
  void rose(std::size_t level, signal_probe& sender) {
    inside = level;
    gate.mailbox_rose(inside, sender.ptr(), source.ptr(), nullptr);
  }

  void fell(std::size_t level) {
    inside = level;
    gate.mailbox_fell(inside, source.ptr(), nullptr);
  }

  caf::actor_system_config config;
  caf::actor_system system;
  std::atomic<std::size_t> inside{0};
  signal_probe source{system};
  signal_probe anna{system};
  signal_probe bert{system};
  valve gate{{.high = 100, .low = 50}};
};

TEST_F(valve_test, closes_at_high_and_not_one_below) {
  EXPECT_FALSE(gate.rise(99));
  EXPECT_FALSE(gate.closed());
  EXPECT_TRUE(gate.rise(100));
  EXPECT_TRUE(gate.closed());
}

TEST_F(valve_test, opens_at_low_and_not_one_above) {
  gate.rise(100);
  EXPECT_FALSE(fall(51));
  EXPECT_TRUE(gate.closed());
  EXPECT_TRUE(fall(50));
  EXPECT_FALSE(gate.closed());
}

TEST_F(valve_test, level_between_the_marks_changes_nothing) {
  EXPECT_FALSE(gate.rise(75));
  EXPECT_FALSE(gate.closed());
  gate.rise(100);
  EXPECT_FALSE(fall(75));
  EXPECT_FALSE(gate.rise(75));
  EXPECT_TRUE(gate.closed());
}

TEST_F(valve_test, closes_once_however_often_the_level_rises) {
  EXPECT_TRUE(gate.rise(100));
  EXPECT_FALSE(gate.rise(200));
  EXPECT_EQ(gate.times_closed(), 1u);
  fall(0);
  EXPECT_TRUE(gate.rise(150));
  EXPECT_EQ(gate.times_closed(), 2u);
}

TEST_F(valve_test, peak_is_the_highest_level_ever) {
  gate.rise(30);
  gate.rise(120);
  fall(10);
  gate.rise(60);
  EXPECT_EQ(gate.peak(), 120u);
}

TEST_F(valve_test, nobody_is_told_while_it_is_open) {
  EXPECT_FALSE(tell(anna));
  EXPECT_EQ(anna.states(), states{});
  EXPECT_EQ(gate.holding(), 0u);
}

TEST_F(valve_test, sender_is_told_applied_once) {
  gate.rise(100);
  EXPECT_TRUE(tell(anna));
  EXPECT_FALSE(tell(anna));
  EXPECT_EQ(anna.states(), states{pressure::applied});
  EXPECT_TRUE(gate.holds(anna.ptr()));
}

TEST_F(valve_test, sender_that_is_nobody_is_not_told) {
  gate.rise(100);
  EXPECT_FALSE(gate.tell(nullptr, source.ptr(), nullptr));
  EXPECT_EQ(gate.holding(), 0u);
}

TEST_F(valve_test, everybody_on_the_list_is_released_and_nobody_else) {
  signal_probe carl{system};
  gate.rise(100);
  tell(anna);
  tell(bert);
  EXPECT_TRUE(fall(50));
  states both{pressure::applied, pressure::released};
  EXPECT_EQ(anna.states(), both);
  EXPECT_EQ(bert.states(), both);
  EXPECT_EQ(carl.states(), states{});
  EXPECT_EQ(gate.holding(), 0u);
}

TEST_F(valve_test, falling_without_having_closed_tells_nobody) {
  EXPECT_FALSE(fall(0));
  EXPECT_EQ(anna.states(), states{});
}

TEST_F(valve_test, after_a_release_a_sender_is_told_again) {
  for (int i = 0; i < 2; ++i) {
    gate.rise(100);
    EXPECT_TRUE(tell(anna));
    fall(0);
  }
  EXPECT_EQ(anna.states(), (states{pressure::applied, pressure::released,
                                   pressure::applied, pressure::released}));
}

TEST_F(valve_test, signals_name_their_source_and_the_level) {
  gate.rise(130);
  tell(anna);
  fall(20);
  auto told = anna.take();
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].source, source.ptr());
  EXPECT_EQ(told[0].queued, 130u);
  EXPECT_EQ(told[1].source, source.ptr());
  EXPECT_EQ(told[1].queued, 20u);
  EXPECT_TRUE(anna.all_anonymous());
}

TEST_F(valve_test, sequence_numbers_rise_over_all_signals_of_a_source) {
  std::optional<std::uint64_t> last;
  for (int i = 0; i < 3; ++i) {
    gate.rise(100);
    tell(anna);
    tell(bert);
    gate.stall(source.ptr(), nullptr);
    fall(0);
  }
  std::size_t count = 0;
  for (auto& x : anna.take()) {
    EXPECT_TRUE(!last || x.sequence > *last);
    last = x.sequence;
    ++count;
  }
  EXPECT_EQ(count, 9u);
}

TEST_F(valve_test, stall_is_told_to_those_on_the_list_who_stay_on_it) {
  gate.rise(100);
  tell(anna);
  gate.stall(source.ptr(), nullptr);
  EXPECT_EQ(anna.states(), (states{pressure::applied, pressure::stalled}));
  EXPECT_EQ(bert.states(), states{});
  fall(0);
  EXPECT_EQ(anna.states(), states{pressure::released});
}

TEST_F(valve_test, shut_closes_it_below_the_high_mark) {
  gate.rise(60);
  gate.shut();
  gate.shut();
  EXPECT_TRUE(gate.closed());
  EXPECT_EQ(gate.times_closed(), 1u);
  EXPECT_TRUE(tell(anna));
  EXPECT_FALSE(fall(60));
  EXPECT_TRUE(fall(50));
}

TEST_F(valve_test, release_opens_it_at_any_level) {
  gate.rise(1'000);
  tell(anna);
  gate.release(source.ptr(), nullptr);
  EXPECT_FALSE(gate.closed());
  EXPECT_EQ(anna.states(), (states{pressure::applied, pressure::released}));
}

// -- what waits in the mailbox
// --------------------------------------------------

TEST_F(valve_test, mailbox_holds_a_sender_from_high_to_low) {
  rose(120, anna);
  EXPECT_TRUE(gate.holds(anna.ptr()));
  EXPECT_FALSE(gate.closed()) << "that is the queue's";
  fell(51);
  EXPECT_EQ(anna.states(), states{pressure::applied});
  fell(50);
  EXPECT_EQ(anna.states(), states{pressure::released});
  EXPECT_EQ(gate.holding(), 0u);
}

TEST_F(valve_test, mailbox_that_has_been_emptied_meanwhile_holds_nobody) {
  // The owner was faster than the sender, and looks no more.
  rose(50, anna);
  EXPECT_EQ(anna.states(), states{});
  EXPECT_EQ(gate.holding(), 0u);
}

TEST_F(valve_test, mailbox_that_fills_again_is_looked_at_again) {
  rose(120, anna);
  inside = 120; // somebody else's came before the owner looked
  gate.mailbox_fell(inside, source.ptr(), nullptr);
  EXPECT_EQ(anna.states(), states{pressure::applied});
  fell(0);
  EXPECT_EQ(anna.states(), states{pressure::released});
}

TEST_F(valve_test, told_for_both_reasons_is_told_once_and_released_last) {
  for (auto queue_first : {false, true}) {
    rose(120, anna);
    gate.rise(100);
    EXPECT_FALSE(tell(anna));
    EXPECT_TRUE(tell(bert));
    if (queue_first) {
      fall(0);
      EXPECT_EQ(bert.states(), (states{pressure::applied, pressure::released}));
      EXPECT_EQ(anna.states(), states{pressure::applied});
      fell(0);
    } else {
      fell(0);
      EXPECT_EQ(anna.states(), states{pressure::applied});
      fall(0);
      EXPECT_EQ(bert.states(), (states{pressure::applied, pressure::released}));
    }
    EXPECT_EQ(anna.states(), states{pressure::released});
  }
}

TEST_F(valve_test, end_releases_for_both_reasons_and_tells_nobody_any_more) {
  rose(120, anna);
  gate.rise(100);
  tell(bert);
  gate.end(source.ptr(), nullptr);
  EXPECT_EQ(anna.states(), (states{pressure::applied, pressure::released}));
  EXPECT_EQ(bert.states(), (states{pressure::applied, pressure::released}));
  rose(200, anna);
  gate.rise(200);
  EXPECT_FALSE(tell(bert));
  EXPECT_EQ(anna.states(), states{});
  EXPECT_EQ(bert.states(), states{});
}

TEST_F(valve_test, signal_passes_what_waits_in_the_mailbox) {
  std::string order;
  auto slow = system.spawn([&order](caf::event_based_actor*) -> caf::behavior {
    return {[&order](int) { order += "message "; },
            [&order](const backpressure&) { order += "signal "; }};
  });
  scheduler().run(); // its start
  caf::anon_send(slow, 1);
  gate.rise(100);
  gate.tell(caf::actor_cast<caf::strong_actor_ptr>(slow), source.ptr(),
            nullptr);
  scheduler().run();
  EXPECT_EQ(order, "signal message ");
  gate.release(source.ptr(), nullptr);
  scheduler().run();
}

using valve_death_test = valve_test;

TEST_F(valve_death_test, dying_with_actors_on_its_list_panics) {
  auto forget = [&] {
    valve doomed{{.high = 2, .low = 1}};
    doomed.rise(2);
    doomed.tell(anna.ptr(), source.ptr(), nullptr);
  };
  EXPECT_DEATH(forget(), "a valve died with actors waiting");
}

TEST_F(valve_death_test, low_mark_that_is_not_below_high_panics) {
  EXPECT_DEATH(valve(watermarks{5, 5}), "low mark is not below");
}

TEST(pressure_test, every_state_has_its_word) {
  EXPECT_EQ(to_string(pressure::applied), "applied");
  EXPECT_EQ(to_string(pressure::released), "released");
  EXPECT_EQ(to_string(pressure::stalled), "stalled");
}

} // namespace
} // namespace sluice::runtime

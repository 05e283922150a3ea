// The state machine by itself: orders of events that two threads make once in
// a million runs.

#include "actors/flow_control.h"

#include "net/config.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <deque>

namespace sluice::actors {
namespace {

using runtime::backpressure;
using runtime::pressure;

class flow_control_test : public ::testing::Test, private flow_owner {
public:
  static constexpr mailbox_limits small{.high = 4, .low = 2, .cap = 100};

  ~flow_control_test() override { flow.end(nullptr); }

  /// What the push of a message begins with; true if `overload` is due.
  bool begin_push() {
    auto x =
        caf::make_mailbox_element(ptr(sender), caf::make_message_id(), {}, 1);
    return flow.admit(*x, nullptr) == admission::over;
  }

  void fill(int n) {
    for (int i = 0; i < n; ++i)
      if (begin_push())
        flow.overload(ptr(sender), nullptr);
  }

  void tell(pressure what, const caf::scoped_actor& source) {
    auto x = caf::make_mailbox_element(
        nullptr, caf::make_message_id(caf::message_priority::high), {},
        backpressure{what, ptr(source), 0, 0});
    EXPECT_EQ(flow.admit(*x, nullptr), admission::consumed);
  }

  /// What the sender was told, in order.
  std::deque<pressure> told() {
    std::deque<pressure> result;
    sender->receive_while([&] { return sender->has_next_message(); })(
        [&](const backpressure& x) { result.push_back(x.state); });
    return result;
  }

  static caf::strong_actor_ptr ptr(const caf::scoped_actor& x) {
    return caf::actor_cast<caf::strong_actor_ptr>(x);
  }

  net::config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system}; // whose mailbox it would be
  caf::scoped_actor sender{system};
  caf::scoped_actor other{system};
  flow_control flow{*this, *ptr(self).get(), small};
  int wakes = 0;

private:
  void wake(caf::execution_unit*) override {
    ++wakes;
    intrusive_ptr_release(ptr(self).get());
  }
};

using states = std::deque<pressure>;

TEST_F(flow_control_test, mailbox_that_drained_before_it_said_so_tells_nobody) {
  fill(4);
  EXPECT_TRUE(begin_push());
  flow.handled(3, nullptr); // the receiver was faster
  flow.overload(ptr(sender), nullptr);
  EXPECT_FALSE(flow.overloaded());
  EXPECT_EQ(told(), states{});
}

TEST_F(flow_control_test, sender_that_comes_late_is_not_told_by_a_sleeper) {
  fill(4);
  EXPECT_TRUE(begin_push());
  flow.nothing_to_handle(nullptr); // all was skipped, and it sleeps
  flow.overload(ptr(sender), nullptr);
  EXPECT_EQ(told(), states{}) << "nobody would ever release it";
  EXPECT_FALSE(flow.overloaded());
}

TEST_F(flow_control_test, sleeper_that_has_handled_something_tells_again) {
  fill(4);
  flow.nothing_to_handle(nullptr);
  flow.handled(1, nullptr);
  fill(2);
  EXPECT_EQ(told(), states{pressure::applied});
  flow.handled(3, nullptr);
  EXPECT_EQ(told(), states{pressure::released});
}

TEST_F(flow_control_test, nothing_to_handle_releases_those_who_were_told) {
  fill(6);
  flow.nothing_to_handle(nullptr);
  EXPECT_EQ(told(), (states{pressure::applied, pressure::released}));
}

TEST_F(flow_control_test, actor_does_not_park_over_an_urgent_message) {
  tell(pressure::applied, other);
  auto mark = flow.urgent_mark();
  flow.unpark_for_urgent(nullptr);
  EXPECT_FALSE(flow.park(mark));
  EXPECT_TRUE(flow.park(flow.urgent_mark()));
  flow.unpark_for_urgent(nullptr);
  EXPECT_EQ(wakes, 1);
}

TEST_F(flow_control_test, actor_does_not_park_over_a_release) {
  tell(pressure::applied, other);
  auto mark = flow.urgent_mark();
  tell(pressure::released, other);
  EXPECT_FALSE(flow.park(mark));
  EXPECT_EQ(wakes, 0) << "it runs already";
}

TEST_F(flow_control_test, parked_actor_is_woken_once_by_the_last_release) {
  tell(pressure::applied, other);
  tell(pressure::applied, sender);
  ASSERT_TRUE(flow.park(flow.urgent_mark()));
  tell(pressure::released, other);
  EXPECT_EQ(wakes, 0);
  tell(pressure::released, sender);
  tell(pressure::released, sender);
  EXPECT_EQ(wakes, 1);
}

TEST_F(flow_control_test,
       signal_that_was_deferred_and_taken_back_is_forgotten) {
  fill(6);
  tell(pressure::applied, other);
  tell(pressure::released, other);
  flow.handled(6, nullptr);
  EXPECT_FALSE(flow.paused());
}

TEST_F(flow_control_test, pause_stays_when_the_actor_becomes_overloaded) {
  tell(pressure::applied, other);
  fill(6);
  EXPECT_TRUE(flow.paused());
  EXPECT_TRUE(flow.overloaded());
  tell(pressure::applied, other); // repeated: still one pause
  tell(pressure::released, other);
  EXPECT_FALSE(flow.paused());
}

TEST_F(flow_control_test, nobody_is_told_after_the_end) {
  fill(4);
  EXPECT_TRUE(begin_push());
  flow.end(nullptr);
  flow.overload(ptr(sender), nullptr);
  EXPECT_EQ(told(), states{});
  EXPECT_EQ(flow.holding(), 0u);
}

} // namespace
} // namespace sluice::actors

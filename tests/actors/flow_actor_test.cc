// A bounded mailbox, seen from both sides: what senders are told, and what an
// actor that is told does. Every case runs for actors on the scheduler and for
// actors on a loop.

#include "actors/flow_actor.h"

#include "actors/rejected_message.h"
#include "runtime/error.h"
#include "tests/support/sim_runtime.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace sluice::actors {
namespace {

using caf::actor;
using caf::behavior;
using runtime::backpressure;
using runtime::pressure;
using strings = std::vector<std::string>;

/// What an actor was told and did, in order. Shared with the test.
using notes = std::shared_ptr<strings>;

/// A plain CAF actor that writes down what it is told.
behavior probe(caf::event_based_actor*, notes log) {
  return {
      [=](const backpressure& x) { log->push_back(to_string(x.state)); },
      [=](const rejected_message& x) {
        log->push_back("rejected " + to_string(x.content));
      },
      [=](int) {},
  };
}

/// Handles numbers; 0 ends it, and negative ones go to `next`.
template <class Self>
behavior counter(Self* self, mailbox_limits limits, notes log, actor next) {
  self->limit_mailbox(limits);
  return {
      [=](int x) {
        log->push_back(std::to_string(x));
        if (x == 0)
          self->quit();
        if (x < 0 && next)
          self->send(next, -x);
      },
      [=](const std::string& x) -> std::string {
        log->push_back(x);
        return "did " + x;
      },
      [=](const backpressure& x) { log->push_back(to_string(x.state)); },
  };
}

struct on_scheduler {
  using actor_type = flow_actor;
  template <class F, class... Args>
  static actor spawn(testing::sim_runtime& run, F f, Args... args) {
    return run.system().spawn(f, args...);
  }
};

struct on_loop {
  using actor_type = pinned_flow_actor;
  template <class F, class... Args>
  static actor spawn(testing::sim_runtime& run, F f, Args... args) {
    return runtime::spawn_on(run.loop(), f, args...);
  }
};

template <class Place>
class flow_actor_test : public ::testing::Test {
public:
  using actor_type = typename Place::actor_type;
  static constexpr mailbox_limits small{.high = 4, .low = 2, .cap = 1000};

  testing::sim_world world{1, testing::sim_settings::calm()};
  testing::sim_runtime run{world};

  static notes make_notes() { return std::make_shared<strings>(); }

  ~flow_actor_test() override {
    for (auto& x : all_)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    settle();
  }

  void settle() { run.during(std::chrono::milliseconds{10}); }

  actor keep(actor x) {
    all_.push_back(x);
    return x;
  }

  actor make_probe(const notes& log) {
    return keep(run.system().spawn(probe, log));
  }

  /// Settled: its limits hold.
  actor make_counter(const notes& log, mailbox_limits limits = small,
                     actor next = {}) {
    auto x = keep(Place::spawn(run, counter<actor_type>, limits, log, next));
    settle();
    return x;
  }

  const flow_control& flow_of(const actor& x) {
    return static_cast<actor_type*>(caf::actor_cast<caf::abstract_actor*>(x))
        ->flow();
  }

  void send(const actor& from, const actor& to, int first, int last) {
    for (auto i = first; i <= last; ++i)
      caf::send_as(from, to, i);
  }

  void tell(const actor& to, pressure what, const actor& source) {
    runtime::send_signal(
        *caf::actor_cast<caf::strong_actor_ptr>(to),
        {what, caf::actor_cast<caf::strong_actor_ptr>(source), 0, 0}, nullptr);
  }

private:
  std::vector<actor> all_;
};

using places = ::testing::Types<on_scheduler, on_loop>;
TYPED_TEST_SUITE(flow_actor_test, places);

// -- what senders are told
// ------------------------------------------------------

TYPED_TEST(flow_actor_test, senders_are_told_past_high_and_at_low_once_each) {
  auto told = this->make_notes();
  auto other_told = this->make_notes();
  auto sender = this->make_probe(told);
  auto other = this->make_probe(other_told);
  auto log = this->make_notes();
  auto sink = this->make_counter(log);
  this->send(sender, sink, 1, 4);
  EXPECT_FALSE(this->flow_of(sink).overloaded());
  this->send(sender, sink, 5, 7);
  EXPECT_TRUE(this->flow_of(sink).overloaded());
  EXPECT_EQ(this->flow_of(sink).holding(), 1u);
  this->send(other, sink, 8, 9);
  EXPECT_EQ(this->flow_of(sink).holding(), 2u);
  this->settle();
  EXPECT_EQ(*told, (strings{"applied", "released"}));
  EXPECT_EQ(*other_told, (strings{"applied", "released"}));
  EXPECT_EQ(log->size(), 9u);
  EXPECT_FALSE(this->flow_of(sink).overloaded());
  EXPECT_EQ(this->flow_of(sink).queued(), 0u);
  EXPECT_EQ(this->flow_of(sink).counts().overloads, 1u);
  EXPECT_EQ(this->flow_of(sink).counts().peak, 9u);
}

TYPED_TEST(flow_actor_test, senders_that_send_nothing_past_high_are_not_told) {
  auto told = this->make_notes();
  auto early = this->make_probe(told);
  auto late = this->make_probe(this->make_notes());
  auto sink = this->make_counter(this->make_notes());
  this->send(early, sink, 1, 2);
  this->send(late, sink, 3, 9);
  this->settle();
  EXPECT_EQ(*told, strings{});
}

TYPED_TEST(flow_actor_test, messages_to_itself_are_not_counted) {
  auto sink = this->make_counter(this->make_notes());
  this->send(sink, sink, 1, 20);
  EXPECT_FALSE(this->flow_of(sink).overloaded());
  EXPECT_EQ(this->flow_of(sink).queued(), 0u);
  this->settle();
  EXPECT_EQ(this->flow_of(sink).queued(), 0u);
}

TYPED_TEST(flow_actor_test, death_releases_whoever_was_told) {
  for (auto kill : {false, true}) {
    auto told = this->make_notes();
    auto sender = this->make_probe(told);
    auto sink = this->make_counter(this->make_notes());
    this->send(sender, sink, 0, 0); // ends it
    this->send(sender, sink, 1, 9);
    if (kill)
      caf::anon_send_exit(sink, caf::exit_reason::kill);
    this->settle();
    EXPECT_EQ(*told, (strings{"applied", "released"})) << kill;
  }
}

TYPED_TEST(flow_actor_test, nobody_is_told_by_the_dead) {
  auto told = this->make_notes();
  auto sender = this->make_probe(told);
  auto sink = this->make_counter(this->make_notes());
  this->send(sender, sink, 0, 0);
  this->settle();
  this->send(sender, sink, 1, 20);
  this->settle();
  EXPECT_EQ(*told, strings{});
}

// -- the cap
// --------------------------------------------------------------------

TYPED_TEST(flow_actor_test, what_is_over_the_cap_comes_back_whole) {
  auto told = this->make_notes();
  auto sender = this->make_probe(told);
  auto log = this->make_notes();
  auto sink = this->make_counter(log, {.high = 4, .low = 2, .cap = 6});
  this->send(sender, sink, 1, 8);
  this->settle();
  EXPECT_EQ(*told,
            (strings{"applied", "rejected (7)", "rejected (8)", "released"}));
  EXPECT_EQ(log->size(), 6u);
  EXPECT_EQ(this->flow_of(sink).counts().refused, 2u);
  EXPECT_EQ(this->flow_of(sink).counts().dropped, 0u);
}

TYPED_TEST(flow_actor_test, request_over_the_cap_is_answered) {
  auto log = this->make_notes();
  auto sink = this->make_counter(log, {.high = 4, .low = 2, .cap = 6});
  auto filler = this->make_probe(this->make_notes());
  auto answers = this->make_notes();
  this->tell(sink, pressure::applied, filler);
  this->send(filler, sink, 1, 6);
  this->run.system().spawn([=](caf::event_based_actor* self) {
    self->set_default_handler(caf::drop);
    self->request(sink, caf::infinite, std::string{"it"})
        .then([=](const std::string& x) { answers->push_back(x); },
              [=](const caf::error& err) {
                answers->push_back(runtime::to_text(err));
              });
  });
  this->settle();
  ASSERT_EQ(answers->size(), 1u);
  EXPECT_NE(answers->front().find("is full"), std::string::npos);
}

TYPED_TEST(flow_actor_test, refused_message_of_nobody_is_counted) {
  auto sink =
      this->make_counter(this->make_notes(), {.high = 4, .low = 2, .cap = 6});
  for (int i = 0; i < 9; ++i)
    caf::anon_send(sink, i + 1);
  EXPECT_EQ(this->flow_of(sink).counts().refused, 3u);
  EXPECT_EQ(this->flow_of(sink).counts().dropped, 3u);
}

TYPED_TEST(flow_actor_test, exits_pass_the_cap) {
  auto sink =
      this->make_counter(this->make_notes(), {.high = 4, .low = 2, .cap = 6});
  auto filler = this->make_probe(this->make_notes());
  this->send(filler, sink, 1, 6);
  caf::send_as(filler, sink,
               caf::exit_msg{filler.address(), caf::exit_reason::kill});
  this->settle();
  caf::scoped_actor self{this->run.system()};
  EXPECT_EQ(this->flow_of(sink).counts().refused, 0u);
}

// -- an actor that is told
// ------------------------------------------------------

TYPED_TEST(flow_actor_test, paused_actor_handles_nothing_until_it_is_released) {
  auto log = this->make_notes();
  auto x = this->make_counter(log);
  auto source = this->make_probe(this->make_notes());
  this->tell(x, pressure::applied, source);
  this->send(source, x, 1, 3);
  this->settle();
  EXPECT_EQ(*log, strings{});
  EXPECT_TRUE(this->flow_of(x).paused());
  this->tell(x, pressure::released, source);
  this->settle();
  EXPECT_EQ(*log, (strings{"1", "2", "3"}));
  EXPECT_GE(this->flow_of(x).counts().parks, 1u);
}

TYPED_TEST(flow_actor_test, pause_lasts_until_all_sources_have_released) {
  auto log = this->make_notes();
  auto x = this->make_counter(log);
  auto a = this->make_probe(this->make_notes());
  auto b = this->make_probe(this->make_notes());
  this->tell(x, pressure::applied, a);
  this->tell(x, pressure::applied, b);
  this->tell(x, pressure::applied, a); // said twice, meant once
  EXPECT_EQ(this->flow_of(x).held_by(), 2u);
  this->send(a, x, 1, 1);
  this->tell(x, pressure::released, a);
  this->settle();
  EXPECT_EQ(*log, strings{});
  this->tell(x, pressure::released, b);
  this->settle();
  EXPECT_EQ(*log, strings{"1"});
}

TYPED_TEST(flow_actor_test, urgent_messages_pass_a_pause) {
  auto log = this->make_notes();
  auto x = this->make_counter(log);
  auto source = this->make_probe(this->make_notes());
  this->tell(x, pressure::applied, source);
  this->send(source, x, 1, 1);
  this->settle();
  for (int i = 7; i < 9; ++i) {
    caf::anon_send<caf::message_priority::high>(x, i);
    this->settle();
  }
  EXPECT_EQ(*log, (strings{"7", "8"}));
  this->tell(x, pressure::released, source);
  this->settle();
  EXPECT_EQ(*log, (strings{"7", "8", "1"}));
}

TYPED_TEST(flow_actor_test, more_urgent_messages_than_a_turn_pass_a_pause) {
  auto log = this->make_notes();
  auto x = this->make_counter(log);
  auto source = this->make_probe(this->make_notes());
  this->tell(x, pressure::applied, source);
  this->settle();
  constexpr auto count = 5 * runtime::limits::actor_turn_messages + 1;
  for (std::size_t i = 0; i < count; ++i)
    caf::anon_send<caf::message_priority::high>(x, 7);
  this->settle();
  EXPECT_EQ(log->size(), count);
}

TYPED_TEST(flow_actor_test, paused_actor_can_be_ended) {
  for (auto reason :
       {caf::exit_reason::kill, caf::exit_reason::user_shutdown}) {
    auto x = this->make_counter(this->make_notes());
    auto source = this->make_probe(this->make_notes());
    this->tell(x, pressure::applied, source);
    this->settle();
    // As links send it: an ordinary message.
    caf::send_as(source, x, caf::exit_msg{source.address(), reason});
    auto address = x.address();
    this->settle();
    bool down = false;
    caf::actor_cast<caf::abstract_actor*>(x)->attach_functor(
        [&](const caf::error&) { down = true; });
    EXPECT_TRUE(down) << to_string(reason);
  }
}

TYPED_TEST(flow_actor_test, exit_that_came_before_the_pause_ends_it) {
  for (auto reason :
       {caf::exit_reason::kill, caf::exit_reason::user_shutdown}) {
    auto log = this->make_notes();
    auto x = this->make_counter(log);
    auto source = this->make_probe(this->make_notes());
    this->send(source, x, 1, 2);
    caf::send_as(source, x, caf::exit_msg{source.address(), reason});
    this->send(source, x, 3, 3);
    this->tell(x, pressure::applied, source); // before it had a turn
    this->settle();
    bool down = false;
    caf::actor_cast<caf::abstract_actor*>(x)->attach_functor(
        [&](const caf::error&) { down = true; });
    EXPECT_TRUE(down) << to_string(reason);
    // A kill is urgent; any other exit keeps its place.
    auto killed = reason == caf::exit_reason::kill;
    EXPECT_EQ(*log, (killed ? strings{} : strings{"1", "2"}));
  }
}

TYPED_TEST(flow_actor_test, exit_that_is_handled_lets_the_pause_go_on) {
  auto log = this->make_notes();
  auto source = this->make_probe(this->make_notes());
  using self_type = typename TestFixture::actor_type;
  auto x = this->keep(TypeParam::spawn(
      this->run,
      [](self_type* self, notes to) -> behavior {
        self->limit_mailbox({.high = 4, .low = 2});
        self->set_exit_handler([=](caf::exit_msg&) { to->push_back("exit"); });
        return {[=](int i) { to->push_back(std::to_string(i)); }};
      },
      log));
  this->settle();
  this->tell(x, pressure::applied, source);
  this->settle();
  caf::send_as(
      source, x,
      caf::exit_msg{source.address(), caf::exit_reason::user_shutdown});
  this->send(source, x, 1, 1);
  this->settle();
  EXPECT_EQ(*log, strings{"exit"});
  EXPECT_TRUE(this->flow_of(x).paused());
  this->tell(x, pressure::released, source);
  this->settle();
  EXPECT_EQ(*log, (strings{"exit", "1"}));
  EXPECT_EQ(this->flow_of(x).queued(), 0u);
}

TYPED_TEST(flow_actor_test, actor_that_ends_while_paused_releases_its_senders) {
  auto told = this->make_notes();
  auto sender = this->make_probe(told);
  auto x = this->make_counter(this->make_notes());
  this->tell(x, pressure::applied, this->make_probe(this->make_notes()));
  this->send(sender, x, 1, 9);
  this->settle();
  EXPECT_EQ(*told, strings{"applied"});
  caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  this->settle();
  EXPECT_EQ(*told, (strings{"applied", "released"}));
}

TYPED_TEST(flow_actor_test,
           pause_stops_right_after_the_handler_that_caused_it) {
  auto sink_log = this->make_notes();
  auto sink = this->make_counter(sink_log);
  auto blocker = this->make_probe(this->make_notes());
  this->tell(sink, pressure::applied, blocker);
  this->settle();
  auto log = this->make_notes();
  auto x = this->make_counter(log, {.high = 100, .low = 50}, sink);
  auto sender = this->make_probe(this->make_notes());
  for (int i = 1; i <= 30; ++i)
    caf::send_as(sender, x, -i);
  this->settle();
  // high = 4 wait in the sink, and the fifth closed it.
  EXPECT_EQ(log->size(), 5u);
  EXPECT_TRUE(this->flow_of(x).paused());
  this->tell(sink, pressure::released, blocker);
  this->settle();
  EXPECT_EQ(log->size(), 30u);
  EXPECT_EQ(sink_log->size(), 30u);
  EXPECT_FALSE(this->flow_of(x).paused());
}

TYPED_TEST(flow_actor_test, pressure_goes_up_a_chain_to_its_first_sender) {
  auto sink = this->make_counter(this->make_notes());
  auto blocker = this->make_probe(this->make_notes());
  this->tell(sink, pressure::applied, blocker);
  this->settle();
  auto middle = this->make_counter(this->make_notes(), this->small, sink);
  auto told = this->make_notes();
  auto sender = this->make_probe(told);
  for (int i = 1; i <= 10; ++i) {
    caf::send_as(sender, middle, -i);
    this->settle();
  }
  EXPECT_TRUE(this->flow_of(middle).paused());
  EXPECT_TRUE(this->flow_of(middle).overloaded());
  EXPECT_EQ(*told, strings{"applied"});
  this->tell(sink, pressure::released, blocker);
  this->settle();
  EXPECT_EQ(*told, (strings{"applied", "released"}));
}

TYPED_TEST(flow_actor_test,
           overloaded_actor_is_not_paused_until_it_has_drained) {
  auto log = this->make_notes();
  auto x = this->make_counter(log);
  auto sender = this->make_probe(this->make_notes());
  this->send(sender, x, 1, 6);
  ASSERT_TRUE(this->flow_of(x).overloaded());
  auto source = this->make_probe(this->make_notes());
  this->tell(x, pressure::applied, source);
  EXPECT_FALSE(this->flow_of(x).paused());
  EXPECT_EQ(this->flow_of(x).held_by(), 1u);
  this->settle();
  EXPECT_FALSE(this->flow_of(x).overloaded());
  EXPECT_TRUE(this->flow_of(x).paused()) << "the signal was forgotten";
  EXPECT_GE(log->size(), 4u);
  this->tell(x, pressure::released, source);
  this->settle();
  EXPECT_EQ(log->size(), 6u);
}

TYPED_TEST(flow_actor_test, actor_that_awaits_a_response_holds_nobody) {
  // The server answers when it is told to.
  auto answer = std::make_shared<caf::response_promise>();
  auto server = this->keep(
      this->run.system().spawn([=](caf::event_based_actor* self) -> behavior {
        return {
            [=](int) {
              *answer = self->make_response_promise();
              return *answer;
            },
            [=](double) { answer->deliver(1); },
        };
      }));
  auto log = this->make_notes();
  auto told = this->make_notes();
  auto sender = this->make_probe(told);
  using self_type = typename TestFixture::actor_type;
  auto x = this->keep(TypeParam::spawn(
      this->run,
      [](self_type* self, actor whom, notes to) -> behavior {
        self->limit_mailbox({.high = 4, .low = 2});
        return {
            [=](int i) { to->push_back(std::to_string(i)); },
            [=](const std::string&) {
              self->request(whom, caf::infinite, 1).await([=](int) {
                to->push_back("answered");
              });
            },
        };
      },
      server, log));
  this->settle();
  caf::send_as(sender, x, std::string{"ask"});
  this->send(sender, x, 1, 9);
  this->settle();
  EXPECT_EQ(*told, (strings{"applied", "released"}));
  this->send(sender, x, 10, 19);
  this->settle();
  EXPECT_EQ(*told, (strings{"applied", "released"})) << "nobody is told now";
  EXPECT_EQ(*log, strings{});
  caf::anon_send<caf::message_priority::high>(x, 77); // waits, too
  this->settle();
  caf::anon_send(server, 1.0);
  this->settle();
  EXPECT_EQ(log->size(), 21u);
  EXPECT_NE(std::find(log->begin(), log->end(), "77"), log->end())
      << "what was urgent is forgotten";
  EXPECT_EQ(log->front(), "answered");
  EXPECT_EQ(this->flow_of(x).queued(), 0u);
  // And now it counts again.
  this->send(sender, x, 1, 9);
  this->settle();
  EXPECT_EQ(told->size(), 4u);
}

TYPED_TEST(flow_actor_test, behavior_may_decide_for_itself) {
  auto log = this->make_notes();
  auto x = this->make_counter(log, {.high = 4, .low = 2, .pause = false});
  auto source = this->make_probe(this->make_notes());
  this->tell(x, pressure::applied, source);
  this->send(source, x, 1, 1);
  this->settle();
  EXPECT_EQ(*log, (strings{"applied", "1"}));
  this->tell(x, pressure::released, source);
  this->settle();
  EXPECT_EQ(*log, (strings{"applied", "1", "released"}));
}

TYPED_TEST(flow_actor_test, signal_without_a_source_and_its_own_are_ignored) {
  auto log = this->make_notes();
  auto x = this->make_counter(log);
  this->tell(x, pressure::applied, x);
  runtime::send_signal(*caf::actor_cast<caf::strong_actor_ptr>(x),
                       {pressure::applied, nullptr, 0, 0}, nullptr);
  EXPECT_FALSE(this->flow_of(x).paused());
}

TYPED_TEST(flow_actor_test, requests_are_answered_as_ever) {
  auto sink = this->make_counter(this->make_notes());
  auto answers = this->make_notes();
  this->run.system().spawn([=](caf::event_based_actor* self) {
    self->set_default_handler(caf::drop);
    for (int i = 0; i < 20; ++i)
      self->request(sink, caf::infinite, std::to_string(i))
          .then([=](const std::string& x) { answers->push_back(x); });
  });
  this->settle();
  ASSERT_EQ(answers->size(), 20u);
  EXPECT_EQ(answers->back(), "did 19");
  EXPECT_EQ(this->flow_of(sink).queued(), 0u);
}

using flow_limits_death_test = flow_actor_test<on_scheduler>;

TEST_F(flow_limits_death_test, marks_in_the_wrong_order_abort) {
  auto x = this->make_counter(make_notes());
  auto& self =
      *static_cast<flow_actor*>(caf::actor_cast<caf::abstract_actor*>(x));
  EXPECT_DEATH(self.limit_mailbox({.high = 2, .low = 2}), "low < high <= cap");
  EXPECT_DEATH(self.limit_mailbox({.high = 20, .low = 2, .cap = 10}),
               "low < high <= cap");
}

} // namespace
} // namespace sluice::actors

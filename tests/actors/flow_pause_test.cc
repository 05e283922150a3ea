// What a flow-controlled actor does that is told to slow down, or that holds
// its mailbox by itself.

#include "tests/actors/flow_case.h"

#include <algorithm>

namespace sluice::actors::testing {
namespace {

/// Holds its mailbox with every negative number; 100 lets it go on.
template <class Self>
behavior edge(Self* self, mailbox_limits limits, notes log) {
  self->limit_mailbox(limits);
  return {
      [=](int x) {
        log->push_back(std::to_string(x));
        if (x < 0)
          self->hold_mailbox();
        else if (x == 100)
          self->release_mailbox();
      },
  };
}

template <class Place>
class flow_pause_test : public flow_case<Place> {
public:
  actor make_edge(const notes& log) {
    auto x = this->keep(Place::spawn(
        this->run, edge<typename Place::actor_type>, this->small, log));
    this->settle();
    return x;
  }
};
TYPED_TEST_SUITE(flow_pause_test, places);

// -- an actor that is told
// ------------------------------------------------------

TYPED_TEST(flow_pause_test, paused_actor_handles_nothing_until_it_is_released) {
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

TYPED_TEST(flow_pause_test, pause_lasts_until_all_sources_have_released) {
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

TYPED_TEST(flow_pause_test, urgent_messages_pass_a_pause) {
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

TYPED_TEST(flow_pause_test, more_urgent_messages_than_a_turn_pass_a_pause) {
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

TYPED_TEST(flow_pause_test, paused_actor_can_be_ended) {
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

TYPED_TEST(flow_pause_test, exit_that_came_before_the_pause_ends_it) {
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

TYPED_TEST(flow_pause_test, exit_that_is_handled_lets_the_pause_go_on) {
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

TYPED_TEST(flow_pause_test, actor_that_ends_while_paused_releases_its_senders) {
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

TYPED_TEST(flow_pause_test,
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

TYPED_TEST(flow_pause_test, pressure_goes_up_a_chain_to_its_first_sender) {
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

TYPED_TEST(flow_pause_test,
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

TYPED_TEST(flow_pause_test, actor_that_awaits_a_response_holds_nobody) {
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

TYPED_TEST(flow_pause_test, behavior_may_decide_for_itself) {
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

TYPED_TEST(flow_pause_test, signal_without_a_source_and_its_own_are_ignored) {
  auto log = this->make_notes();
  auto x = this->make_counter(log);
  this->tell(x, pressure::applied, x);
  runtime::send_signal(*caf::actor_cast<caf::strong_actor_ptr>(x),
                       {pressure::applied, nullptr, 0, 0}, nullptr);
  EXPECT_FALSE(this->flow_of(x).paused());
}

TYPED_TEST(flow_pause_test, overloaded_actor_obeys_a_mailbox_later) {
  auto log = this->make_notes();
  auto x = this->make_counter(log);
  auto source = this->make_probe(this->make_notes());
  this->send(source, x, 1, 9);
  ASSERT_TRUE(this->flow_of(x).overloaded());
  this->tell(x, pressure::applied, source);
  EXPECT_FALSE(this->flow_of(x).paused());
  this->settle();
  EXPECT_TRUE(this->flow_of(x).paused());
  EXPECT_LT(log->size(), 9u);
  EXPECT_FALSE(this->flow_of(x).overloaded());
}

TYPED_TEST(flow_pause_test, overloaded_actor_obeys_a_connection_at_once) {
  auto log = this->make_notes();
  auto x = this->make_counter(log);
  auto source = this->make_probe(this->make_notes());
  this->send(source, x, 1, 9);
  ASSERT_TRUE(this->flow_of(x).overloaded());
  this->tell(x, pressure::applied, source, true);
  EXPECT_TRUE(this->flow_of(x).paused());
  this->settle();
  EXPECT_EQ(*log, strings{});
  EXPECT_TRUE(this->flow_of(x).overloaded());
  this->tell(x, pressure::released, source, true);
  this->settle();
  EXPECT_EQ(log->size(), 9u);
}

TYPED_TEST(flow_pause_test, exit_without_a_reason_suspends_no_pause) {
  auto log = this->make_notes();
  auto x = this->make_counter(log);
  auto source = this->make_probe(this->make_notes());
  this->tell(x, pressure::applied, source);
  this->send(source, x, 1, 3);
  this->settle();
  caf::send_as(source, x, caf::exit_msg{source.address(), caf::error{}});
  this->settle();
  EXPECT_TRUE(this->flow_of(x).paused());
  EXPECT_EQ(*log, strings{});
  this->tell(x, pressure::released, source);
  this->settle();
  EXPECT_EQ(*log, (strings{"1", "2", "3"}));
  EXPECT_EQ(this->flow_of(x).queued(), 0u);
}

// -- an actor that holds its own mailbox
// ------------------------------------------------------

TYPED_TEST(flow_pause_test, mailbox_that_is_held_waits_for_an_urgent_message) {
  auto told = this->make_notes();
  auto log = this->make_notes();
  auto sender = this->make_probe(told);
  auto x = this->make_edge(log);
  this->send(sender, x, -1, -1);
  this->send(sender, x, 2, 9);
  this->settle();
  EXPECT_EQ(*log, strings{"-1"});
  EXPECT_TRUE(this->flow_of(x).paused());
  EXPECT_EQ(this->flow_of(x).held_by(), 1u);
  EXPECT_EQ(*told, strings{"applied"});
  caf::anon_send<caf::message_priority::high>(x, 100);
  this->settle();
  EXPECT_FALSE(this->flow_of(x).paused());
  EXPECT_EQ(*log,
            (strings{"-1", "100", "2", "3", "4", "5", "6", "7", "8", "9"}));
  EXPECT_EQ(*told, (strings{"applied", "released"}));
}

TYPED_TEST(flow_pause_test, mailbox_is_held_also_by_an_overloaded_actor) {
  auto log = this->make_notes();
  auto sender = this->make_probe(this->make_notes());
  auto x = this->make_edge(log);
  this->send(sender, x, 1, 4);
  this->send(sender, x, -1, -1);
  this->send(sender, x, 6, 12);
  ASSERT_TRUE(this->flow_of(x).overloaded());
  this->settle();
  EXPECT_EQ(log->back(), "-1");
  EXPECT_TRUE(this->flow_of(x).overloaded());
}

TYPED_TEST(flow_pause_test, held_mailbox_stays_so_when_others_release) {
  auto log = this->make_notes();
  auto sender = this->make_probe(this->make_notes());
  auto x = this->make_edge(log);
  this->send(sender, x, -1, -1);
  this->settle();
  this->tell(x, pressure::applied, sender);
  this->tell(x, pressure::released, sender);
  this->send(sender, x, 2, 2);
  this->settle();
  EXPECT_EQ(*log, strings{"-1"});
  this->tell(x, pressure::applied, sender);
  caf::anon_send<caf::message_priority::high>(x, 100);
  this->settle();
  EXPECT_EQ(*log, (strings{"-1", "100"}));
  this->tell(x, pressure::released, sender);
  this->settle();
  EXPECT_EQ(*log, (strings{"-1", "100", "2"}));
}

TYPED_TEST(flow_pause_test, actor_that_holds_its_mailbox_can_be_ended) {
  auto told = this->make_notes();
  auto sender = this->make_probe(told);
  auto log = this->make_notes();
  auto x = this->make_edge(log);
  this->send(sender, x, -1, -1);
  this->send(sender, x, 2, 9);
  this->settle();
  caf::anon_send_exit(x, caf::exit_reason::kill);
  this->settle();
  EXPECT_EQ(*log, strings{"-1"});
  EXPECT_EQ(*told, (strings{"applied", "released"}));
}

} // namespace
} // namespace sluice::actors::testing

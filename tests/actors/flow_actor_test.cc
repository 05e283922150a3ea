// A bounded mailbox, seen from both sides: what senders are told, and what does
// not fit.

#include "tests/actors/flow_case.h"

#include "runtime/error.h"

namespace sluice::actors::testing {
namespace {

template <class Place>
using flow_actor_test = flow_case<Place>;
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
} // namespace sluice::actors::testing

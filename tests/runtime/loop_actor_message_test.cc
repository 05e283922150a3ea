// What an actor does with ordinary messages. Every test runs on CAF's actor
// and on ours, see on_both_kinds.h; the exceptions say why.

#include "runtime/loop_actor.h"

#include "tests/runtime/on_both_kinds.h"

namespace sluice::runtime {
namespace {

constexpr auto urgent = caf::message_priority::high;

template <class Self>
using loop_actor_message_test = on_both_kinds<Self>;

TYPED_TEST_SUITE(loop_actor_message_test, actor_kinds, kind_names);

TYPED_TEST(loop_actor_message_test, nothing_runs_before_the_actor_has_a_turn) {
  auto a = this->spawn_kind([&](TypeParam*) -> behavior {
    this->note("made");
    return {[](int) {}};
  });
  EXPECT_EQ(this->noted(), lines{});
  this->settle();
  EXPECT_EQ(this->noted(), lines{"made"});
}

TYPED_TEST(loop_actor_message_test, messages_are_handled_in_order) {
  auto a = this->spawn_kind([&](TypeParam*) -> behavior {
    return {[&](int x) { this->note(to_string(x)); },
            [&](const std::string& x) { this->note(x); }};
  });
  anon_send(a, 1);
  anon_send(a, "two");
  anon_send(a, 3);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"1", "two", "3"}));
  anon_send(a, 4);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"4"});
}

TYPED_TEST(loop_actor_message_test, request_is_answered_with_the_result) {
  auto a = this->spawn_kind([](TypeParam*) -> behavior {
    return {[](int x) { return x + 1; },
            [](const std::string&) -> caf::result<int> {
              return caf::sec::invalid_argument;
            }};
  });
  this->ask(a, 41);
  this->ask(a, std::string{"?"});
  this->settle();
  EXPECT_EQ(this->noted(),
            (lines{"reply 42", "error system_error(invalid_argument)"}));
}

TYPED_TEST(loop_actor_message_test, result_of_a_plain_send_goes_to_the_sender) {
  auto a = this->spawn_kind([](TypeParam*) -> behavior {
    return {[](int x) { return std::to_string(x + 1); }};
  });
  this->sys.spawn([&](caf::event_based_actor* self) -> behavior {
    self->send(a, 41);
    return {[&](const std::string& x) { this->note(x); }};
  });
  this->settle();
  EXPECT_EQ(this->noted(), lines{"42"});
}

TYPED_TEST(loop_actor_message_test, sends_to_actors_of_both_kinds) {
  auto echo = [&](auto* self) -> behavior {
    return {[&, self](const std::string& x) {
      this->note(self->current_sender() ? x + " with sender" : x);
    }};
  };
  auto ordinary =
      this->sys.spawn([&](caf::event_based_actor* self) { return echo(self); });
  auto pinned =
      spawn_on(*this->loop, [&](loop_actor* self) { return echo(self); });
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int) {
              self->send(ordinary, "ordinary");
              self->send(pinned, "pinned");
              self->send(self, "self");
              anon_send(ordinary, "anonymous");
            },
            [&](const std::string& x) { this->note(x); }};
  });
  anon_send(a, 1);
  this->settle();
  auto seen = this->noted();
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (lines{"anonymous", "ordinary with sender",
                         "pinned with sender", "self"}));
}

// -- behaviors ----------------------------------------------------------------

TYPED_TEST(loop_actor_message_test, become_replaces_the_behavior) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int) {
      this->note("first");
      self->become([&](int) { this->note("second"); });
    }};
  });
  for (int i = 0; i < 3; ++i)
    anon_send(a, i);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"first", "second", "second"}));
}

TYPED_TEST(loop_actor_message_test, unbecome_goes_back_to_a_kept_behavior) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int) {
      this->note("first");
      self->become(caf::keep_behavior, [&, self](int) {
        this->note("second");
        self->unbecome();
      });
    }};
  });
  for (int i = 0; i < 4; ++i)
    anon_send(a, i);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"first", "second", "first", "second"}));
}

TYPED_TEST(loop_actor_message_test, unbecome_of_the_last_behavior_is_the_end) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[self](int) { self->unbecome(); }};
  });
  this->watch_end(a);
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"ended: none"});
}

TYPED_TEST(loop_actor_message_test, become_in_the_initializer_is_enough) {
  auto a = this->spawn_kind([&](TypeParam* self) {
    self->become([&](int) { this->note("handled"); });
  });
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"handled"});
}

TYPED_TEST(loop_actor_message_test, handler_outlives_its_own_replacement) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    auto held = std::make_shared<std::string>("still here");
    return {[&, self, held](int) {
      self->become([](int) {});
      this->note(*held);
    }};
  });
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"still here"});
}

// -- unexpected messages ------------------------------------------------------

TYPED_TEST(loop_actor_message_test, unexpected_request_is_answered_with_error) {
  auto a =
      this->spawn_kind([](TypeParam*) -> behavior { return {[](int) {}}; });
  testing::internal::CaptureStdout();
  this->ask(a, std::string{"what?"});
  this->settle();
  EXPECT_NE(testing::internal::GetCapturedStdout().find("unexpected message"),
            std::string::npos);
  EXPECT_EQ(this->noted(), lines{"error system_error(unexpected_message)"});
}

TYPED_TEST(loop_actor_message_test, unexpected_message_ends_its_sender) {
  auto a =
      this->spawn_kind([](TypeParam*) -> behavior { return {[](int) {}}; });
  auto sender = this->sys.spawn([&](caf::event_based_actor* self) -> behavior {
    return {[&, self](int) { self->send(a, "what?"); }};
  });
  this->watch_end(sender);
  testing::internal::CaptureStdout();
  anon_send(sender, 1);
  this->settle();
  testing::internal::GetCapturedStdout();
  EXPECT_EQ(this->noted(), lines{"ended: system_error(unexpected_message)"});
}

TYPED_TEST(loop_actor_message_test, default_handler_sees_what_does_not_match) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    this->set_default_handler(
        self, [&](caf::message_view& x) -> caf::result<caf::message> {
          this->note(x.content().stringify());
          return caf::make_message(7);
        });
    return {[&](int x) { this->note(to_string(x)); }};
  });
  anon_send(a, 1);
  this->ask(a, std::string{"what?"});
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"1", "(\"what?\")", "reply 7"}));
}

TYPED_TEST(loop_actor_message_test, default_handler_may_answer_with_an_error) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    this->set_default_handler(
        self, [](caf::message_view&) -> caf::result<caf::message> {
          return caf::sec::invalid_argument;
        });
    return {[](int) {}};
  });
  this->ask(a, std::string{"what?"});
  this->settle();
  EXPECT_EQ(this->noted(), lines{"error system_error(invalid_argument)"});
}

TYPED_TEST(loop_actor_message_test, default_handler_may_replace_itself) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    auto held = std::make_shared<std::string>("first");
    this->set_default_handler(
        self, [&, self, held](caf::message_view&) -> caf::result<caf::message> {
          this->set_default_handler(
              self, [&](caf::message_view&) -> caf::result<caf::message> {
                this->note("second");
                return caf::message{};
              });
          this->note(*held);
          return caf::message{};
        });
    return {[](int) {}};
  });
  for (int i = 0; i < 3; ++i)
    anon_send(a, "what?");
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"first", "second", "second"}));
}

// -- skipping -----------------------------------------------------------------

TYPED_TEST(loop_actor_message_test,
           skipped_messages_are_handled_in_order_later) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_default_handler(caf::skip);
    return {[&, self](int x) {
      this->note(to_string(x));
      self->become([&](const std::string& s) { this->note(s); });
    }};
  });
  anon_send(a, "a");
  anon_send(a, "b");
  this->settle();
  EXPECT_EQ(this->noted(), lines{});
  anon_send(a, 1);
  anon_send(a, "c");
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"1", "a", "b", "c"}));
}

TYPED_TEST(loop_actor_message_test, handler_may_skip_what_it_was_called_with) {
  auto a = this->spawn_kind([&](TypeParam*) -> behavior {
    auto open = std::make_shared<bool>(false);
    return {[&, open](int x) -> caf::result<int> {
              if (!*open)
                return caf::skip();
              this->note(to_string(x));
              return x;
            },
            [&, open](const std::string& x) {
              *open = x == "open";
              this->note(x);
            }};
  });
  this->ask(a, 1);
  this->ask(a, 2);
  this->settle();
  EXPECT_EQ(this->noted(), lines{});
  anon_send(a, "open");
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"open", "1", "2", "reply 1", "reply 2"}));
}

TYPED_TEST(loop_actor_message_test, message_may_be_skipped_many_times) {
  auto a = this->spawn_kind([&](TypeParam*) -> behavior {
    auto next = std::make_shared<int>(0);
    return {[&, next](int x) -> caf::result<void> {
      if (x != *next)
        return caf::skip();
      this->note(to_string(x));
      ++*next;
      return caf::unit;
    }};
  });
  for (int x : {5, 3, 4, 1, 0, 2})
    anon_send(a, x);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"0", "1", "2", "3", "4", "5"}));
}

TYPED_TEST(loop_actor_message_test, skipped_requests_are_bounced_at_the_end) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_default_handler(caf::skip);
    return {[self](int) { self->quit(); }};
  });
  this->ask(a, std::string{"skipped"});
  this->settle();
  EXPECT_EQ(this->noted(), lines{});
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"error system_error(request_receiver_down)"});
}

// -- urgent messages ----------------------------------------------------------

TYPED_TEST(loop_actor_message_test, urgent_messages_go_first) {
  auto a = this->spawn_kind([&](TypeParam*) -> behavior {
    return {[&](int x) { this->note(to_string(x)); }};
  });
  anon_send(a, 1);
  anon_send<urgent>(a, 101);
  anon_send(a, 2);
  anon_send<urgent>(a, 102);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"101", "102", "1", "2"}));
}

TYPED_TEST(loop_actor_message_test, urgent_message_overtakes_what_waits) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) {
      this->note(to_string(x));
      if (x == 1)
        self->template send<urgent>(self, 101);
    }};
  });
  for (int i = 1; i < 10; ++i)
    anon_send(a, i);
  this->settle();
  auto seen = this->noted();
  auto at = std::find(seen.begin(), seen.end(), "101") - seen.begin();
  EXPECT_LT(at, 5) << "CAF lets three ordinary ones of the round pass";
}

// CAF keeps a skipped urgent message until another urgent one was handled; so
// this is a test of ours only.
class loop_actor_urgent_test : public on_both_kinds<loop_actor> {};

TEST_F(loop_actor_urgent_test, skipped_urgent_message_is_tried_again_first) {
  auto a = spawn_kind([&](loop_actor* self) -> behavior {
    self->set_default_handler(caf::skip);
    return {[&, self](double) {
      self->become([&](int x) { note(to_string(x)); });
    }};
  });
  anon_send(a, 1);
  settle();
  anon_send<urgent>(a, 101);
  anon_send(a, 2);
  settle();
  anon_send(a, 0.5);
  settle();
  EXPECT_EQ(noted(), (lines{"101", "1", "2"}));
}

TEST_F(loop_actor_urgent_test, flood_of_urgent_messages_starves_nothing) {
  auto a = spawn_kind([&](loop_actor* self) -> behavior {
    return {[self](int) { self->send<urgent>(self, 1); },
            [&, self](const std::string& x) {
              note(x);
              self->quit();
            }};
  });
  anon_send<urgent>(a, 1);
  anon_send(a, "handled");
  for (int i = 0; i < 10 && log.empty(); ++i)
    loop->run_once(false);
  EXPECT_EQ(noted(), lines{"handled"});
}

// -- time ---------------------------------------------------------------------

TYPED_TEST(loop_actor_message_test, delayed_message_comes_at_its_time) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->delayed_send(self, 10ms, 1);
    return {[&](int x) { this->note(to_string(x)); }};
  });
  this->advance(9ms);
  EXPECT_EQ(this->noted(), lines{});
  this->advance(1ms);
  EXPECT_EQ(this->noted(), lines{"1"});
}

TYPED_TEST(loop_actor_message_test, after_fires_again_and_again) {
  auto a = this->spawn_kind([&](TypeParam*) -> behavior {
    return {[](int) {}, caf::after(10ms) >> [&] { this->note("idle"); }};
  });
  this->advance(9ms);
  EXPECT_EQ(this->noted(), lines{});
  this->advance(1ms);
  EXPECT_EQ(this->noted(), lines{"idle"});
  this->advance(10ms);
  EXPECT_EQ(this->noted(), lines{"idle"});
}

TYPED_TEST(loop_actor_message_test,
           after_counts_from_the_last_handled_message) {
  auto a = this->spawn_kind([&](TypeParam*) -> behavior {
    return {[](int) {}, caf::after(10ms) >> [&] { this->note("idle"); }};
  });
  this->advance(8ms);
  anon_send(a, 1);
  this->advance(8ms);
  EXPECT_EQ(this->noted(), lines{});
  this->advance(2ms);
  EXPECT_EQ(this->noted(), lines{"idle"});
}

TYPED_TEST(loop_actor_message_test, skipped_message_does_not_postpone_after) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_default_handler(caf::skip);
    return {[](int) {}, caf::after(10ms) >> [&] { this->note("idle"); }};
  });
  this->advance(8ms);
  anon_send(a, "skipped");
  this->advance(2ms);
  EXPECT_EQ(this->noted(), lines{"idle"});
}

TYPED_TEST(loop_actor_message_test, become_without_after_ends_the_timeouts) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[self](int) { self->become([](int) {}); },
            caf::after(10ms) >> [&] { this->note("idle"); }};
  });
  this->advance(5ms);
  anon_send(a, 1);
  this->advance(50ms);
  EXPECT_EQ(this->noted(), lines{});
}

TYPED_TEST(loop_actor_message_test, after_of_the_next_behavior_takes_over) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[](int) {}, caf::after(10ms) >>
                            [&, self] {
                              this->note("first");
                              self->become(caf::after(20ms) >>
                                           [&] { this->note("second"); });
                            }};
  });
  this->advance(10ms);
  EXPECT_EQ(this->noted(), lines{"first"});
  this->advance(19ms);
  EXPECT_EQ(this->noted(), lines{});
  this->advance(1ms);
  EXPECT_EQ(this->noted(), lines{"second"});
}

// CAF posts the timeout of `after(0)` but does not take it for its own.
class loop_actor_zero_timeout_test : public on_both_kinds<loop_actor> {};

TEST_F(loop_actor_zero_timeout_test, after_zero_fires_behind_what_waits) {
  auto a = spawn_kind([&](loop_actor* self) -> behavior {
    return {[&](int x) { note(to_string(x)); }, caf::after(0s) >>
                                                    [&, self] {
                                                      note("idle");
                                                      self->quit();
                                                    }};
  });
  anon_send(a, 1);
  settle();
  EXPECT_EQ(noted(), (lines{"1", "idle"}));
}

} // namespace
} // namespace sluice::runtime

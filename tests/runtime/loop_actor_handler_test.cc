// What an actor does with errors, exits, down messages and exceptions. Every
// test runs on CAF's actor and on ours, see on_both_kinds.h; those at the end
// are of ours only, since there the two differ on purpose.

#include "runtime/loop_actor.h"

#include "tests/runtime/on_both_kinds.h"

#include <stdexcept>

namespace sluice::runtime {
namespace {

template <class Self>
class loop_actor_handler_test : public on_both_kinds<Self> {
protected:
  caf::actor spawn_victim() {
    return this->sys.spawn([](caf::event_based_actor* self) -> behavior {
      return {[self](int) { self->quit(exit_reason::user_shutdown); }};
    });
  }
};

TYPED_TEST_SUITE(loop_actor_handler_test, actor_kinds, kind_names);

// -- exits --------------------------------------------------------------------

TYPED_TEST(loop_actor_handler_test, exit_with_a_reason_ends_the_actor) {
  auto a =
      this->spawn_kind([](TypeParam*) -> behavior { return {[](int) {}}; });
  this->watch_end(a);
  anon_send_exit(a, exit_reason::user_shutdown);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"ended: exit_reason(user_shutdown)"});
}

TYPED_TEST(loop_actor_handler_test, normal_exit_ends_nobody) {
  auto a = this->spawn_kind([&](TypeParam*) -> behavior {
    return {[&](int x) { this->note(to_string(x)); }};
  });
  anon_send_exit(a, exit_reason::normal);
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"1"});
}

TYPED_TEST(loop_actor_handler_test, exit_handler_decides) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_exit_handler(
        [&](caf::exit_msg& x) { this->note(this->text(x.reason)); });
    return {[&](int x) { this->note(to_string(x)); }};
  });
  anon_send_exit(a, exit_reason::user_shutdown);
  anon_send_exit(a, exit_reason::normal);
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"exit_reason(user_shutdown)", "none", "1"}));
}

TYPED_TEST(loop_actor_handler_test, kill_cannot_be_trapped) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_exit_handler([&](caf::exit_msg&) { this->note("trapped"); });
    return {[](int) {}};
  });
  this->watch_end(a);
  anon_send_exit(a, exit_reason::kill);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"ended: exit_reason(kill)"});
}

TYPED_TEST(loop_actor_handler_test, exit_handler_may_replace_itself) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    auto held = std::make_shared<std::string>("first");
    self->set_exit_handler([&, self, held](caf::exit_msg&) {
      self->set_exit_handler([&](caf::exit_msg&) { this->note("second"); });
      this->note(*held);
    });
    return {[](int) {}};
  });
  for (int i = 0; i < 3; ++i)
    anon_send_exit(a, exit_reason::user_shutdown);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"first", "second", "second"}));
}

TYPED_TEST(loop_actor_handler_test, empty_exit_handler_is_the_default_again) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_exit_handler([](caf::exit_msg&) {});
    return {[self](int) {
      self->set_exit_handler(typename TypeParam::exit_handler{});
    }};
  });
  this->watch_end(a);
  anon_send_exit(a, exit_reason::user_shutdown);
  this->settle();
  EXPECT_EQ(this->noted(), lines{});
  anon_send(a, 1);
  anon_send_exit(a, exit_reason::user_shutdown);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"ended: exit_reason(user_shutdown)"});
}

TYPED_TEST(loop_actor_handler_test, first_quit_names_the_reason) {
  auto a = this->spawn_kind([](TypeParam* self) -> behavior {
    return {[self](int) {
      self->quit(exit_reason::user_shutdown);
      self->quit(exit_reason::kill);
      self->become([](int) {}); // too late
    }};
  });
  this->watch_end(a);
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"ended: exit_reason(user_shutdown)"});
}

// -- links and monitors -------------------------------------------------------

TYPED_TEST(loop_actor_handler_test, link_ends_the_other_side_both_ways) {
  for (bool first : {true, false}) {
    auto other = this->spawn_victim();
    auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
      self->link_to(other);
      return {[self](int) { self->quit(exit_reason::user_shutdown); }};
    });
    this->settle();
    this->watch_end(a);
    this->watch_end(other);
    anon_send(first ? a : other, 1);
    this->settle();
    EXPECT_EQ(this->noted(), (lines{"ended: exit_reason(user_shutdown)",
                                    "ended: exit_reason(user_shutdown)"}));
  }
}

TYPED_TEST(loop_actor_handler_test, unlinked_actors_end_on_their_own) {
  auto other = this->spawn_victim();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->link_to(other);
    return {[&, self](int) { self->unlink_from(other); }};
  });
  this->settle();
  this->watch_end(a);
  anon_send(a, 1);
  this->settle();
  anon_send(other, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{});
}

TYPED_TEST(loop_actor_handler_test, link_to_the_dead_ends_the_actor) {
  auto other = this->spawn_victim();
  anon_send(other, 1);
  this->settle();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->link_to(other);
    return {[](int) {}};
  });
  this->watch_end(a);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"ended: exit_reason(user_shutdown)"});
}

TYPED_TEST(loop_actor_handler_test, monitor_tells_who_and_why) {
  auto other = this->spawn_victim();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_down_handler([&](caf::down_msg& x) {
      this->note((x.source == other ? "other: " : "?") + this->text(x.reason));
    });
    self->monitor(other);
    return {[](int) {}};
  });
  this->settle();
  anon_send(other, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"other: exit_reason(user_shutdown)"});
}

TYPED_TEST(loop_actor_handler_test, monitor_of_the_dead_tells_at_once) {
  auto other = this->spawn_victim();
  anon_send(other, 1);
  this->settle();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_down_handler(
        [&](caf::down_msg& x) { this->note(this->text(x.reason)); });
    self->monitor(other);
    return {[](int) {}};
  });
  this->settle();
  EXPECT_EQ(this->noted(), lines{"exit_reason(user_shutdown)"});
}

TYPED_TEST(loop_actor_handler_test, demonitor_ends_the_interest) {
  auto other = this->spawn_victim();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_down_handler([&](caf::down_msg&) { this->note("down"); });
    self->monitor(other);
    return {[&, self](int) { self->demonitor(other); }};
  });
  anon_send(a, 1);
  this->settle();
  anon_send(other, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{});
}

TYPED_TEST(loop_actor_handler_test, is_monitored_by_an_ordinary_actor) {
  auto a = this->spawn_kind([](TypeParam* self) -> behavior {
    return {[self](int) { self->quit(exit_reason::user_shutdown); }};
  });
  auto observer =
      this->sys.spawn([&](caf::event_based_actor* self) -> behavior {
        self->set_down_handler([&](caf::down_msg& x) {
          this->note((x.source == a ? "a: " : "?") + this->text(x.reason));
        });
        self->monitor(a);
        return {[](int) {}};
      });
  this->settle();
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"a: exit_reason(user_shutdown)"});
}

TYPED_TEST(loop_actor_handler_test, unhandled_down_message_is_printed) {
  auto other = this->spawn_victim();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->monitor(other);
    return {[&](int x) { this->note(to_string(x)); }};
  });
  this->settle();
  testing::internal::CaptureStdout();
  anon_send(other, 1);
  this->settle();
  EXPECT_NE(testing::internal::GetCapturedStdout().find("unhandled down"),
            std::string::npos);
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"1"});
}

TYPED_TEST(loop_actor_handler_test, down_handler_may_replace_itself) {
  auto first = this->spawn_victim();
  auto second = this->spawn_victim();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    auto held = std::make_shared<std::string>("first");
    self->set_down_handler([&, self, held](caf::down_msg&) {
      self->set_down_handler([&](caf::down_msg&) { this->note("second"); });
      this->note(*held);
    });
    self->monitor(first);
    self->monitor(second);
    return {[](int) {}};
  });
  this->settle();
  anon_send(first, 1);
  anon_send(second, 1);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"first", "second"}));
}

// -- errors -------------------------------------------------------------------

TYPED_TEST(loop_actor_handler_test, error_message_ends_the_actor) {
  auto a =
      this->spawn_kind([](TypeParam*) -> behavior { return {[](int) {}}; });
  this->watch_end(a);
  anon_send(a, caf::make_error(caf::sec::invalid_argument));
  this->settle();
  EXPECT_EQ(this->noted(), lines{"ended: system_error(invalid_argument)"});
}

TYPED_TEST(loop_actor_handler_test, error_handler_decides) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    auto held = std::make_shared<std::string>("first ");
    self->set_error_handler([&, self, held](caf::error& x) {
      self->set_error_handler(
          [&](caf::error& y) { this->note("second " + this->text(y)); });
      this->note(*held + this->text(x));
    });
    return {[](int) {}};
  });
  anon_send(a, caf::make_error(caf::sec::invalid_argument));
  anon_send(a, caf::make_error(caf::sec::request_timeout));
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"first system_error(invalid_argument)",
                                  "second system_error(request_timeout)"}));
}

// -- exceptions ---------------------------------------------------------------

TYPED_TEST(loop_actor_handler_test, exception_handler_names_the_reason) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_exception_handler([&](std::exception_ptr& x) -> caf::error {
      try {
        std::rethrow_exception(x);
      } catch (const std::exception& e) {
        this->note(e.what());
      }
      return caf::sec::invalid_argument;
    });
    return {[](int) { throw std::runtime_error("oops"); }};
  });
  this->watch_end(a);
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(),
            (lines{"oops", "ended: system_error(invalid_argument)"}));
}

TYPED_TEST(loop_actor_handler_test,
           requester_hears_the_reason_of_an_exception) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_exception_handler([](std::exception_ptr&) -> caf::error {
      return caf::sec::invalid_argument;
    });
    return {[](int) -> int { throw std::runtime_error("oops"); }};
  });
  this->ask(a, 1);
  this->ask(a, 2);
  this->settle();
  auto seen = this->noted();
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (lines{"error system_error(invalid_argument)",
                         "error system_error(request_receiver_down)"}));
}

TYPED_TEST(loop_actor_handler_test, exception_in_a_response_handler) {
  auto server = this->sys.spawn([](caf::event_based_actor*) -> behavior {
    return {[](int x) { return x; }};
  });
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_exception_handler([](std::exception_ptr&) -> caf::error {
      return caf::sec::invalid_argument;
    });
    return {[&, self](int x) {
      self->request(server, caf::infinite, x).then([](int) {
        throw std::runtime_error("oops");
      });
    }};
  });
  this->watch_end(a);
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"ended: system_error(invalid_argument)"});
}

// -- ours ---------------------------------------------------------------------

class loop_actor_exception_test : public on_both_kinds<loop_actor> {};

TEST_F(loop_actor_exception_test, reason_names_what_was_thrown) {
  auto a = spawn_kind([](loop_actor*) -> behavior {
    return {[](int) -> int { throw std::runtime_error("oops"); }};
  });
  watch_end(a);
  ask(a, 1);
  settle();
  auto seen = noted();
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (lines{"ended: a handler threw: oops",
                         "error a handler threw: oops"}));
}

TEST_F(loop_actor_exception_test, something_else_than_an_exception_is_thrown) {
  auto a = spawn_kind(
      [](loop_actor*) -> behavior { return {[](int) { throw 42; }}; });
  watch_end(a);
  anon_send(a, 1);
  settle();
  EXPECT_EQ(
      noted(),
      lines{"ended: a handler threw something that is no std::exception"});
}

TEST_F(loop_actor_exception_test, exception_handler_that_throws) {
  auto a = spawn_kind([](loop_actor* self) -> behavior {
    self->set_exception_handler([](std::exception_ptr&) -> caf::error {
      throw std::runtime_error("again");
    });
    return {[](int) { throw std::runtime_error("oops"); }};
  });
  watch_end(a);
  anon_send(a, 1);
  settle();
  EXPECT_EQ(noted(), lines{"ended: a handler threw: again"});
}

TEST_F(loop_actor_exception_test, nobody_else_notices) {
  auto bad = spawn_kind([](loop_actor*) -> behavior {
    return {[](int) { throw std::runtime_error("oops"); }};
  });
  auto good = spawn_kind([&](loop_actor*) -> behavior {
    return {[&](int x) { note(to_string(x)); }};
  });
  anon_send(bad, 1);
  anon_send(good, 1);
  settle();
  anon_send(good, 2);
  settle();
  EXPECT_EQ(noted(), (lines{"1", "2"}));
}

} // namespace
} // namespace sluice::runtime

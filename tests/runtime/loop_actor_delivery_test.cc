// In-place delivery: an event of the loop is handed to the behavior without a
// mailbox.

#include "runtime/byte_slice.h"
#include "runtime/loop_actor.h"
#include "tests/runtime/on_both_kinds.h"

#include <stdexcept>
#include <thread>
#include <utility>

namespace sluice::runtime {
namespace {

struct arrived {
  int number = 0;
  byte_slice bytes{};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, arrived& x) {
  return f(x.number, x.bytes);
}

/// Opens what only the loop may use.
struct receiver : loop_actor {
  using loop_actor::in_handler;
  using loop_actor::loop_actor;
  using loop_actor::run;
};

class loop_actor_delivery_test : public on_both_kinds<loop_actor> {
protected:
  template <class F>
  receiver* spawn_receiver(F f) {
    caf::actor_config cfg{loop.get()};
    cfg.init_fun = make_init_function<receiver>(std::move(f));
    handle = sys.spawn_impl<receiver, caf::no_spawn_options>(cfg, *loop);
    auto raw = caf::actor_cast<caf::abstract_actor*>(handle);
    return static_cast<receiver*>(raw);
  }

  /// Notes the numbers of the events.
  receiver* spawn_noting() {
    return spawn_receiver([this](receiver*) -> behavior {
      return {[this](const arrived& x) { note(to_string(x.number)); },
              [this](int x) { note("mail " + to_string(x)); }};
    });
  }

  static delivery deliver(receiver* to, int number) {
    arrived event{number};
    return to->deliver(event);
  }

  caf::actor handle;
};

TEST_F(loop_actor_delivery_test, event_is_handled_before_deliver_returns) {
  auto a = spawn_noting();
  settle();
  EXPECT_EQ(deliver(a, 1), delivery::handled);
  EXPECT_EQ(noted(), lines{"1"});
  EXPECT_FALSE(loop->has_ready()) << "nothing went through the mailbox";
}

TEST_F(loop_actor_delivery_test, event_may_come_before_the_first_turn) {
  auto a = spawn_noting();
  EXPECT_EQ(deliver(a, 1), delivery::handled);
  EXPECT_EQ(noted(), lines{"1"});
  anon_send(handle, 2);
  settle();
  EXPECT_EQ(noted(), lines{"mail 2"});
}

TEST_F(loop_actor_delivery_test, event_that_nobody_knows_is_dropped_silently) {
  auto a = spawn_receiver([](receiver*) -> behavior { return {[](int) {}}; });
  testing::internal::CaptureStdout();
  EXPECT_EQ(deliver(a, 1), delivery::unhandled);
  settle();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_FALSE(a->in_handler());
}

TEST_F(loop_actor_delivery_test, default_handler_does_not_see_events) {
  auto a = spawn_receiver([this](receiver* self) -> behavior {
    self->set_default_handler(
        [this](caf::message_view&) -> caf::result<caf::message> {
          note("?");
          return caf::message{};
        });
    return {[](int) {}};
  });
  EXPECT_EQ(deliver(a, 1), delivery::unhandled);
  EXPECT_EQ(noted(), lines{});
}

TEST_F(loop_actor_delivery_test, handler_by_reference_changes_the_event) {
  auto a = spawn_receiver(
      [](receiver*) -> behavior { return {[](arrived& x) { ++x.number; }}; });
  arrived event{1};
  EXPECT_EQ(a->deliver(event), delivery::handled);
  EXPECT_EQ(event.number, 2);
}

TEST_F(loop_actor_delivery_test, handler_by_const_reference_gets_the_event) {
  const arrived* seen = nullptr;
  auto a = spawn_receiver([&](receiver*) -> behavior {
    return {[&](const arrived& x) { seen = &x; }};
  });
  arrived event{1};
  EXPECT_EQ(a->deliver(event), delivery::handled);
  EXPECT_EQ(seen, &event);
}

TEST_F(loop_actor_delivery_test, handler_by_value_leaves_the_event_alone) {
  auto a = spawn_receiver([](receiver*) -> behavior {
    return {[](arrived x) {
      x.number = 99;
      x.bytes = {};
    }};
  });
  arrived event{1, byte_slice::copy("abc")};
  EXPECT_EQ(a->deliver(event), delivery::handled);
  EXPECT_EQ(event.number, 1);
  EXPECT_EQ(event.bytes.view(), "abc");
}

TEST_F(loop_actor_delivery_test, bytes_that_a_handler_keeps_are_shared) {
  byte_slice kept;
  auto a = spawn_receiver([&](receiver*) -> behavior {
    return {[&](const arrived& x) { kept = x.bytes; }};
  });
  arrived event{1, byte_slice::copy("abc")};
  a->deliver(event);
  EXPECT_EQ(kept.data(), event.bytes.data());
}

TEST_F(loop_actor_delivery_test, nobody_sent_an_event_and_nobody_is_answered) {
  auto a = spawn_receiver([this](receiver* self) -> behavior {
    return {[this, self](const arrived& x) {
              EXPECT_FALSE(self->current_sender());
              EXPECT_FALSE(self->make_response_promise().pending());
              EXPECT_TRUE(self->current_mailbox_element()->content().empty());
              note(self->current_message_id().is_async() ? "fresh" : "old");
              self->delegate(handle, x.number); // the message is answered now
              return x.number;
            },
            [this](int x) { note("mail " + to_string(x)); }};
  });
  EXPECT_EQ(deliver(a, 1), delivery::handled);
  EXPECT_EQ(deliver(a, 2), delivery::handled);
  settle();
  EXPECT_EQ(noted(), (lines{"fresh", "fresh", "mail 1", "mail 2"}));
}

TEST_F(loop_actor_delivery_test, handler_may_deliver_to_another_actor) {
  auto inner = spawn_noting();
  auto keep = std::exchange(handle, nullptr);
  auto outer = spawn_receiver([&](receiver* self) -> behavior {
    return {[&, self](const arrived& x) {
      EXPECT_EQ(deliver(inner, x.number + 1), delivery::handled);
      EXPECT_TRUE(self->in_handler());
      EXPECT_FALSE(self->current_sender());
    }};
  });
  EXPECT_EQ(deliver(outer, 1), delivery::handled);
  EXPECT_EQ(noted(), lines{"2"});
}

// -- together with the mailbox ------------------------------------------------

TEST_F(loop_actor_delivery_test, event_goes_before_what_is_in_the_mailbox) {
  auto a = spawn_noting();
  settle();
  anon_send(handle, 1);
  EXPECT_EQ(deliver(a, 2), delivery::handled);
  settle();
  EXPECT_EQ(deliver(a, 3), delivery::handled);
  EXPECT_EQ(noted(), (lines{"2", "mail 1", "3"}));
}

TEST_F(loop_actor_delivery_test, event_may_change_the_behavior) {
  auto a = spawn_receiver([this](receiver* self) -> behavior {
    return {[this, self](const arrived& x) {
      note("first " + to_string(x.number));
      self->become(
          [this](const arrived& y) { note("second " + to_string(y.number)); });
    }};
  });
  for (int i : {1, 2, 3})
    EXPECT_EQ(deliver(a, i), delivery::handled);
  EXPECT_EQ(noted(), (lines{"first 1", "second 2", "second 3"}));
}

TEST_F(loop_actor_delivery_test, skipped_mail_is_tried_again_after_an_event) {
  auto a = spawn_receiver([this](receiver* self) -> behavior {
    self->set_default_handler(caf::skip);
    return {[this, self](const arrived&) {
      self->become([this](int x) { note("mail " + to_string(x)); });
    }};
  });
  anon_send(handle, 1);
  anon_send(handle, 2);
  settle();
  EXPECT_EQ(deliver(a, 1), delivery::handled);
  EXPECT_EQ(noted(), lines{}) << "in the actor's own turn";
  settle();
  EXPECT_EQ(noted(), (lines{"mail 1", "mail 2"}));
}

TEST_F(loop_actor_delivery_test, event_is_kept_while_a_response_is_awaited) {
  caf::response_promise open;
  auto server = sys.spawn([&](caf::event_based_actor* self) -> behavior {
    return {[&, self](int) { return open = self->make_response_promise(); }};
  });
  auto a = spawn_receiver([&](receiver* self) -> behavior {
    return {[&, self](int x) {
              self->request(server, caf::infinite, x).await([&](int y) {
                note("awaited " + to_string(y));
              });
            },
            [&](arrived& x) {
              note(to_string(x.number) + " " + x.bytes.str());
              x.number = 0;
            },
            [&](const std::string& x) { note(x); }};
  });
  anon_send(handle, 1);
  settle();
  arrived event{7, byte_slice::copy("abc")};
  EXPECT_EQ(a->deliver(event), delivery::skipped);
  event.number = 8; // the actor has its own copy by now
  event.bytes = byte_slice::copy("xyz");
  anon_send(handle, "mail");
  EXPECT_EQ(a->deliver(event), delivery::skipped);
  settle();
  EXPECT_EQ(noted(), lines{});
  open.deliver(1);
  settle();
  EXPECT_EQ(noted(), (lines{"awaited 1", "7 abc", "8 xyz", "mail"}));
  EXPECT_EQ(event.number, 8);
}

TEST_F(loop_actor_delivery_test, handler_may_skip_an_event) {
  auto a = spawn_receiver([this](receiver*) -> behavior {
    auto open = std::make_shared<bool>(false);
    return {[this, open](const arrived& x) -> caf::result<void> {
              if (!*open)
                return caf::skip();
              note(to_string(x.number));
              return caf::unit;
            },
            [open](int) { *open = true; }};
  });
  EXPECT_EQ(deliver(a, 1), delivery::skipped);
  EXPECT_EQ(deliver(a, 2), delivery::skipped);
  anon_send(handle, 0);
  settle();
  EXPECT_EQ(noted(), (lines{"1", "2"}));
}

TEST_F(loop_actor_delivery_test, event_postpones_after) {
  auto a = spawn_receiver([this](receiver*) -> behavior {
    return {[](const arrived&) {},
            caf::after(10ms) >> [this] { note("idle"); }};
  });
  advance(8ms);
  deliver(a, 1);
  advance(8ms);
  EXPECT_EQ(noted(), lines{});
  advance(2ms);
  EXPECT_EQ(noted(), lines{"idle"});
}

// -- the end ------------------------------------------------------------------

TEST_F(loop_actor_delivery_test, event_that_ends_the_actor) {
  auto a = spawn_receiver([](receiver* self) -> behavior {
    return {[self](const arrived&) { self->quit(exit_reason::user_shutdown); },
            [](int x) { return x; }};
  });
  settle();
  watch_end(handle);
  ask(handle, 1);
  EXPECT_EQ(deliver(a, 1), delivery::terminated);
  EXPECT_EQ(deliver(a, 2), delivery::terminated);
  settle();
  EXPECT_EQ(noted(), (lines{"ended: exit_reason(user_shutdown)",
                            "error system_error(request_receiver_down)"}));
  EXPECT_EQ(loop->residents(), 0u);
}

TEST_F(loop_actor_delivery_test, actor_that_ends_before_its_first_turn) {
  auto a = spawn_receiver([](receiver* self) -> behavior {
    return {[self](const arrived&) { self->quit(); }};
  });
  EXPECT_EQ(deliver(a, 1), delivery::terminated);
  EXPECT_EQ(loop->residents(), 1u) << "a run is due, the loop must wait for it";
  settle();
  EXPECT_EQ(loop->residents(), 0u);
}

TEST_F(loop_actor_delivery_test, event_for_an_actor_that_cannot_start) {
  auto a = spawn_receiver([](receiver*) {});
  EXPECT_EQ(deliver(a, 1), delivery::terminated);
}

TEST_F(loop_actor_delivery_test, exception_in_a_handler_ends_the_actor) {
  auto a = spawn_receiver([](receiver*) -> behavior {
    return {[](const arrived&) { throw std::runtime_error("oops"); }};
  });
  watch_end(handle);
  EXPECT_EQ(deliver(a, 1), delivery::terminated);
  EXPECT_EQ(noted(), lines{"ended: a handler threw: oops"});
  EXPECT_FALSE(a->in_handler());
}

TEST_F(loop_actor_delivery_test, handler_that_skips_and_quits_ends_the_actor) {
  auto a = spawn_receiver([](receiver* self) -> behavior {
    return {[self](const arrived&) -> caf::result<void> {
      self->quit();
      return caf::skip();
    }};
  });
  watch_end(handle);
  EXPECT_EQ(deliver(a, 1), delivery::terminated);
  EXPECT_EQ(noted(), lines{"ended: none"});
}

TEST_F(loop_actor_delivery_test, actor_is_kept_by_the_callers_reference) {
  auto a = spawn_receiver([this](receiver*) -> behavior {
    return {[this](const arrived&) { handle = nullptr; }};
  });
  settle();
  {
    auto guard = caf::actor_cast<caf::strong_actor_ptr>(handle);
    EXPECT_EQ(deliver(a, 1), delivery::handled);
    EXPECT_EQ(guard->id(), a->id());
    EXPECT_EQ(loop->residents(), 1u);
  }
  EXPECT_EQ(loop->residents(), 0u);
}

// -- callbacks of timers and descriptors --------------------------------------

TEST_F(loop_actor_delivery_test, callback_runs_like_a_handler) {
  auto a = spawn_noting();
  watch_end(handle);
  EXPECT_TRUE(a->run([&] { note(a->in_handler() ? "inside" : "?"); }));
  EXPECT_FALSE(a->in_handler());
  EXPECT_FALSE(a->run([&] { throw std::runtime_error("oops"); }));
  EXPECT_EQ(noted(), (lines{"inside", "ended: a handler threw: oops"}));
  EXPECT_FALSE(a->run([&] { note("?"); }));
  EXPECT_EQ(noted(), lines{});
}

TEST_F(loop_actor_delivery_test, callback_inside_of_a_handler_just_runs) {
  auto a = spawn_receiver([this](receiver* self) -> behavior {
    return {[this, self](const arrived&) {
      EXPECT_TRUE(self->run([&] { note("inside"); }));
      EXPECT_TRUE(self->in_handler());
    }};
  });
  EXPECT_EQ(deliver(a, 1), delivery::handled);
  EXPECT_EQ(noted(), lines{"inside"});
}

using loop_actor_delivery_death_test = loop_actor_delivery_test;

TEST_F(loop_actor_delivery_death_test, delivery_inside_of_a_handler_is_a_bug) {
  auto a = spawn_receiver([](receiver* self) -> behavior {
    return {[self](arrived& x) { self->deliver(x); }};
  });
  EXPECT_DEATH(deliver(a, 1), "delivered from inside a handler");
}

TEST_F(loop_actor_delivery_death_test, delivery_outside_of_the_loop_is_a_bug) {
  auto a = spawn_noting();
  EXPECT_DEATH(
      {
        std::thread other{[&] { deliver(a, 1); }};
        other.join();
      },
      "runs outside of its loop");
}

} // namespace
} // namespace sluice::runtime

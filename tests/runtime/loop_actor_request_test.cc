// Requests to and from an actor. Every test runs on CAF's actor and on ours,
// see on_both_kinds.h.

#include "runtime/loop_actor.h"

#include "tests/runtime/on_both_kinds.h"

#include <caf/response_promise.hpp>
#include <caf/typed_response_promise.hpp>

namespace sluice::runtime {
namespace {

using caf::infinite;

template <class Self>
class loop_actor_request_test : public on_both_kinds<Self> {
protected:
  caf::actor spawn_server() {
    return this->sys.spawn([](caf::event_based_actor* self) -> behavior {
      return {[](int x) { return x + 1; },
              [](const std::string&) -> caf::result<int> {
                return caf::sec::invalid_argument;
              },
              [self](double) {
                self->quit();
                return 0;
              }};
    });
  }

  /// Answers its requests when it gets a string, the last one first.
  caf::actor spawn_stack() {
    return this->sys.spawn([](caf::event_based_actor* self) -> behavior {
      auto open = std::make_shared<std::vector<caf::response_promise>>();
      return {[=](int) {
                open->push_back(self->make_response_promise());
                return open->back();
              },
              [=](const std::string&) {
                while (!open->empty()) {
                  open->back().deliver(static_cast<int>(open->size()));
                  open->pop_back();
                }
              }};
    });
  }
};

TYPED_TEST_SUITE(loop_actor_request_test, actor_kinds, kind_names);

TYPED_TEST(loop_actor_request_test, response_is_handled_by_then) {
  auto server = this->spawn_server();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) {
      self->request(server, infinite, x).then([&](int y) {
        this->note(to_string(y));
      });
    }};
  });
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"2"});
}

TYPED_TEST(loop_actor_request_test, error_response_goes_to_the_error_handler) {
  auto server = this->spawn_server();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int) {
      self->request(server, infinite, "?")
          .then([&](int) { this->note("?"); },
                [&](caf::error& x) { this->note(this->text(x)); });
    }};
  });
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"system_error(invalid_argument)"});
}

TYPED_TEST(loop_actor_request_test, error_without_a_handler_ends_the_actor) {
  auto server = this->spawn_server();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int) {
      self->request(server, infinite, "?").then([&](int) { this->note("?"); });
    }};
  });
  this->watch_end(a);
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"ended: system_error(invalid_argument)"});
}

TYPED_TEST(loop_actor_request_test, response_of_another_type_is_an_error) {
  auto server = this->spawn_server();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) {
      self->request(server, infinite, x)
          .then([&](const std::string&) { this->note("?"); },
                [&](caf::error& e) {
                  this->note(e == caf::sec::unexpected_response ? "unexpected"
                                                                : "?");
                });
      self->request(server, infinite, x)
          .await([&](const std::string&) { this->note("?"); },
                 [&](caf::error& e) {
                   this->note(e == caf::sec::unexpected_response ? "unexpected"
                                                                 : "?");
                 });
    }};
  });
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"unexpected", "unexpected"}));
}

TYPED_TEST(loop_actor_request_test, messages_are_handled_while_then_waits) {
  auto server = this->spawn_stack();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) {
      this->note(to_string(x));
      self->request(server, infinite, x).then([&, x](int y) {
        this->note(to_string(x) + " got " + to_string(y));
      });
    }};
  });
  for (int x : {10, 20, 30})
    anon_send(a, x);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"10", "20", "30"}));
  anon_send(server, "answer");
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"30 got 3", "20 got 2", "10 got 1"}));
}

TYPED_TEST(loop_actor_request_test, messages_wait_while_await_waits) {
  auto server = this->spawn_stack();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) {
              self->request(server, infinite, x).await([&](int y) {
                this->note("got " + to_string(y));
              });
            },
            [&](const std::string& x) { this->note(x); }};
  });
  anon_send(a, "before");
  anon_send(a, 1);
  anon_send(a, "first");
  this->settle();
  anon_send(a, "second");
  this->settle();
  EXPECT_EQ(this->noted(), lines{"before"});
  anon_send(server, "answer");
  this->settle();
  anon_send(a, "last");
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"got 1", "first", "second", "last"}));
}

TYPED_TEST(loop_actor_request_test, last_await_is_the_first_that_is_handled) {
  auto server = this->spawn_server();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int) {
      for (int x : {10, 20, 30})
        self->request(server, infinite, x).await([&](int y) {
          this->note(to_string(y));
        });
    }};
  });
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"31", "21", "11"}));
}

TYPED_TEST(loop_actor_request_test, await_holds_up_responses_and_exits_too) {
  auto server = this->spawn_server();
  auto stack = this->spawn_stack();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_exit_handler([&](caf::exit_msg&) { this->note("exit"); });
    return {[&, self](int) {
      self->request(server, infinite, 1).then([&](int) { this->note("then"); });
      self->request(stack, infinite, 1).await([&](int) {
        this->note("await");
      });
    }};
  });
  anon_send(a, 1);
  this->settle();
  caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
  this->settle();
  EXPECT_EQ(this->noted(), lines{});
  anon_send(stack, "answer");
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"await", "then", "exit"}));
}

TYPED_TEST(loop_actor_request_test, await_within_await) {
  auto server = this->spawn_server();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) {
              self->request(server, infinite, x).await([&, self](int y) {
                this->note(to_string(y));
                self->request(server, infinite, y).await([&](int z) {
                  this->note(to_string(z));
                });
              });
            },
            [&](const std::string& x) { this->note(x); }};
  });
  anon_send(a, 1);
  anon_send(a, "then");
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"2", "3", "then"}));
}

TYPED_TEST(loop_actor_request_test, urgent_request_gets_its_response) {
  auto server = this->spawn_server();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) {
      self->template request<caf::message_priority::high>(server, infinite, x)
          .then([&](int y) { this->note(to_string(y)); });
      self->template request<caf::message_priority::high>(server, infinite, x)
          .await([&](int y) { this->note(to_string(y)); });
    }};
  });
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"2", "2"}));
}

// -- timeouts and the dead ----------------------------------------------------

TYPED_TEST(loop_actor_request_test, timeout_is_an_error_and_late_is_dropped) {
  auto stack = this->spawn_stack();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_default_handler(caf::skip);
    return {[&, self](int x) {
      auto ok = [&](int) { this->note("?"); };
      auto bad = [&](caf::error& e) { this->note(this->text(e)); };
      if (x == 1)
        self->request(stack, 10ms, x).then(ok, bad);
      else
        self->request(stack, 10ms, x).await(ok, bad);
    }};
  });
  for (int x : {1, 2}) {
    anon_send(a, x);
    this->advance(9ms);
    EXPECT_EQ(this->noted(), lines{});
    this->advance(1ms);
    EXPECT_EQ(this->noted(), lines{"system_error(request_timeout)"});
  }
  anon_send(stack, "answer");
  this->settle();
  EXPECT_EQ(this->noted(), lines{});
}

TYPED_TEST(loop_actor_request_test, late_response_does_not_postpone_after) {
  auto stack = this->spawn_stack();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) {
              self->request(stack, 1ms, x).then([](int) {}, [](caf::error&) {});
            },
            caf::after(20ms) >> [&] { this->note("idle"); }};
  });
  anon_send(a, 1);
  this->advance(1ms);
  this->advance(18ms);
  anon_send(stack, "answer");
  this->advance(1ms);
  EXPECT_EQ(this->noted(), lines{});
  this->advance(1ms);
  EXPECT_EQ(this->noted(), lines{"idle"});
}

TYPED_TEST(loop_actor_request_test, request_to_the_dead_is_bounced) {
  auto dead_peer = this->spawn_server();
  caf::anon_send_exit(dead_peer, caf::exit_reason::kill);
  this->settle();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) {
              self->request(dead_peer, infinite, x)
                  .then([](int) {},
                        [&](caf::error& e) { this->note(this->text(e)); });
            },
            [self](double) { self->quit(); }};
  });
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"system_error(request_receiver_down)"});
  // And the other way round.
  anon_send(a, 0.5);
  this->settle();
  this->ask(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"error system_error(request_receiver_down)"});
}

TYPED_TEST(loop_actor_request_test, request_to_an_invalid_handle_is_an_error) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) {
      self->request(caf::actor{}, infinite, x)
          .then([](int) {}, [&](caf::error& e) { this->note(this->text(e)); });
    }};
  });
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"system_error(invalid_argument)"});
}

TYPED_TEST(loop_actor_request_test,
           requests_in_the_mailbox_of_the_dead_bounce) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[self](int x) {
      if (x == 1)
        self->quit();
      return x;
    }};
  });
  for (int x : {1, 2, 3})
    this->ask(a, x);
  this->settle();
  EXPECT_EQ(this->noted(),
            (lines{"reply 1", "error system_error(request_receiver_down)",
                   "error system_error(request_receiver_down)"}));
}

TYPED_TEST(loop_actor_request_test, bounces_come_in_the_order_of_requests) {
  auto server = this->spawn_kind([](TypeParam* self) -> behavior {
    return {[self](double) { self->quit(); }, [](int x) { return x; }};
  });
  anon_send(server, 0.5);
  this->sys.spawn([&](caf::event_based_actor* self) {
    for (int x : {1, 2, 3})
      self->request(server, infinite, x)
          .then([](int) {}, [&, x](caf::error&) { this->note(to_string(x)); });
  });
  this->scheduler().run();
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"1", "2", "3"}));
}

TYPED_TEST(loop_actor_request_test, open_requests_die_with_the_actor) {
  auto stack = this->spawn_stack();
  auto held = std::make_shared<int>(0);
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self, held](int x) {
      self->request(stack, infinite, x).then([held, self](int) {});
    }};
  });
  anon_send(a, 1);
  this->settle();
  auto before = held.use_count();
  caf::anon_send_exit(a, caf::exit_reason::kill);
  this->settle();
  EXPECT_LT(held.use_count(), before);
  anon_send(stack, "answer");
  this->settle();
}

TYPED_TEST(loop_actor_request_test, actor_lives_while_a_response_is_open) {
  auto stack = this->spawn_stack();
  auto a = this->spawn_kind([&](TypeParam* self) {
    self->request(stack, infinite, 1).then([&](int) { this->note("got it"); });
  });
  this->watch_end(a);
  this->settle();
  EXPECT_EQ(this->noted(), lines{});
  anon_send(stack, "answer");
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"got it", "ended: none"}));
}

// -- promises and delegates ---------------------------------------------------

TYPED_TEST(loop_actor_request_test, promise_is_kept_later) {
  auto server = this->spawn_server();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) {
      auto promise = self->template make_response_promise<int>();
      self->request(server, infinite, x).then([promise](int y) mutable {
        promise.deliver(y * 10);
      });
      return promise;
    }};
  });
  this->ask(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"reply 20"});
}

TYPED_TEST(loop_actor_request_test, promise_may_be_kept_with_an_error) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[self](int) {
      auto promise = self->make_response_promise();
      promise.deliver(caf::make_error(caf::sec::invalid_argument));
      return promise;
    }};
  });
  this->ask(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"error system_error(invalid_argument)"});
}

TYPED_TEST(loop_actor_request_test, delegate_answers_for_another_actor) {
  auto server = this->spawn_server();
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) { return self->delegate(server, x + 10); }};
  });
  auto front = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int x) { return self->delegate(a, x + 100); }};
  });
  this->ask(front, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"reply 112"});
}

TYPED_TEST(loop_actor_request_test, request_to_itself) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](const std::string&) {
              self->request(caf::actor{self}, infinite, 1).then([&](int x) {
                this->note(to_string(x));
              });
            },
            [](int x) { return x + 1; }};
  });
  anon_send(a, "go");
  this->settle();
  EXPECT_EQ(this->noted(), lines{"2"});
}

TYPED_TEST(loop_actor_request_test, tools_may_ask_for_its_name) {
  auto a =
      this->spawn_kind([](TypeParam*) -> behavior { return {[](int) {}}; });
  this->sys.spawn([&](caf::event_based_actor* self) {
    self->request(a, infinite, caf::sys_atom::value, caf::get_atom::value,
                  "info")
        .then([&](caf::ok_atom, const std::string& what,
                  const caf::strong_actor_ptr& who, const std::string& name) {
          this->note(what + (who == a ? " of " : "?") + name);
        });
    self->request(a, infinite, caf::sys_atom::value, caf::get_atom::value,
                  "weather")
        .then([](int) {}, [&](caf::error& x) { this->note(this->text(x)); });
  });
  this->settle();
  auto name =
      std::is_same_v<TypeParam, loop_actor> ? "loop_actor" : "scheduled_actor";
  EXPECT_EQ(this->noted(), (lines{std::string{"info of "} + name,
                                  "system_error(unsupported_sys_key)"}));
}

} // namespace
} // namespace sluice::runtime

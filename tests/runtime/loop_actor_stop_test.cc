// The end of a loop that still has actors on it, driven by hand.

#include "runtime/loop_actor.h"

#include "tests/runtime/on_both_kinds.h"

#include <thread>

namespace sluice::runtime {
namespace {

class loop_actor_stop_test : public on_both_kinds<loop_actor> {
protected:
  caf::actor spawn_simple() {
    return spawn_kind([this](loop_actor*) -> behavior {
      return {[this](int x) {
        note(to_string(x));
        return x;
      }};
    });
  }
};

TEST_F(loop_actor_stop_test, actors_are_asked_to_end) {
  auto a = spawn_simple();
  auto b = spawn_simple();
  settle();
  watch_end(a);
  watch_end(b);
  loop->request_stop();
  settle();
  EXPECT_TRUE(loop->finished());
  EXPECT_EQ(noted(), (lines{"ended: exit_reason(user_shutdown)",
                            "ended: exit_reason(user_shutdown)"}));
}

TEST_F(loop_actor_stop_test, what_is_in_the_mailbox_is_handled_first) {
  auto a = spawn_simple();
  settle();
  watch_end(a);
  for (int i = 0; i < 100; ++i)
    anon_send(a, i);
  loop->request_stop();
  settle();
  EXPECT_EQ(noted().size(), 101u);
}

TEST_F(loop_actor_stop_test, exit_handler_has_time_to_drain) {
  auto a = spawn_kind([this](loop_actor* self) -> behavior {
    self->set_exit_handler([this, self](caf::exit_msg& x) {
      note(text(x.reason));
      self->delayed_send(self, 1s, 1);
    });
    return {[self](int) { self->quit(); }};
  });
  settle();
  watch_end(a);
  loop->request_stop();
  settle();
  EXPECT_EQ(noted(), lines{"exit_reason(user_shutdown)"});
  EXPECT_FALSE(loop->finished());
  advance(1s);
  EXPECT_EQ(noted(), lines{"ended: none"});
  EXPECT_TRUE(loop->finished());
}

TEST_F(loop_actor_stop_test, actor_that_traps_exits_is_aborted_in_the_end) {
  auto a = spawn_kind([](loop_actor* self) -> behavior {
    self->set_exit_handler([](caf::exit_msg&) {});
    return {[](int) {}};
  });
  settle();
  watch_end(a);
  loop->request_stop();
  advance(limits::stop_drain - 1ms);
  EXPECT_EQ(noted(), lines{});
  EXPECT_FALSE(loop->finished());
  advance(1ms);
  EXPECT_EQ(noted(), lines{"ended: exit_reason(kill)"});
  EXPECT_TRUE(loop->finished());
}

TEST_F(loop_actor_stop_test, actor_that_awaits_for_ever_is_aborted) {
  caf::response_promise open;
  auto server = sys.spawn([&](caf::event_based_actor* self) -> behavior {
    return {[&, self](int) { return open = self->make_response_promise(); }};
  });
  auto a = spawn_kind([&](loop_actor* self) -> behavior {
    self->request(server, caf::infinite, 1).await([](int) {});
    return {[](int) {}};
  });
  settle();
  watch_end(a);
  loop->request_stop();
  settle();
  EXPECT_EQ(noted(), lines{});
  advance(limits::stop_drain);
  EXPECT_EQ(noted(), lines{"ended: exit_reason(kill)"});
  EXPECT_TRUE(loop->finished());
}

TEST_F(loop_actor_stop_test, actor_that_is_never_idle_is_aborted) {
  auto a = spawn_kind([](loop_actor* self) -> behavior {
    self->set_exit_handler([](caf::exit_msg&) {});
    self->send(self, 1);
    return {[self](int x) { self->send(self, x); }};
  });
  watch_end(a);
  loop->run_once(false);
  loop->request_stop();
  for (int i = 0; i < 10; ++i)
    loop->run_once(true);
  EXPECT_FALSE(loop->finished());
  time.present += limits::stop_drain;
  for (int i = 0; i < 3; ++i)
    loop->run_once(true);
  EXPECT_TRUE(loop->finished());
  EXPECT_EQ(noted(), lines{"ended: exit_reason(kill)"});
}

TEST_F(loop_actor_stop_test, actor_spawned_while_the_loop_stops_ends_at_once) {
  auto keeper = spawn_kind([](loop_actor* self) -> behavior {
    self->set_exit_handler([](caf::exit_msg&) {});
    return {[](int) {}};
  });
  settle();
  loop->request_stop();
  loop->run_once(false);
  auto a = spawn_simple();
  watch_end(a);
  ask(a, 1);
  settle();
  auto seen = noted();
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (lines{"ended: exit_reason(user_shutdown)",
                         "error system_error(request_receiver_down)"}));
}

TEST_F(loop_actor_stop_test, lazy_actor_ends_with_the_loop) {
  auto a = spawn_kind<caf::lazy_init>([this](loop_actor*) -> behavior {
    note("made");
    return {[](int) {}};
  });
  watch_end(a);
  stop_loop();
  EXPECT_EQ(noted(), lines{"ended: exit_reason(user_shutdown)"});
  ask(a, 1);
  scheduler().run();
  EXPECT_EQ(noted(), lines{"error system_error(request_receiver_down)"});
}

TEST_F(loop_actor_stop_test, actor_spawned_after_the_end_ends_with_the_loop) {
  loop->request_stop();
  settle();
  ASSERT_TRUE(loop->finished());
  caf::actor a;
  std::thread other{[&] { a = spawn_simple(); }};
  other.join();
  watch_end(a);
  ask(a, 1);
  EXPECT_EQ(noted(), lines{});
  loop.reset();
  scheduler().run();
  auto seen = noted();
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (lines{"ended: exit_reason(user_shutdown)",
                         "error system_error(request_receiver_down)"}));
}

TEST_F(loop_actor_stop_test, loop_that_never_ran_ends_its_actors) {
  auto a = spawn_simple();
  auto b = spawn_kind<caf::lazy_init>(
      [](loop_actor*) -> behavior { return {[](int) {}}; });
  watch_end(a);
  watch_end(b);
  ask(a, 1);
  loop.reset();
  scheduler().run();
  auto seen = noted();
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (lines{"ended: exit_reason(user_shutdown)",
                         "ended: exit_reason(user_shutdown)",
                         "error system_error(request_receiver_down)"}));
}

TEST_F(loop_actor_stop_test, loop_that_was_not_stopped_ends_its_actors) {
  auto a = spawn_simple();
  settle();
  watch_end(a);
  ask(a, 1);
  loop.reset();
  scheduler().run();
  auto seen = noted();
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (lines{"ended: exit_reason(kill)",
                         "error system_error(request_receiver_down)"}));
}

TEST_F(loop_actor_stop_test, two_actors_that_wait_for_each_other_end) {
  caf::actor b;
  auto a = spawn_kind([&](loop_actor* self) -> behavior {
    return {[&, self](int x) {
      auto promise = self->make_response_promise<int>();
      self->request(b, caf::infinite, x).then([promise](int y) mutable {
        promise.deliver(y);
      });
      return promise;
    }};
  });
  b = spawn_kind([&](loop_actor* self) -> behavior {
    return {[&, self](int x) {
      auto promise = self->make_response_promise<int>();
      self->request(a, caf::infinite, x).then([promise](int y) mutable {
        promise.deliver(y);
      });
      return promise;
    }};
  });
  ask(a, 1);
  for (int i = 0; i < 10; ++i)
    loop->run_once(false);
  loop->request_stop();
  settle();
  EXPECT_TRUE(loop->finished());
}

} // namespace
} // namespace sluice::runtime

// The deadlines of a stream_broker: idle, read, handshake and the user's own.

#include "tests/net/stream_fixture.h"

#include <gtest/gtest.h>

namespace sluice::testing {
namespace {

using net::stream_broker;

class stream_broker_timeout_test : public stream_fixture {
public:
  /// A broker that does `f` at its start.
  void serve_with(std::function<void(stream_broker*)> f) {
    serve([f](stream_broker* x) -> caf::message_handler {
      f(x);
      return {};
    });
    noted();
  }
};

TEST_F(stream_broker_timeout_test, idle_is_told_again_and_again) {
  serve_with([](auto* x) { x->idle_timeout(10s); });
  pass(9s);
  EXPECT_EQ(noted(), lines{});
  pass(2s);
  EXPECT_EQ(noted(), lines{"timed_out idle"});
  pass(10s);
  EXPECT_EQ(noted(), lines{"timed_out idle"});
}

TEST_F(stream_broker_timeout_test, bytes_in_either_direction_put_idle_off) {
  serve_with([](auto* x) { x->idle_timeout(10s); });
  for (int i = 0; i < 5; ++i) {
    pass(6s);
    peer.send("x");
    pass(6s);
    in_broker([](auto* x) { x->write("x"); });
  }
  EXPECT_EQ(noted("timed_out"), lines{});
  pass(9s);
  EXPECT_EQ(noted("timed_out"), lines{});
  pass(1s);
  EXPECT_EQ(noted("timed_out"), lines{"timed_out idle"});
}

TEST_F(stream_broker_timeout_test, busy_connection_does_not_move_its_timer) {
  serve_with([](auto* x) { x->idle_timeout(10s); });
  auto before = run.loop().stats().timers_fired;
  for (int i = 0; i < 1'000; ++i) {
    peer.send("x");
    pass(10ms);
  }
  // Ten seconds of bytes: it looked once, and armed itself for the rest.
  EXPECT_LE(run.loop().stats().timers_fired - before, 1u);
  EXPECT_EQ(noted("timed_out"), lines{});
}

TEST_F(stream_broker_timeout_test, idle_of_zero_is_none) {
  serve_with([](auto* x) { x->idle_timeout(10s); });
  in_broker([](auto* x) { x->idle_timeout(0s); });
  pass(1h);
  EXPECT_EQ(noted(), lines{});
}

TEST_F(stream_broker_timeout_test, own_writes_do_not_put_read_off) {
  serve_with([](auto* x) { x->read_timeout(10s); });
  pass(6s);
  in_broker([](auto* x) { x->write("x"); });
  pass(5s);
  EXPECT_EQ(noted(), lines{"timed_out read"});
  pass(6s);
  peer.send("x");
  pass(9s);
  EXPECT_EQ(noted(), lines{"received x"});
  pass(2s);
  EXPECT_EQ(noted(), lines{"timed_out read"});
}

TEST_F(stream_broker_timeout_test, read_is_not_told_while_nobody_reads) {
  serve_with([](auto* x) {
    x->read_timeout(10s);
    x->read_paused();
  });
  pass(1min);
  EXPECT_EQ(noted(), lines{});
  caf::anon_send(broker, net::read_flowing{});
  pass(1min);
  EXPECT_GE(noted().size(), 4u);
}

TEST_F(stream_broker_timeout_test, handshake_that_takes_too_long_ends_it) {
  serve_with([](auto* x) { x->handshake_timeout(5s); });
  peer.send("talk without end");
  pass(6s);
  EXPECT_EQ(noted(), (lines{"received talk without end", "timed_out handshake",
                            "closed handshake_timeout"}));
  EXPECT_EQ(how->os_error, ETIMEDOUT);
}

TEST_F(stream_broker_timeout_test, handshake_that_is_done_is_forgotten) {
  serve_with([](auto* x) { x->handshake_timeout(5s); });
  in_broker([](auto* x) { x->handshake_done(); });
  pass(1min);
  EXPECT_EQ(noted(), lines{});
}

TEST_F(stream_broker_timeout_test, users_timers_are_told_apart_by_token) {
  serve_with([](auto* x) {
    x->set_timer(3s, 3);
    x->set_timer(1s, 1);
    x->set_timer(2s, 2);
    x->set_timer(2s);
  });
  in_broker([](auto* x) { x->cancel_timer(2); });
  pass(10s);
  EXPECT_EQ(noted(), (lines{"timed_out user #1", "timed_out user",
                            "timed_out user #3"}));
}

TEST_F(stream_broker_timeout_test, users_timer_is_replaced_by_a_later_one) {
  serve_with([](auto* x) { x->set_timer(1s, 7); });
  in_broker([](auto* x) { x->set_timer(5s, 7); });
  pass(4s);
  EXPECT_EQ(noted(), lines{});
  pass(2s);
  EXPECT_EQ(noted(), lines{"timed_out user #7"});
  pass(10s);
  EXPECT_EQ(noted(), lines{});
}

TEST_F(stream_broker_timeout_test, timer_may_be_set_by_its_own_handler) {
  int left = 3;
  serve([&](stream_broker* x) -> caf::message_handler {
    x->set_timer(1s, 1);
    return {[this, x, &left](const net::timed_out& t) {
      log.push_back(text_of(t));
      if (--left > 0)
        x->set_timer(1s, t.token);
    }};
  });
  noted();
  pass(10s);
  EXPECT_EQ(noted().size(), 3u);
}

TEST_F(stream_broker_timeout_test, timer_handler_may_end_the_connection) {
  serve([this](stream_broker* x) -> caf::message_handler {
    x->set_timer(1s);
    x->set_timer(1s, 1);
    return {[this, x](const net::timed_out& t) {
      log.push_back(text_of(t));
      x->abort();
    }};
  });
  noted();
  pass(10s);
  EXPECT_EQ(noted(), (lines{"timed_out user", "closed aborted"}));
}

TEST_F(stream_broker_timeout_test, no_timer_fires_after_the_end) {
  serve_with([](auto* x) {
    x->set_timer(1s);
    x->idle_timeout(1s);
  });
  in_broker([](auto* x) { x->abort(); });
  pass(1min);
  EXPECT_EQ(noted(), lines{"closed aborted"});
}

} // namespace
} // namespace sluice::testing

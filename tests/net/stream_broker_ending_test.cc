// How connections of stream_brokers end, and what everybody learns of it.

#include "net/line_codec.h"
#include "tests/net/stream_fixture.h"

#include <gtest/gtest.h>

#include <memory>

namespace sluice::testing {
namespace {

using net::stream_broker;

class stream_broker_ending_test : public stream_fixture {
public:
  static constexpr auto more_than_fits = 5'000u;

  void close(net::close_mode mode = net::close_mode::drain) {
    caf::anon_send(broker, net::close{mode});
    pass(1ms);
  }

  /// All descriptors but the listener's are closed.
  std::size_t open_descriptors() { return world.host().open_descriptors(); }
};

// -- half-close ---------------------------------------------------------------

TEST_F(stream_broker_ending_test, half_closed_peer_may_still_be_written_to) {
  serve();
  peer.send("question");
  peer.half_close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "received question", "half_closed"}));
  in_broker([](auto* x) { x->write("answer"); });
  EXPECT_EQ(peer.received(), "answer");
  EXPECT_EQ(self->state(), net::stream_state::open);
  in_broker([](auto* x) { x->shutdown_write(); });
  EXPECT_TRUE(peer.saw_end());
  EXPECT_EQ(noted(), lines{"closed finished"});
  EXPECT_EQ(how->error, caf::none);
}

TEST_F(stream_broker_ending_test,
       half_closed_peer_without_handler_is_drained_to) {
  handles_half_closed = false;
  serve();
  peer.stop_reading();
  in_broker([](auto* x) { x->write(std::string(more_than_fits, 'x')); });
  peer.half_close();
  pass(1s);
  EXPECT_FALSE(how);
  peer.read_all();
  pass(10ms);
  EXPECT_EQ(peer.received().size(), more_than_fits);
  EXPECT_TRUE(peer.saw_end());
  EXPECT_EQ(peer.error(), 0);
  ASSERT_TRUE(how);
  EXPECT_EQ(how->reason, net::close_reason::peer_closed);
  EXPECT_EQ(how->unsent, 0u);
  EXPECT_EQ(how->error, caf::none);
}

TEST_F(stream_broker_ending_test, shutdown_write_goes_behind_what_is_queued) {
  serve();
  peer.stop_reading();
  in_broker([](auto* x) {
    x->write(std::string(more_than_fits, 'x'));
    x->shutdown_write();
  });
  EXPECT_FALSE(peer.saw_end());
  peer.read_all();
  pass(10ms);
  EXPECT_EQ(peer.received().size(), more_than_fits);
  EXPECT_TRUE(peer.saw_end());
  EXPECT_FALSE(how) << "the peer may still send";
  peer.send("more");
  peer.close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "applied", "released", "received more",
                            "closed finished"}));
}

// -- close and abort ----------------------------------------------------------

TEST_F(stream_broker_ending_test, close_sends_what_is_queued_and_lingers) {
  serve();
  peer.stop_reading();
  in_broker([](auto* x) {
    x->write(std::string(more_than_fits, 'x'));
    x->close();
  });
  EXPECT_EQ(self->state(), net::stream_state::draining);
  peer.read_all();
  pass(10ms);
  EXPECT_EQ(peer.received().size(), more_than_fits);
  EXPECT_TRUE(peer.saw_end());
  EXPECT_EQ(self->state(), net::stream_state::lingering);
  peer.send("nobody reads this");
  pass(10ms);
  EXPECT_FALSE(how);
  peer.close();
  pass(1ms);
  ASSERT_TRUE(how);
  EXPECT_EQ(how->reason, net::close_reason::closed);
  EXPECT_EQ(how->error, caf::none);
  EXPECT_EQ(noted("received"), lines{});
  EXPECT_EQ(peer.error(), 0) << "it must not be reset";
}

TEST_F(stream_broker_ending_test, close_gives_up_lingering_in_good_order) {
  options.close_drain = 5s;
  serve();
  in_broker([](auto* x) {
    x->write("bye");
    x->close();
  });
  pass(4s);
  EXPECT_FALSE(how);
  pass(2s);
  ASSERT_TRUE(how);
  EXPECT_EQ(how->reason, net::close_reason::closed);
  EXPECT_EQ(how->os_error, 0);
  EXPECT_EQ(how->error, caf::none);
  EXPECT_EQ(peer.received(), "bye");
}

TEST_F(stream_broker_ending_test, close_gives_up_a_peer_that_takes_nothing) {
  options.close_drain = 5s;
  serve();
  fill();
  in_broker([](auto* x) {
    x->write("stuck");
    x->close();
  });
  pass(6s);
  ASSERT_TRUE(how);
  EXPECT_EQ(how->reason, net::close_reason::drain_timeout);
  EXPECT_EQ(how->unsent, 5u);
  EXPECT_EQ(returned, "stuck");
  EXPECT_EQ(peer.error(), ECONNRESET);
}

TEST_F(stream_broker_ending_test, nothing_is_delivered_after_close) {
  serve();
  close();
  peer.send("too late");
  pass(1ms);
  EXPECT_EQ(noted(), lines{"accepted"});
}

TEST_F(stream_broker_ending_test, abort_resets_and_says_so) {
  serve();
  peer.send("unread");
  close(net::close_mode::abort);
  EXPECT_EQ(noted("closed"), lines{"closed aborted"});
  EXPECT_EQ(peer.error(), ECONNRESET);
  EXPECT_NE(run.system().render(how->error).find("tcp://127.0.0.1:7000"),
            std::string::npos)
      << run.system().render(how->error);
}

TEST_F(stream_broker_ending_test, abort_cuts_a_drain_short) {
  serve();
  fill();
  in_broker([](auto* x) {
    x->write("stuck");
    x->close();
  });
  close(net::close_mode::abort);
  EXPECT_EQ(noted("closed"), lines{"closed aborted"});
  EXPECT_EQ(returned, "stuck");
}

TEST_F(stream_broker_ending_test, first_reason_stands) {
  serve();
  in_broker([](auto* x) {
    x->abort();
    x->close();
    x->shutdown_write();
  });
  EXPECT_EQ(noted(), (lines{"accepted", "closed aborted"}));
}

TEST_F(stream_broker_ending_test, nothing_is_delivered_behind_closed) {
  options.framing = [] { return std::make_unique<net::line_codec>(); };
  serve([this](stream_broker* x) -> caf::message_handler {
    return {[this, x](const net::received& in) {
      log.push_back("received " + in.bytes.str());
      if (in.bytes.view() == "stop")
        x->abort();
    }};
  });
  peer.send("a\nstop\nb\n");
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "received a", "received stop",
                            "closed aborted"}));
}

// -- whose fault it is --------------------------------------------------------

TEST_F(stream_broker_ending_test, orderly_end_is_no_error_for_a_monitor) {
  serve();
  watch_end(broker);
  close();
  peer.close();
  pass(1ms);
  EXPECT_EQ(ends, lines{"none"});
}

TEST_F(stream_broker_ending_test, monitor_learns_endpoint_and_reason) {
  serve();
  watch_end(broker);
  peer.reset();
  pass(1ms);
  ASSERT_EQ(ends.size(), 1u);
  for (auto part : {"tcp://127.0.0.1:7000", "peer_reset", "ECONNRESET"})
    EXPECT_NE(ends[0].find(part), std::string::npos) << ends[0];
}

TEST_F(stream_broker_ending_test, exception_ends_its_own_broker_only) {
  serve();
  auto first = self;
  sim_peer second{world};
  second.connect(at("127.0.0.1", 7000));
  pass(1ms);
  ASSERT_NE(self, first);
  watch_end(broker);
  noted();
  in_broker([](auto*) { throw std::runtime_error("on purpose"); });
  EXPECT_EQ(ends.size(), 1u);
  EXPECT_EQ(second.error(), ECONNRESET);
  EXPECT_EQ(first->state(), net::stream_state::open);
  peer.send("still there?");
  pass(1ms);
  EXPECT_EQ(noted(), lines{"received still there?"});
}

TEST_F(stream_broker_ending_test, exception_text_is_in_the_reason) {
  serve();
  watch_end(broker);
  in_broker([](auto*) { throw std::runtime_error("on purpose"); });
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_NE(ends[0].find("on purpose"), std::string::npos) << ends[0];
}

TEST_F(stream_broker_ending_test, exception_in_closed_does_no_harm) {
  serve([](stream_broker*) -> caf::message_handler {
    return {[](const net::closed&) { throw std::runtime_error("in closed"); }};
  });
  watch_end(broker);
  peer.reset();
  pass(1ms);
  EXPECT_EQ(ends.size(), 1u);
  EXPECT_EQ(self->state(), net::stream_state::closed);
}

TEST_F(stream_broker_ending_test, quitting_sends_what_the_kernel_takes) {
  serve();
  in_broker([](auto* x) {
    x->write("last words");
    x->quit();
  });
  EXPECT_EQ(peer.received(), "last words");
  EXPECT_EQ(self->counts().returned, 0u);
  EXPECT_TRUE(peer.saw_end());
}

TEST_F(stream_broker_ending_test, stopping_loop_drains_its_connections) {
  serve();
  peer.stop_reading();
  in_broker([](auto* x) { x->write(std::string(more_than_fits, 'x')); });
  run.loop().request_stop();
  pass(100ms);
  EXPECT_FALSE(how);
  peer.read_all();
  pass(100ms);
  EXPECT_EQ(peer.received().size(), more_than_fits);
  EXPECT_TRUE(peer.saw_end());
  peer.close();
  pass(100ms);
  ASSERT_TRUE(how);
  EXPECT_EQ(how->reason, net::close_reason::shut_down);
  EXPECT_TRUE(run.loop().finished());
}

TEST_F(stream_broker_ending_test, last_handle_need_not_be_kept) {
  serve();
  broker = nullptr;
  peer.send("still here");
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "received still here"}));
}

TEST_F(stream_broker_ending_test, closed_connection_leaves_no_descriptor) {
  auto before = open_descriptors();
  serve();
  caf::anon_send(listener, net::close{});
  close();
  peer.close();
  pass(1ms);
  EXPECT_EQ(open_descriptors(), before);
}

// -- Unix sockets -------------------------------------------------------------

class stream_broker_unix_test : public stream_broker_ending_test {
public:
  stream_broker_unix_test() { address = "unix:///sluice-test"; }
};

TEST_F(stream_broker_unix_test, bytes_go_both_ways) {
  serve();
  peer.send("ping");
  in_broker([](auto* x) { x->write("pong"); });
  EXPECT_EQ(noted(), (lines{"accepted", "received ping"}));
  EXPECT_EQ(peer.received(), "pong");
}

TEST_F(stream_broker_unix_test, paused_and_hung_up_is_read_later) {
  serve();
  caf::anon_send(broker, net::read_paused{});
  pass(1ms);
  peer.send("last");
  peer.close();
  EXPECT_LE(turns_during(1s), 20u);
  caf::anon_send(broker, net::read_flowing{});
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "received last", "half_closed"}));
}

TEST_F(stream_broker_unix_test, peer_that_is_gone_does_not_make_it_spin) {
  serve();
  peer.close();
  EXPECT_LE(turns_during(1s), 20u);
  EXPECT_EQ(noted(), (lines{"accepted", "half_closed"}));
  in_broker([](auto* x) { x->shutdown_write(); });
  EXPECT_EQ(noted(), lines{"closed finished"});
}

TEST_F(stream_broker_unix_test, writes_to_a_peer_that_is_gone_come_back_soon) {
  serve();
  caf::anon_send(broker, net::read_paused{});
  fill(buffer_bytes);
  auto& one = add_writer();
  one.write(broker, std::string(high, 'x'));
  pass(1ms);
  EXPECT_EQ(one.noted(), lines{"applied"});
  peer.close();
  pass(1s);
  EXPECT_EQ(one.returned, std::string(high, 'x'));
  ASSERT_TRUE(how) << "the paused broker does not hear that its peer is gone";
  EXPECT_EQ(how->reason, net::close_reason::peer_reset);
}

TEST_F(stream_broker_unix_test, write_after_the_peer_is_gone_comes_back_soon) {
  serve();
  caf::anon_send(broker, net::read_paused{});
  pass(1ms);
  peer.close();
  pass(1s);
  auto& one = add_writer();
  one.write(broker, "hello?");
  pass(1s);
  EXPECT_EQ(one.returned, "hello?");
}

} // namespace
} // namespace sluice::testing

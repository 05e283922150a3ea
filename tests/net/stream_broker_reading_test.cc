// What a stream_broker tells of the bytes that come, and what stops it.

#include "net/line_codec.h"
#include "tests/net/stream_fixture.h"

#include <caf/response_promise.hpp>

#include <gtest/gtest.h>

#include <memory>

namespace sluice::testing {
namespace {

using net::stream_broker;

class stream_broker_reading_test : public stream_fixture {
public:
  void use_lines(std::size_t longest = 100) {
    options.framing = [longest] {
      return std::make_unique<net::line_codec>(longest);
    };
  }

  void tell(net::pressure state, const caf::actor& source) {
    caf::anon_send(
        broker,
        net::backpressure{state, caf::actor_cast<caf::strong_actor_ptr>(source),
                          0, 1});
    pass(1ms);
  }
};

TEST_F(stream_broker_reading_test, accepted_comes_first_and_names_both_ends) {
  net::endpoint local;
  net::endpoint remote;
  peer.send("hello"); // goes out as soon as the connection stands
  serve([&](stream_broker*) -> caf::message_handler {
    return {[&](const net::accepted& x) {
      local = x.local;
      remote = x.remote;
      log.push_back("accepted");
    }};
  });
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "received hello"}));
  EXPECT_EQ(to_string(local), address);
  EXPECT_EQ(to_string(remote), to_string(self->remote()));
  EXPECT_TRUE(to_string(remote).starts_with("tcp://127.0.0.1:"));
  EXPECT_NE(remote.port(), local.port());
}

TEST_F(stream_broker_reading_test, stream_longer_than_all_buffers_comes_whole) {
  serve();
  std::string text;
  for (int i = 0; i < 50'000; ++i)
    text += static_cast<char>('a' + i % 26);
  peer.send(text);
  pass(100ms);
  EXPECT_EQ(received, text);
  EXPECT_EQ(self->counts().received, text.size());
}

// -- credit -------------------------------------------------------------------

TEST_F(stream_broker_reading_test, credit_is_exact_with_frames_left_over) {
  use_lines();
  serve([](stream_broker* x) -> caf::message_handler {
    x->read_credit(2);
    return {};
  });
  peer.send("a\nb\nc\nd\ne\n");
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "received a", "received b"}));
  caf::anon_send(broker, net::read_credit{1});
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"received c"}));
  caf::anon_send(broker, net::read_flowing{});
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"received d", "received e"}));
}

TEST_F(stream_broker_reading_test, credit_adds_up_and_is_huge_without_harm) {
  use_lines();
  serve([](stream_broker* x) -> caf::message_handler {
    x->read_paused();
    return {};
  });
  caf::anon_send(broker, net::read_credit{1});
  caf::anon_send(broker, net::read_credit{2});
  peer.send("a\nb\nc\nd\n");
  pass(1ms);
  EXPECT_EQ(noted("received").size(), 3u);
  caf::anon_send(broker, net::read_credit{UINT64_MAX});
  caf::anon_send(broker, net::read_credit{UINT64_MAX});
  peer.send("e\n");
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"received d", "received e"}));
}

TEST_F(stream_broker_reading_test, credit_counts_reads_where_no_codec_is) {
  serve([](stream_broker* x) -> caf::message_handler {
    x->read_credit(1);
    return {};
  });
  peer.send("one");
  pass(1ms);
  peer.send("two");
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "received one"}));
}

TEST_F(stream_broker_reading_test, paused_reader_closes_the_peers_window) {
  serve();
  caf::anon_send(broker, net::read_paused{});
  pass(1ms);
  peer.send(std::string(10'000, 'x'));
  pass(1s);
  EXPECT_EQ(received, "");
  EXPECT_LE(peer.sent(), 2 * buffer_bytes);
  caf::anon_send(broker, net::read_flowing{});
  pass(100ms);
  EXPECT_EQ(received, std::string(10'000, 'x'));
}

TEST_F(stream_broker_reading_test, paused_reader_notices_a_reset) {
  serve();
  caf::anon_send(broker, net::read_paused{});
  pass(1ms);
  peer.reset();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "closed peer_reset"}));
  EXPECT_EQ(how->os_error, ECONNRESET);
}

TEST_F(stream_broker_reading_test,
       paused_reader_is_told_the_end_when_it_reads) {
  serve();
  caf::anon_send(broker, net::read_paused{});
  pass(1ms);
  peer.send("last");
  peer.half_close();
  EXPECT_LE(turns_during(1s), 20u);
  EXPECT_EQ(noted(), lines{"accepted"});
  caf::anon_send(broker, net::read_flowing{});
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"received last", "half_closed"}));
}

TEST_F(stream_broker_reading_test, hung_up_and_paused_does_not_spin) {
  serve();
  caf::anon_send(broker, net::read_paused{});
  caf::anon_send(broker, net::shutdown_write{});
  pass(1ms);
  peer.send("last");
  peer.close();
  EXPECT_LE(turns_during(1s), 20u);
  EXPECT_EQ(noted(), lines{"accepted"});
  caf::anon_send(broker, net::read_flowing{});
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"received last", "closed finished"}));
}

// -- backpressure from where the bytes go -------------------------------------

TEST_F(stream_broker_reading_test, pressure_from_elsewhere_stops_the_reading) {
  serve();
  auto& other = add_writer();
  tell(net::pressure::applied, other.handle);
  peer.send("later");
  pass(1s);
  EXPECT_EQ(noted(), (lines{"accepted", "applied"}));
  tell(net::pressure::released, other.handle);
  EXPECT_EQ(noted(), (lines{"released", "received later"}));
}

TEST_F(stream_broker_reading_test, all_sources_must_release) {
  serve();
  auto& one = add_writer();
  auto& two = add_writer();
  tell(net::pressure::applied, one.handle);
  tell(net::pressure::applied, two.handle);
  tell(net::pressure::stalled, two.handle);
  peer.send("later");
  tell(net::pressure::released, one.handle);
  tell(net::pressure::released, one.handle);
  EXPECT_EQ(received, "");
  tell(net::pressure::released, two.handle);
  EXPECT_EQ(received, "later");
}

TEST_F(stream_broker_reading_test, behavior_may_decide_about_pressure_itself) {
  options.pause_on_backpressure = false;
  serve();
  auto& other = add_writer();
  tell(net::pressure::applied, other.handle);
  peer.send("now");
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "applied", "received now"}));
}

TEST_F(stream_broker_reading_test, nothing_is_read_while_own_writes_wait) {
  serve();
  fill();
  in_broker([](auto* x) { x->write(std::string(high, 'x')); });
  peer.send("later");
  pass(1s);
  EXPECT_EQ(noted(), (lines{"accepted", "applied"}));
  peer.read_all();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"released", "received later"}));
}

// -- codecs -------------------------------------------------------------------

TEST_F(stream_broker_reading_test, frames_split_over_reads_come_whole) {
  use_lines();
  serve();
  for (auto part : {"he", "llo\nwor", "ld", "\n", "!\n\n"}) {
    peer.send(part);
    pass(1ms);
  }
  EXPECT_EQ(noted(), (lines{"accepted", "received hello", "received world",
                            "received !", "received "}));
}

TEST_F(stream_broker_reading_test,
       answer_to_a_bad_frame_is_sent_before_the_end) {
  use_lines(5);
  serve([](stream_broker* x) -> caf::message_handler {
    return {[=](const net::bad_frame& bad) {
      EXPECT_NE(bad.text, "");
      x->write("sorry");
    }};
  });
  peer.send("ok\nmuch too long\nok\n");
  pass(1ms);
  EXPECT_EQ(peer.received(), "sorry");
  EXPECT_TRUE(peer.saw_end());
  peer.close();
  pass(1ms);
  EXPECT_EQ(noted(),
            (lines{"accepted", "received ok", "closed frame_too_long"}));
  EXPECT_NE(how->error, caf::none);
}

TEST_F(stream_broker_reading_test,
       bad_frame_without_a_handler_ends_it_at_once) {
  use_lines(5);
  handles_bad_frame = false;
  serve();
  peer.send("much too long\n");
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "closed frame_too_long"}));
  EXPECT_EQ(peer.error(), ECONNRESET);
}

TEST_F(stream_broker_reading_test, stream_that_ends_inside_of_a_frame_is_bad) {
  use_lines();
  serve();
  peer.send("whole\nhalf");
  peer.half_close();
  pass(1ms);
  EXPECT_EQ(noted(),
            (lines{"accepted", "received whole", "bad_frame truncated_frame",
                   "closed truncated_frame"}));
}

TEST_F(stream_broker_reading_test, bytes_behind_a_change_to_raw_come_raw) {
  use_lines();
  serve([this](stream_broker* x) -> caf::message_handler {
    return {[this, x](const net::received& in) {
      log.push_back("received " + in.bytes.str());
      if (in.bytes.view() == "raw")
        x->framing(nullptr);
    }};
  });
  peer.send("line\nraw\nno\nlines");
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"accepted", "received line", "received raw",
                            "received no\nlines"}));
}

TEST_F(stream_broker_reading_test,
       bytes_behind_a_change_to_lines_come_as_lines) {
  serve();
  peer.send("raw");
  pass(1ms);
  in_broker([](auto* x) { x->framing(std::make_unique<net::line_codec>()); });
  peer.send("a\nb\n");
  pass(1ms);
  EXPECT_EQ(noted(),
            (lines{"accepted", "received raw", "received a", "received b"}));
}

// -- awaiting a response ------------------------------------------------------

TEST_F(stream_broker_reading_test, awaiting_a_response_stops_reading_in_order) {
  caf::response_promise answer;
  auto oracle = runtime::spawn_on(
      run.loop(), [&answer](runtime::loop_actor* x) -> caf::behavior {
        return {[&answer, x](int) {
                  answer = x->make_response_promise();
                  return answer;
                },
                [&answer](caf::ok_atom) { answer.deliver(1); }};
      });
  serve([this, oracle](stream_broker* x) -> caf::message_handler {
    return {[this, x, oracle](const net::received& in) {
      auto first = received.empty();
      received += in.bytes.view();
      if (first)
        x->request(oracle, caf::infinite, 1).await([this](int) {
          log.push_back("answer after " + std::to_string(received.size()));
        });
    }};
  });
  std::string text;
  for (int i = 0; i < 10'000; ++i)
    text += static_cast<char>('a' + i % 26);
  peer.send("?");
  pass(10ms);
  peer.send(text);
  pass(100ms);
  EXPECT_EQ(received, "?");
  EXPECT_GT(peer.unsent(), 5'000u) << "it must not fill its mailbox";
  caf::anon_send(oracle, caf::ok_atom::value);
  pass(100ms);
  EXPECT_EQ(received, "?" + text);
  EXPECT_EQ(noted(), (lines{"accepted", "answer after 1"}));
}

} // namespace
} // namespace sluice::testing

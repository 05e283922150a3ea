// A WebSocket as an actor: messages in and out, and pings.

#include "tests/net/websocket/connection_fixture.h"

#include <gmock/gmock.h>

namespace sluice::testing {
namespace {

using runtime::byte_slice;
using websocket::message_kind;
using websocket::shared_message;

constexpr unsigned text = 1, binary = 2, close_frame = 8, ping = 9, pong = 10;

class connection_test : public connection_fixture {};

// -- messages -----------------------------------------------------------------

TEST_F(connection_test, says_that_it_is_open_and_what_comes) {
  serve();
  come(text, "hello");
  come(binary, "bytes");
  EXPECT_EQ(noted(),
            (lines{"opened /live chat", "text hello", "binary bytes"}));
}

TEST_F(connection_test, what_came_before_the_upgrade_was_done_is_not_lost) {
  peer.on_progress = [this, sent = false]() mutable {
    if (peer.connected() && !std::exchange(sent, true))
      peer.send(wire_frame{text, "early"}.bytes());
  };
  serve();
  EXPECT_EQ(noted(), (lines{"opened /live chat", "text early"}));
}

TEST_F(connection_test, fragments_arrive_as_one_message) {
  serve();
  noted();
  come(text, "on", false);
  come(ping, "?");
  come(0, "e", true);
  EXPECT_EQ(noted(), (lines{"pinged ?", "text one"}));
  EXPECT_EQ(got(), (lines{"pong ?"}));
}

TEST_F(connection_test, a_message_larger_than_all_buffers_arrives) {
  serve();
  noted();
  std::string large(15'000, 'x');
  come(binary, large);
  pass(100ms);
  EXPECT_EQ(noted(), (lines{"binary " + large}));
}

TEST_F(connection_test, sends_text_binary_and_shared_messages) {
  serve();
  in_connection([](auto* x) {
    EXPECT_TRUE(x->send_text("one"));
    EXPECT_TRUE(x->send_binary(byte_slice::copy("two")));
    EXPECT_TRUE(x->send_message(shared_message::text("three")));
    EXPECT_TRUE(x->send_message(message_kind::binary, {}));
  });
  EXPECT_EQ(got(), (lines{"text one", "binary two", "text three", "binary "}));
}

TEST_F(connection_test, sends_a_message_in_fragments) {
  serve();
  in_connection([](auto* x) {
    EXPECT_TRUE(x->begin_message(message_kind::text, byte_slice::copy("a")));
    EXPECT_TRUE(x->continue_message(byte_slice::copy("b")));
    EXPECT_TRUE(x->ping(byte_slice::copy("?")));
    EXPECT_TRUE(x->end_message(byte_slice::copy("c"), 7));
  });
  EXPECT_EQ(got(), (lines{"ping ?", "text abc"}));
  EXPECT_EQ(noted().back(), "written #7");
}

TEST_F(connection_test, a_message_between_fragments_comes_back) {
  serve();
  noted();
  auto& other = add_writer();
  in_connection([](auto* x) {
    EXPECT_TRUE(x->begin_message(message_kind::text, byte_slice::copy("a")));
    EXPECT_FALSE(x->send_text("x"));
  });
  other.send(handle, websocket::send{shared_message::text("y"), 3});
  other.send(handle, net::write_frame{byte_slice::copy("z"), 4});
  pass(1ms);
  EXPECT_EQ(noted(), lines{"rejected overflow"});
  EXPECT_EQ(returned, "x");
  EXPECT_EQ(other.noted(),
            (lines{"rejected overflow #3", "rejected overflow #4"}));
  in_connection([](auto* x) { EXPECT_TRUE(x->end_message()); });
  other.send(handle, websocket::send{shared_message::text("y"), 3});
  pass(1ms);
  EXPECT_EQ(got(), (lines{"text a", "text y"}));
}

TEST_F(connection_test, a_fragment_that_was_refused_can_be_tried_again) {
  serve();
  peer.stop_reading();
  std::string large(cap - 500, 'x');
  in_connection([&](auto* x) {
    EXPECT_TRUE(x->begin_message(message_kind::text, byte_slice::copy(large)));
    EXPECT_TRUE(x->continue_message(byte_slice::copy(std::string(500, 'y'))));
    EXPECT_FALSE(x->end_message(byte_slice::copy(std::string(1'500, 'z'))));
  });
  peer.read_all();
  pass(100ms);
  in_connection([&](auto* x) {
    EXPECT_TRUE(x->end_message(byte_slice::copy(returned)));
  });
  pass(100ms);
  EXPECT_EQ(got(), (lines{"text " + large + std::string(500, 'y')
                          + std::string(1'500, 'z')}));
}

TEST_F(connection_test, credit_counts_messages) {
  serve();
  in_connection([](auto* x) { x->read_paused(); });
  noted();
  come(text, "1");
  peer.send(wire_frame{text, "tw", false}.bytes());
  peer.send(wire_frame{0, "o", true}.bytes());
  come(text, "3");
  EXPECT_EQ(noted(), lines{});
  caf::anon_send(handle, net::read_credit{2});
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"text 1", "text two"}));
  caf::anon_send(handle, net::read_flowing{});
  pass(1ms);
  EXPECT_EQ(noted(), lines{"text 3"});
}

// -- other actors -------------------------------------------------------------

TEST_F(connection_test, other_actors_send) {
  serve();
  auto& other = add_writer();
  auto message = shared_message::binary("shared");
  other.send(handle, websocket::send{shared_message::text("one"), 1});
  other.send(handle, net::write_frame{byte_slice::copy("two"), 2});
  other.send(handle, net::write{message.frame(), 3});
  other.send(handle, websocket::ping{byte_slice::copy("?")});
  pass(1ms);
  auto all = got();
  EXPECT_THAT(all, ::testing::UnorderedElementsAre("text one", "text two",
                                                   "binary shared", "ping ?"));
  EXPECT_EQ(other.noted(), (lines{"written #1", "written #2", "written #3"}));
}

TEST_F(connection_test, bytes_that_are_no_message_come_back) {
  serve();
  auto& other = add_writer();
  auto close_bytes = wire_frame{close_frame, "", true, 0, false}.bytes();
  auto masked = wire_frame{text, "x"}.bytes();
  auto two = shared_message::text("x").frame().str() + "y";
  for (auto& bad : {std::string{"hello"}, close_bytes, masked, two})
    other.send(handle, net::write{byte_slice::copy(bad), 1});
  pass(1ms);
  EXPECT_EQ(other.noted(), (lines(4, "rejected bad_frame #1")));
  EXPECT_EQ(other.returned, "hello" + close_bytes + masked + two);
  EXPECT_EQ(got(), lines{});
}

TEST_F(connection_test, a_sender_hears_of_pressure_and_its_release) {
  serve();
  auto& other = add_writer();
  peer.stop_reading();
  for (int i = 0; i < 8; ++i)
    other.send(handle, websocket::send{
                           shared_message::text(std::string(1'000, 'x')), 0});
  pass(1ms);
  EXPECT_EQ(other.noted(), lines{"applied"});
  peer.read_all();
  pass(100ms);
  EXPECT_EQ(other.noted(), lines{"released"});
  EXPECT_EQ(got().size(), 8u);
}

TEST_F(connection_test, nothing_is_read_while_its_own_messages_wait) {
  echo = true;
  serve();
  noted();
  peer.stop_reading();
  for (int i = 0; i < 30; ++i)
    peer.send(wire_frame{text, std::string(1'000, 'x')}.bytes());
  pass(100ms);
  auto answered = noted().size();
  EXPECT_LT(answered, 10u) << "what the buffers hold and the high mark";
  EXPECT_LE(self->queued(), high + 2 * 1'004);
  peer.read_all();
  pass(1s);
  EXPECT_EQ(got().size(), 30u);
}

TEST_F(connection_test, a_slow_reader_costs_at_most_the_cap) {
  serve();
  auto& other = add_writer();
  peer.stop_reading();
  auto message = shared_message::text(std::string(1'000, 'x'));
  for (int i = 0; i < 1'000; ++i) {
    other.send(handle, websocket::send{message, 1});
    if (i % 10 == 0)
      pass(1ms);
    ASSERT_LE(self->queued(), cap);
  }
  pass(1ms);
  auto told = other.noted();
  EXPECT_GT(std::count(told.begin(), told.end(), "rejected overflow #1"), 950);
}

TEST_F(connection_test, the_policy_of_the_stream_decides_at_the_cap) {
  options.stream->on_overflow = net::overflow::disconnect;
  serve();
  noted();
  peer.stop_reading();
  in_connection([](auto* x) {
    for (int i = 0; i < 20; ++i)
      x->send_text(std::string(1'000, 'x'));
  });
  EXPECT_EQ(noted().back(), "closed slow_consumer 1006");
}

TEST_F(connection_test, fragments_and_dropping_the_oldest_do_not_go_together) {
  options.stream->on_overflow = net::overflow::drop_oldest;
  serve();
  in_connection([](auto* x) {
    EXPECT_FALSE(x->begin_message(message_kind::text, byte_slice::copy("a")));
    EXPECT_TRUE(x->send_text("b"));
  });
  EXPECT_EQ(got(), lines{"text b"});
}

// -- pings --------------------------------------------------------------------

TEST_F(connection_test, a_flood_of_pings_leaves_one_pong_behind) {
  serve();
  noted();
  peer.stop_reading();
  in_connection([](auto* x) { x->send_text(std::string(2'500, 'x')); });
  for (int i = 0; i < 200; ++i)
    come(ping, std::to_string(i));
  auto queued = self->queued();
  EXPECT_LT(queued, 2'500u) << "pongs were queued";
  peer.read_all();
  pass(100ms);
  auto all = got();
  ASSERT_GE(all.size(), 2u);
  EXPECT_LE(all.size(), 4u);
  EXPECT_EQ(all.back(), "pong 199");
}

TEST_F(connection_test, a_silent_peer_is_pinged_and_lives_if_it_answers) {
  serve();
  pass(29s);
  EXPECT_EQ(got(), lines{});
  pass(2s);
  EXPECT_EQ(got(), lines{"ping "});
  come(pong, "");
  pass(29s);
  EXPECT_EQ(got(), lines{});
  pass(2s);
  EXPECT_EQ(got(), lines{"ping "});
  EXPECT_EQ(noted(), (lines{"opened /live chat", "ponged "}));
}

TEST_F(connection_test, a_peer_that_talks_is_not_pinged) {
  serve();
  for (int i = 0; i < 10; ++i) {
    pass(20s);
    come(text, "x");
  }
  EXPECT_EQ(got(), lines{});
}

TEST_F(connection_test, a_peer_that_does_not_answer_is_dead) {
  serve();
  noted();
  pass(49s);
  EXPECT_EQ(noted(), lines{});
  pass(2s);
  EXPECT_EQ(noted(), (lines{"ended 1006 no answer to a ping (not clean)",
                            "closed system_error 1006"}));
}

TEST_F(connection_test, silence_means_nothing_while_nothing_is_read) {
  serve();
  in_connection([](auto* x) { x->read_paused(); });
  noted();
  pass(10min);
  EXPECT_EQ(noted(), lines{});
  EXPECT_EQ(self->state(), net::stream_state::open);
}

TEST_F(connection_test, pings_can_be_turned_off) {
  options.ping_interval = 0s;
  serve();
  pass(10min);
  EXPECT_EQ(got(), lines{});
}

template <class T>
concept has_read_timeout = requires(T& x) {
  x.read_timeout(1s);
};

TEST_F(connection_test, idleness_is_told_and_a_silent_peer_is_pinged) {
  static_assert(has_read_timeout<net::stream_broker>);
  static_assert(!has_read_timeout<websocket::connection>,
                "it would replace the deadline of the pings");
  serve();
  in_connection([](auto* x) { x->idle_timeout(20s); });
  noted();
  pass(25s);
  EXPECT_EQ(noted(), lines{"timed_out idle"});
  pass(6s);
  EXPECT_EQ(got(), lines{"ping "});
}

} // namespace
} // namespace sluice::testing

// How the connection of a WebSocket ends: goodbyes, broken protocols, ends in
// the middle.

#include "tests/net/websocket/connection_fixture.h"

namespace sluice::testing {
namespace {

using websocket::close_code;
using websocket::shared_message;

constexpr unsigned text = 1, binary = 2, close_frame = 8;

class connection_closing_test : public connection_fixture {};

TEST_F(connection_closing_test, the_peer_says_goodbye) {
  serve();
  noted();
  come(close_frame, close_payload(4001, "bye"));
  EXPECT_EQ(got(), lines{"close 4001 "});
  EXPECT_TRUE(peer.saw_end());
  peer.close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"ended 4001 bye", "closed peer_closed 4001"}));
}

TEST_F(connection_closing_test, we_say_goodbye) {
  serve();
  noted();
  in_connection([](auto* x) {
    x->send_text("last");
    x->close(close_code::going_away, "so long");
  });
  EXPECT_EQ(got(), (lines{"text last", "close 1001 so long"}));
  EXPECT_FALSE(peer.saw_end()) << "the peer has not answered";
  come(text, "late");
  come(close_frame, close_payload(1001));
  EXPECT_TRUE(peer.saw_end());
  peer.close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"ended 1001 ", "closed closed 1001"}));
}

TEST_F(connection_closing_test, another_actor_says_goodbye) {
  serve();
  auto& other = add_writer();
  other.send(handle, websocket::close{close_code::service_restart, "later"});
  other.send(handle, websocket::send{shared_message::text("x"), 9});
  pass(1ms);
  EXPECT_EQ(got(), lines{"close 1012 later"});
  EXPECT_EQ(other.noted(), lines{"rejected shut_down #9"});
}

TEST_F(connection_closing_test, a_close_command_of_the_net_is_a_goodbye) {
  serve();
  caf::anon_send(handle, net::close{});
  pass(1ms);
  EXPECT_EQ(got(), lines{"close 1000 "});
}

TEST_F(connection_closing_test, a_goodbye_is_awaited_for_a_bounded_time) {
  serve();
  noted();
  in_connection([](auto* x) { x->close(); });
  pass(4s);
  EXPECT_EQ(noted(), lines{});
  pass(2s);
  EXPECT_EQ(noted(),
            (lines{"ended 1006 the peer did not answer the close frame (not "
                   "clean)",
                   "closed drain_timeout 1006"}));
}

TEST_F(connection_closing_test, a_goodbye_is_read_while_reading_is_paused) {
  serve();
  in_connection([](auto* x) {
    x->read_paused();
    x->close();
    x->read_paused();
  });
  noted();
  come(text, "dropped");
  come(close_frame, close_payload(1000));
  EXPECT_EQ(noted(), lines{"ended 1000 "});
}

TEST_F(connection_closing_test, nothing_is_sent_after_a_goodbye) {
  serve();
  noted();
  in_connection([](auto* x) {
    x->close();
    x->close(close_code::going_away);
    EXPECT_TRUE(x->is_closing());
    EXPECT_FALSE(x->send_text("late"));
    EXPECT_FALSE(x->ping());
  });
  EXPECT_EQ(got(), lines{"close 1000 "});
  EXPECT_EQ(noted(), lines{"rejected shut_down"});
  EXPECT_EQ(returned, "late");
}

TEST_F(connection_closing_test, a_peer_that_breaks_the_protocol_is_told_how) {
  serve();
  noted();
  come(3, "x");
  auto why = "frame at byte 0: opcode 3 is reserved";
  EXPECT_EQ(got(), lines{std::string{"close 1002 "} + why});
  EXPECT_TRUE(peer.saw_end());
  come(text, "not heard");
  peer.close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{std::string{"ended 1002 "} + why + " (not clean)",
                            "closed malformed_frame 1002"}));
}

/// Sends the header of a masked frame that claims 2^64 - `below` bytes, in
/// pieces of `step`, and says what comes back.
lines answer_to_claim(connection_fixture& x, std::uint64_t below,
                      std::size_t step) {
  std::string header = "\x82\xff";
  for (int shift = 56; shift >= 0; shift -= 8)
    header += static_cast<char>((0 - below) >> shift);
  header += "abcd";
  for (std::size_t at = 0; at < header.size(); at += step) {
    x.peer.send(header.substr(at, step));
    x.pass(1ms);
  }
  return x.got();
}

// With the 14 bytes of its header the frame would have 0 bytes, or 1: a node
// that reckons so goes round in circles, or finds its invariants broken.
TEST_F(connection_closing_test, a_claim_that_wraps_to_nothing_is_refused) {
  serve();
  EXPECT_EQ(answer_to_claim(*this, 14, 14),
            lines{"close 1002 frame at byte 0: the length is above 2^63 - 1"});
}

TEST_F(connection_closing_test, a_claim_that_wraps_is_refused_byte_by_byte) {
  serve();
  EXPECT_EQ(answer_to_claim(*this, 13, 1),
            lines{"close 1002 frame at byte 0: the length is above 2^63 - 1"});
}

TEST_F(connection_closing_test, a_message_over_the_limit_is_refused_with_1009) {
  serve();
  noted();
  come(binary, std::string(20'001, 'x'));
  pass(10ms);
  auto sent = got();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(sent[0].starts_with("close 1009 ")) << sent[0];
  peer.close();
  pass(1ms);
  EXPECT_EQ(noted().back(), "closed frame_too_long 1009");
}

TEST_F(connection_closing_test, text_that_is_not_utf8_is_refused_with_1007) {
  serve();
  come(text, "\xff");
  auto sent = got();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(sent[0].starts_with("close 1007 ")) << sent[0];
}

TEST_F(connection_closing_test, an_end_without_a_goodbye_is_abnormal) {
  serve();
  noted();
  peer.half_close();
  pass(1ms);
  EXPECT_TRUE(peer.saw_end());
  EXPECT_EQ(noted(), (lines{"ended 1006 the peer ended without a close frame "
                            "(not clean)",
                            "closed peer_closed 1006"}));
}

TEST_F(connection_closing_test, an_end_inside_of_a_message_is_abnormal) {
  serve();
  noted();
  peer.send(wire_frame{text, "hello"}.bytes().substr(0, 8));
  peer.half_close();
  pass(1ms);
  EXPECT_EQ(noted().back(), "closed peer_closed 1006");
}

TEST_F(connection_closing_test, an_end_inside_of_a_header_is_abnormal) {
  serve();
  noted();
  peer.send(wire_frame{text, "hello"}.bytes().substr(0, 1));
  peer.half_close();
  pass(1ms);
  EXPECT_TRUE(peer.saw_end());
  EXPECT_EQ(noted(), (lines{"ended 1006 the peer ended inside of a frame (not "
                            "clean)",
                            "closed peer_closed 1006"}));
}

TEST_F(connection_closing_test, an_end_inside_of_a_goodbye_is_abnormal) {
  serve();
  noted();
  auto bytes = wire_frame{close_frame, close_payload(1000)}.bytes();
  peer.send(bytes.substr(0, bytes.size() - 1));
  peer.half_close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"ended 1006 the peer ended inside of a frame (not "
                            "clean)",
                            "closed peer_closed 1006"}));
}

TEST_F(connection_closing_test, a_reset_is_abnormal) {
  serve();
  noted();
  peer.reset();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"ended 1006 no close frame came: peer_reset (not "
                            "clean)",
                            "closed peer_reset 1006"}));
}

TEST_F(connection_closing_test, an_abort_is_abnormal) {
  serve();
  noted();
  in_connection([](auto* x) { x->abort(); });
  EXPECT_EQ(noted(), (lines{"ended 1006 no close frame came: aborted (not "
                            "clean)",
                            "closed aborted 1006"}));
}

TEST_F(connection_closing_test, a_behavior_that_quits_goes_away) {
  serve();
  noted();
  in_connection([](auto* x) { x->quit(); });
  EXPECT_EQ(got(), lines{"close 1001 "});
  EXPECT_EQ(noted(), lines{}) << "it is gone";
}

TEST_F(connection_closing_test, a_loop_that_stops_says_goodbye) {
  serve();
  noted();
  run.loop().request_stop();
  pass(1ms);
  EXPECT_EQ(got(), lines{"close 1001 the server ends"});
  EXPECT_EQ(noted(), (lines{"ended 1006 no close frame came: shut_down (not "
                            "clean)",
                            "closed shut_down 1006"}));
}

} // namespace
} // namespace sluice::testing

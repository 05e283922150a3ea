// The closing handshake (RFC 6455, 5.5.1, 7.1 and 7.4), and pongs.

#include "net/websocket/session.h"
#include "tests/net/websocket/frames.h"

#include <gtest/gtest.h>

namespace sluice::net::websocket {
namespace {

using runtime::byte_slice;
using testing::bytes_of;
using testing::close_payload;
using testing::events;
using testing::lines;
using testing::server_events;
using testing::wire_frame;

constexpr unsigned text = 1, close_frame = 8, ping = 9;

std::string close_of(unsigned code, std::string_view reason = {}) {
  return wire_frame{close_frame, close_payload(code, reason)}.bytes();
}

/// The close frame of a server.
std::string sent_close(unsigned code, std::string_view reason = {}) {
  auto x = wire_frame{close_frame, close_payload(code, reason)};
  x.masked = false;
  return x.bytes();
}

// -- the peer closes ----------------------------------------------------------

TEST(session_closing_test, a_close_frame_has_a_code_and_a_reason) {
  EXPECT_EQ(server_events(close_of(1000, "bye \xe2\x82\xac")),
            (lines{"close 1000 bye \xe2\x82\xac"}));
}

TEST(session_closing_test, an_empty_close_frame_has_no_code) {
  EXPECT_EQ(server_events(wire_frame{close_frame}.bytes()),
            (lines{"close 1005 "}));
}

TEST(session_closing_test, half_of_a_code_is_refused) {
  EXPECT_EQ(server_events(wire_frame{close_frame, "\x03"}.bytes()),
            (lines{"failure 1002 frame at byte 0: a close frame with half of a "
                   "code"}));
}

TEST(session_closing_test, codes_that_may_be_sent_are_taken) {
  for (unsigned code :
       {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u, 1012u,
        1013u, 1014u, 3000u, 3999u, 4000u, 4999u}) {
    lines expected{"close " + std::to_string(code) + " why"};
    EXPECT_EQ(server_events(close_of(code, "why")), expected);
    EXPECT_EQ(server_events(close_of(code, "why"), 1), expected);
    EXPECT_TRUE(may_be_sent(static_cast<close_code>(code)));
  }
}

TEST(session_closing_test, reserved_codes_and_no_codes_are_refused) {
  for (unsigned code : {0u, 1u, 999u, 1004u, 1005u, 1006u, 1015u, 1016u, 1100u,
                        2000u, 2999u, 5000u, 65'535u}) {
    lines expected{"failure 1002 frame at byte 0: close code "
                   + std::to_string(code) + " may not be sent"};
    EXPECT_EQ(server_events(close_of(code, "why")), expected);
    EXPECT_EQ(server_events(close_of(code, "why"), 1), expected);
    EXPECT_FALSE(may_be_sent(static_cast<close_code>(code)));
  }
}

TEST(session_closing_test, a_reason_that_is_not_utf8_fails_with_1007) {
  for (unsigned code : {1000u, 1012u}) {
    lines expected{"failure 1007 frame at byte 0: the reason of a close frame "
                   "is not UTF-8"};
    EXPECT_EQ(server_events(close_of(code, "\xff")), expected);
    EXPECT_EQ(server_events(close_of(code, "cut off: \xe2\x82")), expected);
  }
}

TEST(session_closing_test, a_reason_may_come_in_pieces_within_a_character) {
  auto stream = close_of(1000, "\xe2\x82\xac\xe2\x82\xac");
  for (std::size_t step = 1; step < stream.size(); ++step)
    EXPECT_EQ(server_events(stream, step),
              (lines{"close 1000 \xe2\x82\xac\xe2\x82\xac"}))
        << step;
  auto bad = close_of(1000, "ab\x80\x80");
  for (std::size_t step = 1; step < bad.size(); ++step)
    EXPECT_EQ(server_events(bad, step).front().substr(0, 12), "failure 1007")
        << step;
}

TEST(session_closing_test, nothing_comes_after_a_close_frame) {
  session server;
  EXPECT_EQ(events(server, close_of(1000) + wire_frame{text, "x"}.bytes()),
            (lines{"close 1000 "}));
  EXPECT_TRUE(server.ended());
  EXPECT_EQ(server.unread(), 0u);
  EXPECT_EQ(events(server, wire_frame{text, "y"}.bytes()), lines{});
}

TEST(session_closing_test, a_close_frame_between_fragments_ends_it) {
  EXPECT_EQ(
      server_events(wire_frame{text, "on", false}.bytes() + close_of(1001)),
      (lines{"close 1001 "}));
}

TEST(session_closing_test, the_answer_to_a_close_frame_has_its_code) {
  session server;
  events(server, close_of(4321));
  auto answer = server.close(static_cast<close_code>(4321));
  ASSERT_TRUE(answer);
  EXPECT_EQ(bytes_of(*answer), sent_close(4321));
}

// -- we close -----------------------------------------------------------------

TEST(session_closing_test, messages_still_come_after_our_close_frame) {
  session server;
  ASSERT_TRUE(server.close(close_code::going_away));
  EXPECT_EQ(events(server, wire_frame{text, "late"}.bytes() + close_of(1001)),
            (lines{"text late", "close 1001 "}));
}

TEST(session_closing_test, nothing_is_sent_after_our_close_frame) {
  session server;
  ASSERT_TRUE(server.begin(message_kind::text, byte_slice::copy("a")));
  auto sent = server.close(close_code::normal, "done");
  ASSERT_TRUE(sent);
  EXPECT_EQ(bytes_of(*sent), sent_close(1000, "done"));
  EXPECT_TRUE(server.close_sent());
  EXPECT_FALSE(server.close(close_code::normal));
  EXPECT_FALSE(server.send(message_kind::text, byte_slice::copy("x")));
  EXPECT_FALSE(server.send_more(byte_slice::copy("x")));
  EXPECT_FALSE(server.begin(message_kind::text, byte_slice::copy("x")));
  EXPECT_FALSE(server.ping());
  events(server, wire_frame{ping, "x"}.bytes());
  EXPECT_FALSE(server.take_pong());
}

TEST(session_closing_test, a_close_frame_without_a_code_is_empty) {
  session server;
  EXPECT_EQ(bytes_of(*server.close(close_code::no_status, "not sent")),
            std::string("\x88\x00", 2));
}

TEST(session_closing_test, a_code_that_may_not_be_sent_becomes_1011) {
  session server;
  EXPECT_EQ(bytes_of(*server.close(close_code::abnormal, "why")),
            sent_close(1011, "why"));
}

TEST(session_closing_test, a_reason_is_cut_at_a_character) {
  std::string reason(121, 'x');
  session server;
  EXPECT_EQ(
      bytes_of(*server.close(close_code::normal, reason + "\xe2\x82\xac")),
      sent_close(1000, reason));
  session other;
  EXPECT_EQ(bytes_of(*other.close(close_code::normal, reason + "yzz")),
            sent_close(1000, reason + "yz"));
}

// -- pongs --------------------------------------------------------------------

TEST(session_closing_test, a_ping_is_answered_with_its_payload) {
  session server;
  EXPECT_FALSE(server.owes_pong());
  events(server, wire_frame{ping, "there?"}.bytes());
  EXPECT_TRUE(server.owes_pong());
  EXPECT_EQ(bytes_of(*server.take_pong()), "\x8a\x06there?");
  EXPECT_FALSE(server.take_pong());
}

TEST(session_closing_test, only_the_newest_ping_is_answered) {
  session server;
  for (int i = 0; i < 1'000; ++i)
    events(server, wire_frame{ping, std::to_string(i)}.bytes());
  EXPECT_EQ(bytes_of(*server.take_pong()), "\x8a\x03"
                                           "999");
  EXPECT_FALSE(server.take_pong());
}

TEST(session_closing_test, an_empty_ping_is_answered_too) {
  session server;
  events(server, wire_frame{ping}.bytes());
  EXPECT_EQ(bytes_of(*server.take_pong()), std::string("\x8a\x00", 2));
}

TEST(session_closing_test, codes_have_names) {
  EXPECT_EQ(to_string(close_code::going_away), "1001 going_away");
  EXPECT_EQ(to_string(close_code::bad_gateway), "1014 bad_gateway");
  EXPECT_EQ(to_string(static_cast<close_code>(4000)), "4000");
}

} // namespace
} // namespace sluice::net::websocket

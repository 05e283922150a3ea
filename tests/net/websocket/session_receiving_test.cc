// What a session makes of what comes: messages, fragments, control frames, and
// what RFC 6455 forbids.

#include "net/websocket/session.h"
#include "tests/net/websocket/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::net::websocket {
namespace {

using testing::close_payload;
using ::testing::ElementsAre;
using testing::events;
using ::testing::HasSubstr;
using testing::lines;
using testing::server_events;
using testing::small_messages;
using testing::wire_frame;

constexpr unsigned continuation = 0, text = 1, binary = 2, ping = 9, pong = 10;

/// The one failure that `stream` ends with, whole and byte by byte.
std::string failure_of(const std::string& stream,
                       session_options options = {}) {
  session whole{options};
  auto result = events(whole, stream);
  session bytewise{options};
  EXPECT_EQ(events(bytewise, stream, 1), result);
  EXPECT_TRUE(whole.ended());
  return result.empty() ? "nothing" : result.back();
}

// -- messages -----------------------------------------------------------------

TEST(session_receiving_test, a_masked_text_of_the_rfc_is_hello) {
  // RFC 6455, 5.7
  EXPECT_EQ(server_events("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
            (lines{"text Hello"}));
}

TEST(session_receiving_test, messages_come_in_their_order_and_kind) {
  auto stream = wire_frame{text, "one"}.bytes()
                + wire_frame{binary, "two"}.bytes()
                + wire_frame{text, ""}.bytes();
  EXPECT_EQ(server_events(stream), (lines{"text one", "binary two", "text "}));
}

TEST(session_receiving_test, lengths_of_16_and_64_bits_are_read) {
  for (std::size_t size : {125u, 126u, 65'535u, 65'536u, 200'000u}) {
    std::string payload(size, 'x');
    EXPECT_EQ(server_events(wire_frame{binary, payload}.bytes()),
              (lines{"binary " + payload}))
        << size;
  }
}

TEST(session_receiving_test, fragments_become_one_message) {
  auto stream = wire_frame{text, "on", false}.bytes()
                + wire_frame{continuation, "", false}.bytes()
                + wire_frame{continuation, "e", true}.bytes()
                + wire_frame{binary, "two"}.bytes();
  EXPECT_EQ(server_events(stream), (lines{"text one", "binary two"}));
}

TEST(session_receiving_test, control_frames_between_fragments_come_at_once) {
  auto stream = wire_frame{text, "on", false}.bytes()
                + wire_frame{ping, "there?"}.bytes()
                + wire_frame{pong, "here"}.bytes()
                + wire_frame{continuation, "e", true}.bytes();
  EXPECT_EQ(server_events(stream),
            (lines{"ping there?", "pong here", "text one"}));
}

TEST(session_receiving_test, a_control_frame_of_125_bytes_is_taken) {
  std::string payload(125, 'p');
  EXPECT_EQ(server_events(wire_frame{ping, payload}.bytes()),
            (lines{"ping " + payload}));
}

TEST(session_receiving_test, a_reader_may_stop_after_each_message) {
  auto second = wire_frame{text, "two"}.bytes();
  session server;
  server.feed(
      runtime::byte_slice::copy(wire_frame{text, "one"}.bytes() + second));
  session_event event;
  ASSERT_TRUE(server.next(event));
  EXPECT_EQ(server.unread(), second.size());
  server.compact();
  ASSERT_TRUE(server.next(event));
  EXPECT_EQ(testing::text_of(event), "text two");
  EXPECT_FALSE(server.next(event));
  EXPECT_EQ(server.unread(), 0u);
}

// -- UTF-8 (RFC 6455, 8.1) ----------------------------------------------------

TEST(session_receiving_test, a_character_may_be_split_over_fragments) {
  const std::string euro = "\xe2\x82\xac";
  auto stream = wire_frame{text, euro.substr(0, 1), false}.bytes()
                + wire_frame{ping, "x"}.bytes()
                + wire_frame{continuation, euro.substr(1, 1), false}.bytes()
                + wire_frame{continuation, euro.substr(2), true}.bytes();
  EXPECT_EQ(server_events(stream), (lines{"ping x", "text " + euro}));
  EXPECT_EQ(server_events(stream, 1), (lines{"ping x", "text " + euro}));
}

TEST(session_receiving_test, text_that_is_not_utf8_fails_with_1007) {
  for (std::string bad :
       {"\xff", "abc\x80", "\xc0\xaf" /* overlong */,
        "\xed\xa0\x80" /* half of a surrogate pair */,
        "\xf4\x90\x80\x80" /* above U+10FFFF */, "\xe2\x82" /* cut off */})
    EXPECT_THAT(failure_of(wire_frame{text, bad}.bytes()),
                HasSubstr("failure 1007 frame at byte 0: a text message is not "
                          "UTF-8"));
}

TEST(session_receiving_test, the_end_of_a_message_ends_its_last_character) {
  auto stream = wire_frame{text, "\xe2\x82", false}.bytes()
                + wire_frame{continuation, "", true}.bytes();
  EXPECT_THAT(failure_of(stream), HasSubstr("failure 1007"));
}

TEST(session_receiving_test, bad_utf8_is_refused_before_the_message_ends) {
  EXPECT_THAT(failure_of(wire_frame{text, "\xff", false}.bytes()),
              HasSubstr("failure 1007"));
}

TEST(session_receiving_test, binary_messages_may_have_any_bytes) {
  EXPECT_EQ(server_events(wire_frame{binary, "\xff\x80"}.bytes()),
            (lines{"binary \xff\x80"}));
}

// -- what may not be ----------------------------------------------------------

TEST(session_receiving_test, a_client_has_to_mask) {
  auto bad = wire_frame{text, "hi"};
  bad.masked = false;
  EXPECT_EQ(failure_of(bad.bytes()),
            "failure 1002 frame at byte 0: a client's frame is not masked");
}

TEST(session_receiving_test, a_server_must_not_mask) {
  session_options options;
  options.role = role::client;
  EXPECT_EQ(failure_of(wire_frame{text, "hi"}.bytes(), options),
            "failure 1002 frame at byte 0: a server's frame is masked");
}

TEST(session_receiving_test, a_client_takes_what_is_not_masked) {
  session client{testing::client_options()};
  auto good = wire_frame{text, "hi"};
  good.masked = false;
  EXPECT_EQ(events(client, good.bytes()), (lines{"text hi"}));
}

TEST(session_receiving_test, each_reserved_bit_is_refused) {
  for (unsigned bit : {1u, 2u, 4u})
    for (unsigned code : {text, ping}) {
      auto bad = wire_frame{code, "x"};
      bad.reserved = bit;
      EXPECT_THAT(failure_of(bad.bytes()),
                  HasSubstr("1002 frame at byte 0: a reserved bit is set"));
    }
}

TEST(session_receiving_test, reserved_opcodes_are_refused) {
  for (unsigned code : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u})
    EXPECT_EQ(failure_of(wire_frame{code, "x"}.bytes()),
              "failure 1002 frame at byte 0: opcode " + std::to_string(code)
                  + " is reserved");
}

TEST(session_receiving_test, control_frames_over_125_bytes_are_refused) {
  for (unsigned code : {8u, ping, pong})
    EXPECT_EQ(failure_of(wire_frame{code, std::string(126, 'x')}.bytes()),
              "failure 1002 frame at byte 0: a control frame has more than 125 "
              "bytes");
}

TEST(session_receiving_test, control_frames_in_fragments_are_refused) {
  EXPECT_EQ(failure_of(wire_frame{ping, "x", false}.bytes()),
            "failure 1002 frame at byte 0: a control frame is in fragments");
}

TEST(session_receiving_test, lengths_in_a_longer_form_are_refused) {
  for (int form : {2, 8})
    for (std::size_t size : {0u, 125u, 126u, 65'535u}) {
      if (form == 2 && size > 125)
        continue;
      auto bad = wire_frame{binary, std::string(size, 'x')};
      bad.length_bytes = form;
      EXPECT_EQ(failure_of(bad.bytes()),
                "failure 1002 frame at byte 0: the length is not in its "
                "shortest form")
          << form << ' ' << size;
    }
}

TEST(session_receiving_test, a_length_with_the_highest_bit_is_refused) {
  EXPECT_EQ(failure_of("\x82\xff\x80" + std::string(7, '\0') + "abcdx"),
            "failure 1002 frame at byte 0: the length is above 2^63 - 1");
}

TEST(session_receiving_test, a_length_that_wraps_with_its_header_is_refused) {
  // From 2^64 - 1 down: with 10 or 14 bytes of header the sum is small, or 0.
  for (std::uint64_t below = 1; below <= 20; ++below)
    for (auto who : {role::server, role::client}) {
      std::string stream = who == role::server ? "\x82\xff" : "\x82\x7f";
      for (int shift = 56; shift >= 0; shift -= 8)
        stream += static_cast<char>((0 - below) >> shift);
      stream += "abcd\x82\x80"
                "efgh";
      session_options options;
      options.role = who;
      // Not EXPECT: a sum of 0 that is believed does not end.
      ASSERT_EQ(failure_of(stream, options),
                "failure 1002 frame at byte 0: the length is above 2^63 - 1")
          << "2^64 - " << below;
    }
}

TEST(session_receiving_test, a_continuation_of_nothing_is_refused) {
  auto stream =
      wire_frame{text, "hi"}.bytes() + wire_frame{continuation, "x"}.bytes();
  EXPECT_EQ(failure_of(stream),
            "failure 1002 frame at byte 8: a continuation, and no message has "
            "begun");
}

TEST(session_receiving_test, a_message_inside_of_another_is_refused) {
  auto stream =
      wire_frame{text, "hi", false}.bytes() + wire_frame{binary, "x"}.bytes();
  EXPECT_EQ(failure_of(stream), "failure 1002 frame at byte 8: a message "
                                "begins inside of another one");
}

TEST(session_receiving_test, nothing_is_said_after_a_failure) {
  auto stream = wire_frame{3, "x"}.bytes() + wire_frame{text, "hi"}.bytes();
  EXPECT_EQ(server_events(stream).size(), 1u);
  EXPECT_EQ(server_events(stream, 1).size(), 1u);
}

// -- limits -------------------------------------------------------------------

TEST(session_receiving_test, a_message_of_the_limit_is_taken) {
  session server{small_messages(10)};
  EXPECT_EQ(events(server, wire_frame{text, "0123456789"}.bytes()),
            (lines{"text 0123456789"}));
}

TEST(session_receiving_test, a_longer_message_fails_before_it_has_come) {
  auto stream = wire_frame{text, "0123456789a"}.bytes();
  stream.resize(7); // the header and one byte
  EXPECT_EQ(failure_of(stream, small_messages(10)),
            "failure 1009 frame at byte 0: the message has more than 10 bytes");
}

TEST(session_receiving_test, fragments_count_together) {
  auto stream = wire_frame{text, "01234", false}.bytes()
                + wire_frame{ping, "a ping does not count"}.bytes()
                + wire_frame{continuation, "56789a", true}.bytes();
  session server{small_messages(10)};
  EXPECT_THAT(events(server, stream),
              ElementsAre("ping a ping does not count",
                          HasSubstr("failure 1009 frame at byte")));
}

TEST(session_receiving_test, each_message_counts_for_itself) {
  session server{small_messages(10)};
  auto one = wire_frame{text, "0123456789"}.bytes();
  EXPECT_EQ(events(server, one + one + one).size(), 3u);
}

TEST(session_receiving_test, the_largest_claim_is_refused_and_not_allocated) {
  EXPECT_THAT(failure_of("\x82\xff\x7f" + std::string(7, '\xff') + "abcdx"),
              HasSubstr("failure 1009"));
}

} // namespace
} // namespace sluice::net::websocket

// The frames that a session sends.

#include "net/websocket/session.h"
#include "tests/net/websocket/frames.h"

#include <gtest/gtest.h>

namespace sluice::net::websocket {
namespace {

using runtime::byte_slice;
using testing::bytes_of;
using testing::client_options;
using testing::events;
using testing::lines;
using testing::wire_frame;

std::string unmasked(unsigned code, std::string payload, bool fin = true) {
  auto x = wire_frame{code, std::move(payload), fin};
  x.masked = false;
  return x.bytes();
}

TEST(session_sending_test, a_message_is_one_frame_in_its_shortest_form) {
  for (std::size_t size : {0u, 1u, 125u, 126u, 65'535u, 65'536u, 100'000u}) {
    session server;
    std::string payload(size, 'x');
    EXPECT_EQ(
        bytes_of(*server.send(message_kind::binary, byte_slice::copy(payload))),
        unmasked(2, payload))
        << size;
  }
}

TEST(session_sending_test, a_server_shares_the_payload) {
  session server;
  auto payload = byte_slice::copy("shared");
  EXPECT_EQ(server.send(message_kind::text, payload)->payload.data(),
            payload.data());
}

TEST(session_sending_test, a_client_masks_a_copy) {
  session client{client_options("wxyz")};
  auto payload = byte_slice::copy("hello");
  auto sent = client.send(message_kind::text, payload);
  auto expected = wire_frame{1, "hello"};
  expected.key = "wxyz";
  EXPECT_EQ(bytes_of(*sent), expected.bytes());
  EXPECT_EQ(payload.view(), "hello");
}

TEST(session_sending_test, masks_of_a_client_differ) {
  session_options options;
  options.role = role::client;
  session client{options};
  auto one = bytes_of(*client.ping());
  auto two = bytes_of(*client.ping());
  EXPECT_EQ(one.size(), 6u);
  EXPECT_NE(one, two) << "by chance in one of 2^32 runs";
}

TEST(session_sending_test, a_stream_is_sent_in_fragments) {
  session server;
  EXPECT_EQ(bytes_of(*server.begin(message_kind::text, byte_slice::copy("a"))),
            unmasked(1, "a", false));
  EXPECT_TRUE(server.under_way());
  EXPECT_EQ(bytes_of(*server.send_more(byte_slice::copy("b"))),
            unmasked(0, "b", false));
  EXPECT_EQ(bytes_of(*server.ping(byte_slice::copy("x"))), unmasked(9, "x"));
  EXPECT_EQ(bytes_of(*server.send_more(byte_slice::copy("c"), true)),
            unmasked(0, "c", true));
  EXPECT_FALSE(server.under_way());
}

TEST(session_sending_test, no_message_is_sent_inside_of_another) {
  session server;
  ASSERT_TRUE(server.begin(message_kind::text, byte_slice::copy("a")));
  EXPECT_FALSE(server.send(message_kind::text, byte_slice::copy("x")));
  EXPECT_FALSE(server.begin(message_kind::text, byte_slice::copy("x")));
  ASSERT_TRUE(server.send_more({}, true));
  EXPECT_TRUE(server.send(message_kind::text, byte_slice::copy("x")));
}

TEST(session_sending_test, nothing_continues_what_has_not_begun) {
  session server;
  EXPECT_FALSE(server.send_more(byte_slice::copy("x")));
}

TEST(session_sending_test, a_ping_is_cut_to_what_a_control_frame_carries) {
  session server;
  EXPECT_EQ(bytes_of(*server.ping(byte_slice::copy(std::string(200, 'x')))),
            unmasked(9, std::string(125, 'x')));
}

TEST(session_sending_test, both_ends_understand_each_other) {
  session server;
  session client{client_options()};
  std::string large(70'000, 'x');
  std::string sent;
  auto send = [&sent](const std::optional<frame>& x) { sent += bytes_of(*x); };
  send(client.send(message_kind::text, byte_slice::copy("hi")));
  send(client.begin(message_kind::binary, byte_slice::copy(large)));
  send(client.ping(byte_slice::copy("p")));
  send(client.send_more(byte_slice::copy("y"), true));
  send(client.close(close_code::normal, "bye"));
  EXPECT_EQ(
      events(server, sent),
      (lines{"text hi", "ping p", "binary " + large + "y", "close 1000 bye"}));
  sent.clear();
  send(server.take_pong());
  send(server.close(close_code::normal));
  EXPECT_EQ(events(client, sent), (lines{"pong p", "close 1000 "}));
}

} // namespace
} // namespace sluice::net::websocket

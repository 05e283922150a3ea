// Who speaks the wire wrong: garbage, other versions, silence, and hosts that
// break its rules. Each is told why if it can be, and nobody waits for ever.

#include "actors/channel/wire.h"
#include "runtime/error.h"
#include "runtime/limits.h"
#include "tests/actors/channel/channel_world.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_server.h"

#include <gtest/gtest.h>

namespace sluice::actors::channel {
namespace {

using namespace std::chrono_literals;
using runtime::to_text;
using sluice::testing::at;
using sluice::testing::sim_peer;
using sluice::testing::sim_server;
using testing::says;
using testing::self_of;

class channel_handshake_test : public testing::channel_world {
protected:
  channel_handshake_test() : peer_(world_) {
    open_inlet({.window_messages = 256});
    peer_.connect(at("127.0.0.1", 7000));
  }

  template <class T>
  void say(const T& x) {
    std::string bytes;
    wire::encode(x, bytes);
    peer_.send(bytes);
  }

  /// The next frame that the host sent, if it is a T.
  template <class T>
  T hear() {
    settle();
    inbox_ += peer_.take_received();
    if (inbox_.size() < 4)
      return ADD_FAILURE() << "nothing was said", T{};
    auto size = wire::item_size(inbox_.data());
    auto frame =
        wire::decode(runtime::byte_slice::copy(inbox_.substr(4, size)));
    inbox_.erase(0, 4 + size);
    if (!frame || !std::holds_alternative<T>(*frame))
      return ADD_FAILURE() << "something else was said", T{};
    return std::get<T>(*frame);
  }

  void shake_hands() {
    say(wire::hello{1, 1, 99, 1 << 20, 100});
    hear<wire::welcome>();
  }

  void open_channel(std::uint32_t number = 1) {
    say(wire::open{number, {99, number}, 0, 0, "lines", "@str"});
  }

  void send_items(std::uint32_t channel, std::uint64_t first,
                  std::uint32_t count, std::string_view item) {
    std::string items;
    for (std::uint32_t i = 0; i < count; ++i) {
      char length[wire::item_header_bytes];
      wire::put_item_header(item.size(), length);
      items.append(length, sizeof(length)).append(item);
    }
    std::string bytes;
    wire::encode_data_header(channel, first, count, items.size(), bytes);
    peer_.send(bytes + items);
  }

  /// The host says that this is over, why, and ends the connection.
  void expect_refusal(end_reason why, std::string_view text) {
    auto x = hear<wire::refuse>();
    EXPECT_EQ(x.reason, why) << to_string(x.reason);
    EXPECT_NE(x.text.find(text), std::string::npos) << x.text;
    EXPECT_TRUE(peer_.saw_end());
  }

  sim_peer peer_;
  std::string inbox_;
};

TEST_F(channel_handshake_test, another_protocol_is_refused) {
  peer_.send("GET / HTTP/1.1\r\n\r\n");
  expect_refusal(end_reason::not_a_host, "length prefix is over the limit");
}

TEST_F(channel_handshake_test, wrong_magic_is_refused) {
  std::string bytes;
  wire::encode(wire::hello{}, bytes);
  bytes[5] = 'X';
  peer_.send(bytes);
  expect_refusal(end_reason::not_a_host, "magic is not SLCH");
}

TEST_F(channel_handshake_test, other_version_is_told_ours) {
  say(wire::hello{7, 9, 99, 1 << 20, 100});
  expect_refusal(end_reason::version_mismatch,
                 "this host speaks the versions 1 to 1, the other one 7 to 9");
}

TEST_F(channel_handshake_test, later_version_that_knows_ours_is_welcome) {
  say(wire::hello{1, 9, 99, 1 << 20, 100});
  EXPECT_EQ(hear<wire::welcome>().version, 1);
}

TEST_F(channel_handshake_test, frames_before_the_handshake_are_refused) {
  open_channel();
  expect_refusal(end_reason::not_a_host, "\"open\" was not expected");
}

TEST_F(channel_handshake_test, silent_peer_is_cut_off_at_the_deadline) {
  run_.during(runtime::limits::channel_handshake - 100ms);
  EXPECT_TRUE(peer_.open());
  run_.during(200ms);
  EXPECT_FALSE(peer_.open());
}

TEST_F(channel_handshake_test, peer_that_falls_silent_later_is_cut_off) {
  shake_hands();
  run_.during(runtime::limits::channel_silence_max - 200ms);
  EXPECT_TRUE(peer_.open());
  run_.during(500ms);
  EXPECT_TRUE(peer_.saw_end());
}

TEST_F(channel_handshake_test, pings_are_answered_once_for_all_that_wait) {
  shake_hands();
  for (std::uint64_t i = 1; i <= 1'000; ++i)
    say(wire::ping{i});
  settle();
  std::size_t answers = 0;
  wire::pong last;
  inbox_ += peer_.take_received();
  EXPECT_LT(inbox_.size(), 1'000u);
  while (!inbox_.empty()) {
    last = hear<wire::pong>();
    ++answers;
  }
  EXPECT_GE(answers, 1u);
  EXPECT_EQ(last.token, 1'000u);
}

TEST_F(channel_handshake_test, unknown_frame_ends_the_link_unless_ignorable) {
  shake_hands();
  peer_.send(std::string("\0\0\0\2\xc8\1", 6));
  say(wire::ping{5});
  EXPECT_EQ(hear<wire::pong>().token, 5u);
  peer_.send(std::string("\0\0\0\2\x64\1", 6));
  expect_refusal(end_reason::protocol_error, "unknown kind 100");
}

TEST_F(channel_handshake_test, data_over_the_credit_ends_the_link) {
  shake_hands();
  open_channel();
  EXPECT_EQ(hear<wire::opened>().message_limit, 256u);
  got_->keep = true;
  send_items(1, 0, 256, std::string("\1x", 2));
  settle();
  EXPECT_EQ(got_->items.size(), 256u);
  EXPECT_EQ(got_->items[0], "x");
  send_items(1, 256, 1, std::string("\1x", 2));
  expect_refusal(end_reason::protocol_error, "goes over the credit");
  ASSERT_EQ(got_->interrupted.size(), 1u);
  EXPECT_EQ(got_->interrupted[0].reason, end_reason::protocol_error);
  EXPECT_EQ(got_->interrupted[0].position, 256u);
}

TEST_F(channel_handshake_test, gap_ends_the_link) {
  shake_hands();
  open_channel();
  hear<wire::opened>();
  send_items(1, 1, 1, std::string("\1x", 2));
  expect_refusal(end_reason::protocol_error,
                 "begins at position 1 instead of 0");
}

TEST_F(channel_handshake_test, message_that_its_type_cannot_read_fails_it) {
  shake_hands();
  open_channel();
  hear<wire::opened>();
  send_items(1, 0, 1, std::string("\x09x", 2)); // a text of nine bytes
  auto x = hear<wire::close>();
  EXPECT_EQ(x.channel, 1u);
  EXPECT_EQ(x.reason, end_reason::malformed_message);
  ASSERT_EQ(got_->in_closed.size(), 1u);
  EXPECT_EQ(got_->in_closed[0].reason, end_reason::malformed_message);
  EXPECT_TRUE(peer_.open()) << "other channels go on";
  // What was on its way is nobody's fault.
  send_items(1, 1, 1, std::string("\1x", 2));
  say(wire::ping{5});
  EXPECT_EQ(hear<wire::pong>().token, 5u);
}

TEST_F(channel_handshake_test, bytes_behind_a_message_fail_it_too) {
  shake_hands();
  open_channel();
  hear<wire::opened>();
  send_items(1, 0, 1, std::string("\1xyz", 4));
  EXPECT_EQ(hear<wire::close>().reason, end_reason::malformed_message);
}

TEST_F(channel_handshake_test, channel_that_was_never_opened_ends_the_link) {
  shake_hands();
  send_items(3, 0, 1, std::string("\1x", 2));
  expect_refusal(end_reason::protocol_error, "never opened");
}

TEST_F(channel_handshake_test, channel_number_that_was_used_ends_the_link) {
  shake_hands();
  open_channel(5);
  hear<wire::opened>();
  open_channel(5);
  expect_refusal(end_reason::protocol_error, "\"open\" was not expected");
}

TEST_F(channel_handshake_test, who_asks_and_does_not_read_is_cut_off) {
  shake_hands();
  peer_.stop_reading();
  // Each is answered by a refusal of more bytes than it has itself.
  for (std::uint32_t i = 1; i <= 40'000 && peer_.open(); ++i) {
    say(wire::open{i, {99, i}, 0, 0, std::string(100, 'x'), "@str"});
    if (i % 1'000 == 0)
      settle();
  }
  settle();
  EXPECT_FALSE(peer_.open());
}

TEST_F(channel_handshake_test,
       stream_that_comes_over_a_new_link_leaves_the_old) {
  shake_hands();
  open_channel();
  hear<wire::opened>();
  send_items(1, 0, 10, std::string("\1x", 2));
  settle();
  sim_peer next{world_};
  next.connect(at("127.0.0.1", 7000));
  std::string bytes;
  wire::encode(wire::hello{1, 1, 99, 1 << 20, 100}, bytes);
  wire::encode(wire::open{1, {99, 1}, 0, 10, "lines", "@str"}, bytes);
  next.send(bytes);
  settle();
  ASSERT_EQ(got_->in_opened.size(), 2u);
  EXPECT_EQ(got_->in_opened[1].position, 10u);
  // The old link did not notice, and is not listened to.
  send_items(1, 10, 5, std::string("\1o", 2));
  settle();
  EXPECT_EQ(got_->items.size(), 10u);
  peer_.reset();
  settle();
  EXPECT_TRUE(got_->interrupted.empty());
}

// -- the other way round: whom we connect to ----------------------------------

class channel_peer_test : public testing::channel_world {
protected:
  channel_peer_test() : server_(world_, at("127.0.0.1", 9000)) {
    auto made = near_->open_outlet<std::string>(
        self_of(sender_), "tcp://127.0.0.1:9000", "lines");
    EXPECT_TRUE(made);
    outs_.push_back(std::move(*made));
  }

  const outlet_closed& closed() {
    EXPECT_TRUE(until([&] { return !sent_->closed.empty(); }));
    sent_->closed.resize(std::max<std::size_t>(sent_->closed.size(), 1));
    return sent_->closed[0];
  }

  template <class... Ts>
  void answer(const Ts&... frames) {
    std::string bytes;
    (wire::encode(frames, bytes), ...);
    server_.on_accept = [bytes](sim_peer& x) { x.send(bytes); };
  }

  static constexpr wire::welcome welcome{1, 7, 1 << 21, 100};

  sim_server server_;
};

TEST_F(channel_peer_test, another_protocol_is_named) {
  server_.on_accept = [](sim_peer& x) { x.send("220 mail.example.org\r\n"); };
  EXPECT_EQ(closed().reason, end_reason::not_a_host);
}

TEST_F(channel_peer_test, server_that_never_answers) {
  auto start = world_.now();
  EXPECT_EQ(closed().reason, end_reason::not_a_host);
  EXPECT_LE(world_.now() - start, runtime::limits::channel_handshake + 1s);
}

TEST_F(channel_peer_test, refusal_is_passed_on) {
  answer(wire::refuse{end_reason::version_mismatch, "only version 9"});
  EXPECT_EQ(closed().reason, end_reason::version_mismatch);
  EXPECT_NE(to_text(closed().error).find("only version 9"), std::string::npos);
}

TEST_F(channel_peer_test, version_that_we_did_not_offer_is_refused) {
  answer(wire::welcome{2, 7, 1 << 21, 100});
  EXPECT_EQ(closed().reason, end_reason::version_mismatch);
}

TEST_F(channel_peer_test, channel_that_is_not_answered_is_given_up) {
  answer(welcome); // and is silent no longer than that
  EXPECT_EQ(closed().reason, end_reason::open_timeout);
}

TEST_F(channel_peer_test, credit_before_the_channel_is_open_is_ignored) {
  answer(welcome, wire::grant{1, 0, 5, 5}, wire::finished{1});
  settle();
  EXPECT_TRUE(sent_->closed.empty());
}

TEST_F(channel_peer_test, position_that_was_never_pushed_closes_the_outlet) {
  answer(welcome, wire::opened{1, 5, 0, 5, 261, 1'000, 256, 1'000});
  EXPECT_EQ(closed().reason, end_reason::position_lost);
}

TEST_F(channel_peer_test, connection_that_is_reset_is_a_lost_link) {
  answer(welcome, wire::opened{1, 0, 0, 0, 256, 1'000, 256, 1'000});
  settle();
  ASSERT_EQ(sent_->opened.size(), 1u);
  server_.last().reset();
  EXPECT_EQ(closed().reason, end_reason::link_lost);
  EXPECT_TRUE(says(closed().error, "ECONNRESET")) << to_text(closed().error);
}

TEST_F(channel_peer_test, finished_without_an_end_ends_the_link) {
  answer(welcome, wire::opened{1, 0, 0, 0, 256, 1'000, 256, 1'000},
         wire::finished{1});
  EXPECT_EQ(closed().reason, end_reason::protocol_error);
}

TEST_F(channel_peer_test, credit_that_is_taken_back_ends_the_link) {
  answer(welcome, wire::opened{1, 0, 0, 0, 256, 1'000, 256, 1'000},
         wire::grant{1, 0, 200, 1'000});
  EXPECT_EQ(closed().reason, end_reason::protocol_error);
}

} // namespace
} // namespace sluice::actors::channel

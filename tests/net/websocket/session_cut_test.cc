// What a session says does not depend on how the stream was cut, and what it
// holds grows with what has come.

#include "net/websocket/session.h"
#include "tests/net/allocations.h"
#include "tests/net/websocket/frames.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

namespace sluice::net::websocket {
namespace {

using testing::allocations;
using testing::close_payload;
using testing::events;
using testing::lines;
using testing::random_source;
using testing::reset_allocations;
using testing::small_messages;
using testing::wire_frame;

constexpr std::size_t limit = 100'000;

/// Text of characters of all lengths, now and then with a byte that is wrong.
std::string random_payload(random_source& random, std::size_t size) {
  static const std::vector<std::string> characters{
      "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8c\x8a"};
  std::string result;
  while (result.size() < size)
    result += random.pick(characters);
  if (random.per_mille(20))
    result[random.below(result.size())] ^=
        static_cast<char>(1u << random.below(8));
  return result;
}

wire_frame random_frame(random_source& random, bool& inside) {
  wire_frame result;
  result.code = inside ? 0 : random.per_mille(500) ? 1 : 2;
  result.payload = random_payload(random, random.size_between(1, 30'000));
  result.fin = random.per_mille(500);
  if (random.per_mille(300)) {
    result.code = random.per_mille(500) ? 9 : 10;
    result.fin = true;
    result.payload = random_payload(random, random.below(120) + 1);
    result.payload.resize(std::min<std::size_t>(result.payload.size(), 125));
  } else if (random.per_mille(50)) {
    result.code = 8;
    result.fin = true;
    result.payload = close_payload(
        random.per_mille(800) ? 1000 : 1000 + unsigned(random.below(20)),
        random_payload(random, random.below(110) + 1));
  } else {
    if (random.per_mille(100))
      result.payload.clear();
    inside = !result.fin;
  }
  for (auto& x : result.key)
    x = static_cast<char>(random.next());
  // And what may not be.
  if (random.per_mille(20))
    result.code = static_cast<unsigned>(random.below(16));
  if (random.per_mille(10))
    result.reserved = static_cast<unsigned>(random.below(8));
  if (random.per_mille(10))
    result.masked = false;
  if (random.per_mille(10))
    result.length_bytes = 8;
  return result;
}

TEST(session_cut_test, any_stream_in_any_pieces_gives_the_same_events) {
  std::size_t messages = 0, failures = 0, closes = 0;
  testing::for_each_seed(400, [&](std::uint64_t seed) {
    random_source random{seed};
    std::string stream;
    bool inside = false;
    for (auto n = random.between(1, 30); n > 0; --n)
      stream += random_frame(random, inside).bytes();
    session whole{small_messages(limit)};
    auto expected = events(whole, stream);
    session bytewise{small_messages(limit)};
    ASSERT_EQ(events(bytewise, stream, 1), expected);
    for (int i = 0; i < 3; ++i) {
      session in_pieces{small_messages(limit)};
      ASSERT_EQ(events_in_pieces(in_pieces, stream, random), expected);
    }
    for (auto& x : expected) {
      messages += x.starts_with("text") || x.starts_with("binary");
      failures += x.starts_with("failure");
      closes += x.starts_with("close");
    }
  });
  if (testing::replayed_seed())
    return;
  // The streams are what they were meant to be.
  EXPECT_GT(messages, 500u);
  EXPECT_GT(failures, 50u);
  EXPECT_GT(closes, 50u);
}

// Found by tests/fuzz/websocket_session_fuzz. The header that claims 2^64 - 13
// bytes is 14 bytes long, and in 64 bits their sum is 1.
TEST(session_cut_test, a_length_that_wraps_with_its_header_is_blamed_on_it) {
  auto stream = std::string{"\x01\x02h\xc3\x89\x00\x00\x03\xa4\x00\x00", 11}
                + std::string(87, '\0') + std::string(8, '\xff') + '\xf3'
                + std::string(66, '\0') + '#' + std::string(63, '\0')
                + "ll\xd9\n\x1bo\x03\xa4ll\x80\no \x8a";
  for (std::size_t step : {std::string::npos, std::size_t{1}, std::size_t{4}}) {
    session client{testing::client_options()};
    EXPECT_EQ(
        events(client, stream, step),
        (lines{"ping ",
               "failure 1002 frame at byte 97: the length is above 2^63 - 1"}))
        << "in pieces of " << step;
  }
}

TEST(session_cut_test, a_claimed_length_takes_no_memory) {
  auto header = wire_frame{2, std::string(900'000, 'x')}.bytes().substr(0, 15);
  session server;
  reset_allocations();
  events(server, header);
  EXPECT_LT(allocations().largest_bytes, 1'000u);
}

TEST(session_cut_test, memory_grows_with_what_has_come) {
  constexpr std::size_t size = 1'000'000;
  auto stream = wire_frame{2, std::string(size, 'x')}.bytes();
  session server;
  session_event event;
  reset_allocations();
  for (std::size_t at = 0; at < stream.size() / 2; at += 1'000) {
    server.feed(
        runtime::byte_slice::copy(std::string_view{stream}.substr(at, 1'000)));
    ASSERT_FALSE(server.next(event));
    // The piece, what there is and, while it is moved, twice of that.
    ASSERT_LT(allocations().live_bytes, 2 * (at + 1'000) + 10'000);
  }
  EXPECT_LT(allocations().peak_bytes, size * 2);
}

TEST(session_cut_test,
     a_message_in_a_million_fragments_is_not_copied_for_each) {
  session server;
  auto piece = wire_frame{2, "x", false}.bytes();
  auto more = wire_frame{0, "x", false}.bytes();
  events(server, piece);
  std::string many;
  for (int i = 0; i < 1'000; ++i)
    many += more;
  reset_allocations();
  for (int i = 0; i < 500; ++i)
    events(server, many);
  // The input itself, and the sum of a row that doubles.
  EXPECT_LT(allocations().total_bytes, 500 * many.size() * 2 + 4'000'000);
}

TEST(session_cut_test, pings_that_nobody_answers_take_no_memory) {
  session server;
  auto ping = wire_frame{9, std::string(125, 'p')}.bytes();
  events(server, ping);
  reset_allocations();
  for (int i = 0; i < 10'000; ++i)
    events(server, ping);
  EXPECT_LT(allocations().live_bytes, 1'000u);
}

} // namespace
} // namespace sluice::net::websocket

#include "net/resp_codec.h"

#include "net/resp.h"
#include "tests/net/framing.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

using namespace sluice::testing;
using strings = std::vector<std::string>;

make_codec resp(resp_side side, const resp_bounds& bounds = {}) {
  return [=] { return std::make_unique<resp_codec>(side, bounds); };
}

const auto commands = resp(resp_side::commands);
const auto replies = resp(resp_side::replies);

const std::string set = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n";

/// The error for a stream, which must not depend on how it is cut.
std::string error_of(const make_codec& make, const std::string& stream) {
  auto whole = frame_whole(make, stream);
  EXPECT_EQ(frame_bytewise(make, stream), whole) << stream.substr(0, 100);
  return whole.error;
}

// -- commands -----------------------------------------------------------------

TEST(resp_codec_test, command_is_a_frame_as_it_stands) {
  EXPECT_EQ(frame_whole(commands, set).frames, (strings{set}));
}

TEST(resp_codec_test, pipelined_commands_are_frames_each) {
  EXPECT_EQ(frame_whole(commands, set + "PING\r\n" + set).frames,
            (strings{set, "PING\r\n", set}));
}

TEST(resp_codec_test, inline_command_ends_in_lf_or_cr_lf) {
  EXPECT_EQ(frame_bytewise(commands, "PING\r\nGET a\n").frames,
            (strings{"PING\r\n", "GET a\n"}));
}

TEST(resp_codec_test, empty_commands_are_frames) {
  EXPECT_EQ(frame_bytewise(commands, "\r\n*0\r\n*-1\r\n*-7\r\n").frames,
            (strings{"\r\n", "*0\r\n", "*-1\r\n", "*-7\r\n"}));
}

TEST(resp_codec_test, bulk_strings_may_hold_anything) {
  std::string stream = "*2\r\n$6\r\n\r\n$1\r\n\r\n$0\r\n\r\n";
  EXPECT_EQ(frame_bytewise(commands, stream).frames, (strings{stream}));
}

TEST(resp_codec_test, size_of_a_command_is_known_once_its_last_length_is) {
  resp_codec codec{resp_side::commands};
  EXPECT_EQ(codec.decode(set.substr(0, 10)).expected, 0u);
  EXPECT_EQ(codec.decode(set.substr(0, set.size() - 7)).expected, set.size());
}

TEST(resp_codec_test, count_that_is_no_number_is_malformed) {
  for (auto count : {"", "x", "1x", " 1", "1 ", "+1", "01", "-0", "--1", "1.0",
                     "99999999999999999999"})
    EXPECT_EQ(error_of(commands, "*" + std::string{count} + "\r\n"),
              "Protocol error: invalid multibulk length")
        << count;
}

TEST(resp_codec_test, count_over_the_bound_is_refused_by_its_header) {
  for (auto count : {"1048577", "2147483648", "9223372036854775807"})
    EXPECT_EQ(error_of(commands, "*" + std::string{count} + "\r\n"),
              "Protocol error: invalid multibulk length")
        << count;
  EXPECT_EQ(error_of(commands, "*1048576\r\n"), "");
}

TEST(resp_codec_test, count_without_an_end_is_refused_at_the_inline_bound) {
  std::string endless = "*" + std::string(64 * 1024, '1');
  EXPECT_EQ(error_of(commands, endless),
            "Protocol error: too big mbulk count string");
  endless.pop_back();
  EXPECT_EQ(error_of(commands, endless), "");
}

TEST(resp_codec_test, element_that_is_no_bulk_string_is_named) {
  EXPECT_EQ(error_of(commands, "*1\r\nx"),
            "Protocol error: expected '$', got 'x'");
  EXPECT_EQ(error_of(commands, "*1\r\n*1\r\n$4\r\nPING\r\n"),
            "Protocol error: expected '$', got '*'");
  EXPECT_EQ(error_of(commands, "*1\r\n\x01"),
            "Protocol error: expected '$', got '\\x01'");
  EXPECT_EQ(error_of(commands, "*1\r\n\xff"),
            "Protocol error: expected '$', got '\\xff'");
}

TEST(resp_codec_test, length_that_is_no_length_is_malformed) {
  for (auto length : {"", "x", "-1", "+1", "03", "4x", "67108865",
                      "9223372036854775808", "-9223372036854775808"})
    EXPECT_EQ(error_of(commands, "*1\r\n$" + std::string{length} + "\r\n"),
              "Protocol error: invalid bulk length")
        << length;
  EXPECT_EQ(error_of(commands, "*1\r\n$67108864\r\n"), "");
}

TEST(resp_codec_test, length_without_an_end_is_refused_at_the_inline_bound) {
  EXPECT_EQ(error_of(commands, "*1\r\n$" + std::string(64 * 1024, '1')),
            "Protocol error: too big bulk count string");
}

TEST(resp_codec_test, cr_without_lf_is_malformed) {
  EXPECT_EQ(error_of(commands, "*1\rx"),
            "Protocol error: invalid multibulk length");
  EXPECT_EQ(error_of(commands, "*1\r\n$1\rx"),
            "Protocol error: invalid bulk length");
}

TEST(resp_codec_test, bulk_string_longer_than_its_length_is_malformed) {
  EXPECT_EQ(error_of(commands, "*1\r\n$3\r\nPING\r\n"),
            "Protocol error: no CR LF after a bulk string");
}

TEST(resp_codec_test, inline_command_over_the_bound_is_refused) {
  std::string longest(64 * 1024, 'x');
  EXPECT_EQ(error_of(commands, longest + "\r\n"), "");
  EXPECT_EQ(error_of(commands, longest + "x\n"),
            "Protocol error: too big inline request");
  EXPECT_EQ(error_of(commands, longest + "x"),
            "Protocol error: too big inline request");
}

TEST(resp_codec_test, frame_over_its_bound_is_refused_by_its_headers) {
  auto small = resp(resp_side::commands, {.frame_bytes = set.size()});
  EXPECT_EQ(error_of(small, set), "");
  auto smaller = resp(resp_side::commands, {.frame_bytes = set.size() - 1});
  EXPECT_EQ(error_of(smaller, set), "Protocol error: too big frame");
  EXPECT_EQ(error_of(smaller, "*100\r\n"), "Protocol error: too big frame");
  // An element that is still to come has at least six bytes.
  EXPECT_EQ(error_of(smaller, "*2\r\n$13\r\n"), "");
  EXPECT_EQ(error_of(smaller, "*2\r\n$14\r\n"),
            "Protocol error: too big frame");
  EXPECT_EQ(error_of(smaller, "*1\r\n$40\r\n"),
            "Protocol error: too big frame");
}

TEST(resp_codec_test, commands_after_an_error_are_not_found) {
  auto out = frame_whole(commands, set + "*x\r\n" + set);
  EXPECT_EQ(out.frames, (strings{set}));
  EXPECT_EQ(out.buffered, 0u);
}

// -- replies ------------------------------------------------------------------

TEST(resp_codec_test, every_type_of_reply_is_a_frame) {
  strings frames = {"+OK\r\n",
                    "+\r\n",
                    "-ERR unknown command 'x'\r\n",
                    ":0\r\n",
                    ":-42\r\n",
                    ":+7\r\n",
                    ":9223372036854775807\r\n",
                    "$5\r\nhello\r\n",
                    "$0\r\n\r\n",
                    "$-1\r\n",
                    "*-1\r\n",
                    "*0\r\n",
                    "*2\r\n$-1\r\n:1\r\n",
                    "*2\r\n*2\r\n:1\r\n*0\r\n*1\r\n$1\r\nx\r\n",
                    "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n+x\r\n"};
  std::string stream;
  for (auto& frame : frames)
    stream += frame;
  EXPECT_EQ(frame_whole(replies, stream).frames, frames);
  EXPECT_EQ(frame_bytewise(replies, stream).frames, frames);
}

TEST(resp_codec_test, unknown_type_of_reply_is_named) {
  EXPECT_EQ(error_of(replies, "x"),
            "Protocol error: got 'x' as reply type byte");
  EXPECT_EQ(error_of(replies, "*2\r\n:1\r\n_\r\n"),
            "Protocol error: got '_' as reply type byte");
}

TEST(resp_codec_test, ninth_nested_array_is_refused) {
  std::string nested;
  for (int i = 0; i < 8; ++i)
    nested += "*1\r\n";
  EXPECT_EQ(error_of(replies, nested), "");
  EXPECT_EQ(error_of(replies, nested + "*1\r\n"),
            "Protocol error: too deeply nested arrays");
  // An array that is closed does not count.
  EXPECT_EQ(error_of(replies,
                     "*2\r\n" + nested.substr(4) + ":1\r\n" + nested.substr(4)),
            "");
}

TEST(resp_codec_test, bad_numbers_of_replies_are_malformed) {
  EXPECT_EQ(error_of(replies, ":\r\n"), "Protocol error: invalid integer");
  EXPECT_EQ(error_of(replies, ":+-1\r\n"), "Protocol error: invalid integer");
  EXPECT_EQ(error_of(replies, ":1a\r\n"), "Protocol error: invalid integer");
  EXPECT_EQ(error_of(replies, "$-2\r\n"),
            "Protocol error: invalid bulk length");
  EXPECT_EQ(error_of(replies, "$+1\r\n"),
            "Protocol error: invalid bulk length");
  EXPECT_EQ(error_of(replies, "*-2\r\n"),
            "Protocol error: invalid multibulk length");
  EXPECT_EQ(error_of(replies, "$9223372036854775807\r\n"),
            "Protocol error: invalid bulk length");
}

TEST(resp_codec_test, reply_line_without_an_end_is_refused) {
  EXPECT_EQ(error_of(replies, "+" + std::string(64 * 1024, 'x')),
            "Protocol error: too big line");
  EXPECT_EQ(error_of(replies, ":" + std::string(64 * 1024, '1')),
            "Protocol error: too big integer");
}

TEST(resp_codec_test, reply_over_the_frame_bound_is_refused) {
  auto small = resp(resp_side::replies, {.frame_bytes = 20});
  EXPECT_EQ(error_of(small, "*3\r\n:100000\r\n:100000\r\n"),
            "Protocol error: too big frame");
  EXPECT_EQ(error_of(small, "*3\r\n:100000\r\n:1000000\r\n"),
            "Protocol error: too big integer");
  EXPECT_EQ(error_of(small, "*2\r\n$9\r\n"), "");
  EXPECT_EQ(error_of(small, "*2\r\n$11\r\n"), "Protocol error: too big frame");
}

TEST(resp_codec_test, size_of_a_reply_is_known_in_its_last_bulk_string) {
  resp_codec codec{resp_side::replies};
  EXPECT_EQ(codec.decode("*2\r\n*1\r\n$1\r\n").expected, 0u);
  EXPECT_EQ(codec.decode("*2\r\n*1\r\n$1\r\nx\r\n*1\r\n$3\r\n").expected, 28u);
}

TEST(resp_codec_death_test, depth_over_the_limit_aborts) {
  EXPECT_DEATH(resp_codec(resp_side::replies, {.depth = 9}), "resp_depth_max");
}

// -- both ---------------------------------------------------------------------

TEST(resp_codec_test, bytes_of_a_frame_are_looked_at_once) {
  std::string large(200'000, 'x');
  std::string many = "*30000\r\n";
  for (int i = 0; i < 30'000; ++i)
    many += "$1\r\nx\r\n";
  for (auto& stream :
       {"*1\r\n$200000\r\n" + large + "\r\n", many, large + "\r\n"}) {
    resp_codec codec{resp_side::commands, {.inline_bytes = 1'000'000}};
    EXPECT_EQ(frame_with_blanked_past(codec, stream, 1, 24), stream.size());
  }
  for (auto& stream :
       {"$200000\r\n" + large + "\r\n", many, "+" + large + "\r\n"}) {
    resp_codec codec{resp_side::replies, {.inline_bytes = 1'000'000}};
    EXPECT_EQ(frame_with_blanked_past(codec, stream, 1, 24), stream.size());
  }
}

std::string random_command(random_source& random) {
  if (random.per_mille(200))
    return random_text(random, random.below(50), "abc \"'\\") + "\r\n";
  std::vector<std::string> args(random.below(6));
  for (auto& arg : args)
    arg = random_text(random, random.size_between(0, 2000));
  std::vector<std::string_view> views{args.begin(), args.end()};
  std::string out;
  append_command(out, views);
  return out;
}

void append_random_reply(std::string& out, random_source& random,
                         std::size_t depth) {
  switch (random.below(depth < 8 ? 8 : 6)) {
  case 0:
    return append_simple(out, random_text(random, random.below(50)));
  case 1:
    return append_error(out, random_text(random, random.below(50)));
  case 2:
    return append_integer(out, static_cast<std::int64_t>(random.next()));
  case 3:
    return append_bulk(out, random_text(random, random.size_between(0, 2000)));
  case 4:
    return append_null(out);
  case 5:
    return append_null_array(out);
  default:
    auto size = random.below(4);
    append_array(out, size);
    for (; size > 0; --size)
      append_random_reply(out, random, depth + 1);
  }
}

TEST(resp_codec_test, random_frames_come_out_as_they_went_in) {
  for_each_seed(500, [](std::uint64_t seed) {
    random_source random{seed};
    auto for_server = random.per_mille(500);
    auto& make = for_server ? commands : replies;
    framed expected;
    std::string stream;
    for (auto n = random.below(30); n > 0; --n) {
      std::string frame;
      if (for_server)
        frame = random_command(random);
      else
        append_random_reply(frame, random, 0);
      stream += frame;
      expected.frames.push_back(std::move(frame));
    }
    EXPECT_EQ(frame_whole(make, stream), expected);
    EXPECT_EQ(frame_bytewise(make, stream), expected);
    EXPECT_EQ(frame_in_pieces(make, stream, random), expected);
  });
}

TEST(resp_codec_test, garbage_gives_the_same_however_it_is_cut) {
  for_each_seed(2000, [](std::uint64_t seed) {
    random_source random{seed};
    resp_bounds bounds{.elements = 20,
                       .depth = random.between(1, 4),
                       .bulk_bytes = random.below(100),
                       .inline_bytes = random.below(40),
                       .frame_bytes = random.between(3, 200)};
    auto make =
        resp(random.per_mille(500) ? resp_side::commands : resp_side::replies,
             bounds);
    // Mostly sound, so that it gets somewhere, with a few bytes changed.
    std::string stream;
    while (random.per_mille(900)) {
      if (random.per_mille(500))
        stream += random_command(random);
      else
        append_random_reply(stream, random, 0);
    }
    for (auto n = stream.empty() ? 0 : random.below(4); n > 0; --n)
      stream[random.below(stream.size())] = "*$:+-\r\n019x\0"[random.below(12)];
    stream += random_text(random, random.below(20), "*$:+-\r\n01x");
    auto whole = frame_whole(make, stream);
    EXPECT_EQ(frame_bytewise(make, stream), whole);
    EXPECT_EQ(frame_in_pieces(make, stream, random), whole);
  });
}

} // namespace
} // namespace sluice::net

#include "net/line_codec.h"

#include "tests/net/framing.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

using namespace sluice::testing;
using strings = std::vector<std::string>;

make_codec lines(std::size_t bytes_max, line_ending ending = line_ending::lf) {
  return [=] { return std::make_unique<line_codec>(bytes_max, ending); };
}

TEST(line_codec_test, lf_ends_a_line) {
  auto out = frame_whole(lines(100), "one\ntwo\n");
  EXPECT_EQ(out.frames, (strings{"one", "two"}));
  EXPECT_EQ(out.buffered, 0u);
}

TEST(line_codec_test, cr_before_lf_is_dropped) {
  EXPECT_EQ(frame_whole(lines(100), "one\r\ntwo\r\n").frames,
            (strings{"one", "two"}));
}

TEST(line_codec_test, only_one_cr_is_dropped_and_only_before_lf) {
  EXPECT_EQ(frame_whole(lines(100), "a\rb\r\r\n").frames, (strings{"a\rb\r"}));
}

TEST(line_codec_test, empty_lines_are_frames) {
  EXPECT_EQ(frame_whole(lines(100), "\n\r\n\n").frames, (strings{"", "", ""}));
}

TEST(line_codec_test, zero_bytes_are_part_of_a_line) {
  std::string stream{"a\0b\n", 4};
  EXPECT_EQ(frame_whole(lines(100), stream).frames,
            (strings{std::string{"a\0b", 3}}));
}

TEST(line_codec_test, last_line_without_lf_is_no_frame_but_can_be_taken) {
  framer framer{lines(100)()};
  framer.feed(runtime::byte_slice::copy("one\nDEL user:1"));
  runtime::byte_slice frame;
  ASSERT_TRUE(framer.next(frame));
  EXPECT_FALSE(framer.next(frame));
  EXPECT_TRUE(framer.at_end());
  EXPECT_EQ(framer.take_rest().view(), "DEL user:1");
}

TEST(line_codec_test, line_of_the_bound_passes_with_either_ending) {
  EXPECT_EQ(frame_bytewise(lines(4), "abcd\nabcd\r\n").frames,
            (strings{"abcd", "abcd"}));
}

TEST(line_codec_test, line_over_the_bound_is_an_error) {
  auto out = frame_whole(lines(4), "ok\nabcde\nok\n");
  EXPECT_EQ(out.frames, (strings{"ok"}));
  EXPECT_EQ(out.error, "line is too long");
}

TEST(line_codec_test,
     endless_line_is_an_error_at_the_first_byte_over_the_bound) {
  line_codec codec{4};
  EXPECT_EQ(codec.decode("abcd").what, decoded::status::need_more);
  EXPECT_EQ(codec.decode("abcde").what, decoded::status::too_long);
}

TEST(line_codec_test, cr_may_be_the_first_byte_over_the_bound) {
  line_codec codec{4};
  EXPECT_EQ(codec.decode("abcd\r").what, decoded::status::need_more);
  EXPECT_EQ(codec.decode("abcd\rx").what, decoded::status::too_long);
}

TEST(line_codec_test, bound_of_zero_passes_empty_lines_only) {
  EXPECT_EQ(frame_whole(lines(0), "\n\r\n").frames, (strings{"", ""}));
  EXPECT_EQ(frame_whole(lines(0), "a\n").error, "line is too long");
}

TEST(line_codec_test, wrap_puts_the_chosen_ending_behind_a_line) {
  EXPECT_EQ(wrapped(line_codec{}, "hello"), "hello\n");
  EXPECT_EQ(wrapped(line_codec{64, line_ending::crlf}, "hello"), "hello\r\n");
}

TEST(line_codec_test, bytes_of_a_line_are_looked_at_once) {
  std::string line(300'000, 'x');
  line_codec codec{1'000'000};
  EXPECT_EQ(frame_with_blanked_past(codec, line + "\r\n", 1, 2), line.size());
}

TEST(line_codec_test, random_lines_come_out_as_they_went_in) {
  for_each_seed(500, [](std::uint64_t seed) {
    random_source random{seed};
    auto make =
        lines(300, random.per_mille(500) ? line_ending::lf : line_ending::crlf);
    auto codec = make();
    framed expected;
    std::string stream;
    for (auto n = random.below(50); n > 0; --n) {
      auto line = random_text(random, random.below(301), "ab \r\x01\xff");
      // A CR at the end is only kept if another one follows it.
      if (line.ends_with('\r'))
        line.back() = 'x';
      stream += wrapped(*codec, line);
      expected.frames.push_back(line);
    }
    EXPECT_EQ(frame_whole(make, stream), expected);
    EXPECT_EQ(frame_bytewise(make, stream), expected);
    EXPECT_EQ(frame_in_pieces(make, stream, random), expected);
  });
}

TEST(line_codec_test, garbage_gives_the_same_however_it_is_cut) {
  for_each_seed(500, [](std::uint64_t seed) {
    random_source random{seed};
    auto make = lines(random.below(40));
    auto stream = random_text(random, random.below(2000),
                              random.per_mille(500) ? "aaaaaaaaaaaa\r\n" : "");
    auto whole = frame_whole(make, stream);
    EXPECT_EQ(frame_bytewise(make, stream), whole);
    EXPECT_EQ(frame_in_pieces(make, stream, random), whole);
  });
}

} // namespace
} // namespace sluice::net

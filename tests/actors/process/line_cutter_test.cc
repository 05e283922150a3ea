#include "actors/process/line_cutter.h"

#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::process {
namespace {

using runtime::byte_slice;
using strings = std::vector<std::string>;

strings take(line_cutter& x) {
  strings result;
  line_cutter::piece piece;
  while (x.next(piece))
    result.push_back(piece.bytes.str() + (piece.more ? "..." : ""));
  return result;
}

strings cut(std::size_t max, const strings& fed) {
  line_cutter cutter{max};
  strings result;
  for (auto& x : fed) {
    cutter.feed(byte_slice::copy(x));
    for (auto& y : take(cutter))
      result.push_back(y);
  }
  cutter.end();
  for (auto& y : take(cutter))
    result.push_back(y);
  EXPECT_EQ(cutter.buffered(), 0u);
  return result;
}

/// What shall come out, whatever the cuts: in one go, from the whole text.
strings expected(std::size_t max, const std::string& text) {
  strings result;
  std::size_t from = 0;
  while (from < text.size()) {
    auto lf = text.find('\n', from);
    auto line = text.substr(from, lf == text.npos ? lf : lf - from);
    from = lf == text.npos ? text.size() : lf + 1;
    if (lf != text.npos && line.ends_with('\r'))
      line.pop_back();
    for (; line.size() > max; line.erase(0, max))
      result.push_back(line.substr(0, max) + "...");
    result.push_back(line);
  }
  return result;
}

TEST(line_cutter_test, lines_lose_their_endings) {
  EXPECT_EQ(cut(10, {"a\nb\r\n\n\r\nc\rd\n"}),
            (strings{"a", "b", "", "", "c\rd"}));
}

TEST(line_cutter_test, lines_that_span_reads_are_put_together) {
  EXPECT_EQ(cut(10, {"a", "b", "c\nd", "\r", "\n"}), (strings{"abc", "d"}));
}

TEST(line_cutter_test, last_line_needs_no_ending) {
  EXPECT_EQ(cut(10, {"a\nb"}), (strings{"a", "b"}));
  EXPECT_EQ(cut(10, {"a\nb\r"}), (strings{"a", "b\r"}));
  EXPECT_EQ(cut(10, {}), strings{});
  EXPECT_EQ(cut(10, {"a\n"}), strings{"a"});
}

TEST(line_cutter_test, line_of_just_the_limit_is_whole) {
  EXPECT_EQ(cut(4, {"abcd\n", "abcd\r\n", "abcd"}),
            (strings{"abcd", "abcd", "abcd"}));
}

TEST(line_cutter_test, longer_line_comes_in_pieces) {
  EXPECT_EQ(cut(4, {"abcde\n"}), (strings{"abcd...", "e"}));
  EXPECT_EQ(cut(4, {"abcdefgh\r\nx\n"}), (strings{"abcd...", "efgh", "x"}));
  EXPECT_EQ(cut(1, {"ab"}), (strings{"a...", "b"}));
}

TEST(line_cutter_test, line_that_lies_whole_in_a_read_shares_its_memory) {
  auto bytes = byte_slice::copy("one\ntwo\n");
  line_cutter cutter{10};
  cutter.feed(bytes);
  line_cutter::piece piece;
  ASSERT_TRUE(cutter.next(piece));
  EXPECT_EQ(piece.bytes.data(), bytes.data());
  ASSERT_TRUE(cutter.next(piece));
  EXPECT_EQ(piece.bytes.data(), bytes.data() + 4);
}

TEST(line_cutter_test, what_is_held_between_reads_is_a_line_at_most) {
  line_cutter cutter{100};
  for (int i = 0; i < 1'000; ++i) {
    cutter.feed(byte_slice::copy(std::string(7, 'x')));
    take(cutter);
    ASSERT_LE(cutter.buffered(), 102u);
  }
}

TEST(line_cutter_test, compact_lets_go_of_a_large_slab) {
  auto bytes = byte_slice::copy("a\n" + std::string(60'000, 'x') + "\nbc");
  line_cutter cutter{100'000};
  cutter.feed(bytes);
  line_cutter::piece piece;
  ASSERT_TRUE(cutter.next(piece));
  ASSERT_TRUE(cutter.next(piece));
  piece = {};
  auto slab = bytes.pinned();
  EXPECT_GE(slab, 60'000u);
  cutter.compact();
  cutter.end();
  ASSERT_TRUE(cutter.next(piece));
  EXPECT_EQ(piece.bytes.str(), "bc");
  EXPECT_LE(piece.bytes.pinned(), 16u);
}

TEST(line_cutter_test, cuts_of_the_reads_make_no_difference) {
  testing::for_each_seed(3'000, [](std::uint64_t seed) {
    testing::random_source random{seed};
    std::string text;
    auto size = random.below(60);
    for (std::uint64_t i = 0; i < size; ++i)
      text += "ab\r\n"[random.below(4)];
    auto max = static_cast<std::size_t>(random.between(1, 8));
    strings fed;
    for (std::size_t at = 0; at < text.size();) {
      auto n = static_cast<std::size_t>(random.between(1, 9));
      fed.push_back(text.substr(at, n));
      at += n;
    }
    EXPECT_EQ(cut(max, fed), expected(max, text));
  });
}

} // namespace
} // namespace sluice::actors::process

#include "examples/kv/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::examples::kv {
namespace {

TEST(glob_test, plain_text_matches_itself_only) {
  EXPECT_TRUE(glob_match("abc", "abc"));
  EXPECT_FALSE(glob_match("abc", "ab"));
  EXPECT_FALSE(glob_match("abc", "abcd"));
  EXPECT_FALSE(glob_match("abc", "ABC"));
}

TEST(glob_test, question_mark_matches_one_byte) {
  EXPECT_TRUE(glob_match("h?llo", "hello"));
  EXPECT_FALSE(glob_match("h?llo", "hllo"));
  EXPECT_FALSE(glob_match("?", ""));
}

TEST(glob_test, star_matches_any_number_of_bytes) {
  EXPECT_TRUE(glob_match("*", "anything"));
  EXPECT_TRUE(glob_match("a*", "a"));
  EXPECT_TRUE(glob_match("*b*d", "abbcd"));
  EXPECT_TRUE(glob_match("a**d", "abcd"));
  EXPECT_FALSE(glob_match("*b*d", "abbc"));
}

TEST(glob_test, class_matches_one_of_its_bytes) {
  EXPECT_TRUE(glob_match("h[ae]llo", "hallo"));
  EXPECT_FALSE(glob_match("h[ae]llo", "hillo"));
  EXPECT_TRUE(glob_match("h[^e]llo", "hallo"));
  EXPECT_FALSE(glob_match("h[^e]llo", "hello"));
  EXPECT_TRUE(glob_match("k[a-c]", "kb"));
  EXPECT_TRUE(glob_match("k[c-a]", "kb"));
  EXPECT_FALSE(glob_match("k[a-c]", "kd"));
}

TEST(glob_test, backslash_takes_the_next_byte_as_it_is) {
  EXPECT_TRUE(glob_match("h\\*llo", "h*llo"));
  EXPECT_FALSE(glob_match("h\\*llo", "hello"));
  EXPECT_TRUE(glob_match("[\\]]", "]"));
  EXPECT_TRUE(glob_match("a\\", "a\\"));
}

TEST(glob_test, open_class_ends_with_the_pattern) {
  EXPECT_TRUE(glob_match("k[ab", "ka"));
  EXPECT_FALSE(glob_match("k[ab", "kc"));
  EXPECT_FALSE(glob_match("k[", "k["));
  EXPECT_TRUE(glob_match("k[^", "kx"));
}

TEST(glob_test, of_all_stars_a_single_one_matches_the_empty_text) {
  EXPECT_TRUE(glob_match("", ""));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_FALSE(glob_match("**", ""));
}

TEST(glob_test, many_stars_do_not_cost_exponential_time) {
  std::string pattern;
  for (auto i = 0; i < 1000; ++i)
    pattern += "a*";
  EXPECT_FALSE(glob_match(pattern + "b", std::string(20'000, 'a')));
}

} // namespace
} // namespace sluice::examples::kv

#include "net/http/byte_range.h"

#include <gtest/gtest.h>

namespace sluice::net::http {
namespace {

using ranges = std::vector<byte_range>;

constexpr auto size = std::uint64_t{1'000};

ranges partial(std::string_view field, std::uint64_t of = size) {
  auto x = choose_ranges(field, of);
  EXPECT_EQ(x.outcome, range_outcome::partial) << field;
  return x.ranges;
}

range_outcome outcome(std::string_view field, std::uint64_t of = size) {
  auto x = choose_ranges(field, of);
  if (x.outcome != range_outcome::partial) {
    EXPECT_TRUE(x.ranges.empty()) << field;
  }
  return x.outcome;
}

TEST(byte_range_test, first_and_last_byte_are_both_included) {
  EXPECT_EQ(partial("bytes=0-0"), (ranges{{0, 1}}));
  EXPECT_EQ(partial("bytes=500-999"), (ranges{{500, 500}}));
}

TEST(byte_range_test, open_range_goes_to_the_end) {
  EXPECT_EQ(partial("bytes=400-"), (ranges{{400, 600}}));
  EXPECT_EQ(partial("bytes=0-"), (ranges{{0, 1'000}}));
}

TEST(byte_range_test, suffix_counts_from_the_end) {
  EXPECT_EQ(partial("bytes=-1"), (ranges{{999, 1}}));
  EXPECT_EQ(partial("bytes=-1000"), (ranges{{0, 1'000}}));
  EXPECT_EQ(partial("bytes=-5000"), (ranges{{0, 1'000}}));
}

TEST(byte_range_test, range_past_the_end_is_cut) {
  EXPECT_EQ(partial("bytes=900-5000"), (ranges{{900, 100}}));
  EXPECT_EQ(partial("bytes=900-99999999999999999999999"), (ranges{{900, 100}}));
}

TEST(byte_range_test, several_ranges_keep_their_order) {
  EXPECT_EQ(partial("bytes=500-599, 0-99 ,-1"),
            (ranges{{500, 100}, {0, 100}, {999, 1}}));
  EXPECT_EQ(partial("bytes=,0-0,, 2-2,"), (ranges{{0, 1}, {2, 1}}));
}

TEST(byte_range_test, what_begins_past_the_end_is_left_out) {
  EXPECT_EQ(partial("bytes=5000-6000,0-0"), (ranges{{0, 1}}));
}

TEST(byte_range_test, nothing_inside_is_unsatisfiable) {
  EXPECT_EQ(outcome("bytes=1000-"), range_outcome::unsatisfiable);
  EXPECT_EQ(outcome("bytes=1000-2000,5000-"), range_outcome::unsatisfiable);
  EXPECT_EQ(outcome("bytes=-0"), range_outcome::unsatisfiable);
  EXPECT_EQ(outcome("bytes=0-", 0), range_outcome::unsatisfiable);
  EXPECT_EQ(outcome("bytes=-5", 0), range_outcome::unsatisfiable);
  EXPECT_EQ(unsatisfied_range(1'000), "bytes */1000");
}

TEST(byte_range_test, bad_syntax_is_ignored) {
  for (auto field :
       {"", "bytes", "bytes=", "bytes=,", "bytes=-", "bytes=5", "bytes=a-b",
        "bytes=5-4", "bytes=1-2-3", "bytes=1 - 2", "bytes=0x1-2", "bytes=+1-2",
        "bytes=--1", "bytes=0-0,x", "lines=0-0", "bytes 0-0", "=0-0"})
    EXPECT_EQ(outcome(field), range_outcome::whole) << field;
}

TEST(byte_range_test, unit_is_not_case_sensitive) {
  EXPECT_EQ(partial("Bytes=0-0"), (ranges{{0, 1}}));
}

TEST(byte_range_test, many_ranges_are_answered_with_the_whole) {
  std::string field = "bytes=0-0";
  for (int i = 1; i < 16; ++i)
    field += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  EXPECT_EQ(partial(field).size(), 16u);
  EXPECT_EQ(outcome(field + ",90-90"), range_outcome::whole);
}

TEST(byte_range_test, ranges_that_are_more_than_the_file_are_the_whole) {
  EXPECT_EQ(partial("bytes=0-499,500-").size(), 2u);
  EXPECT_EQ(outcome("bytes=0-500,500-"), range_outcome::whole);
  EXPECT_EQ(outcome("bytes=0-,0-,0-"), range_outcome::whole);
}

TEST(byte_range_test, numbers_at_the_edge_of_64_bits) {
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(partial("bytes=18446744073709551614-", most),
            (ranges{{most - 1, 1}}));
  EXPECT_EQ(outcome("bytes=18446744073709551615-", most),
            range_outcome::unsatisfiable);
  EXPECT_EQ(partial("bytes=-18446744073709551616"), (ranges{{0, 1'000}}));
}

TEST(byte_range_test, content_range_names_the_last_byte) {
  EXPECT_EQ(content_range({0, 100}, 1'000), "bytes 0-99/1000");
  EXPECT_EQ(content_range({999, 1}, 1'000), "bytes 999-999/1000");
}

TEST(byte_range_test, parts_of_a_multipart_answer) {
  multipart_frame frame{"xyz", "text/plain", 1'000};
  EXPECT_EQ(frame.content_type(), "multipart/byteranges; boundary=xyz");
  std::string body = frame.before({0, 3}, true) + "abc"
                     + frame.before({500, 2}, false) + "de"
                     + frame.after_last();
  EXPECT_EQ(body, "--xyz\r\nContent-Type: text/plain\r\n"
                  "Content-Range: bytes 0-2/1000\r\n\r\nabc"
                  "\r\n--xyz\r\nContent-Type: text/plain\r\n"
                  "Content-Range: bytes 500-501/1000\r\n\r\nde"
                  "\r\n--xyz--\r\n");
  EXPECT_EQ(frame.body_size({{0, 3}, {500, 2}}), body.size());
}

TEST(byte_range_test, boundaries_differ_and_are_no_longer_than_they_may_be) {
  auto x = make_boundary();
  EXPECT_LE(x.size(), 70u);
  EXPECT_NE(x, make_boundary());
}

} // namespace
} // namespace sluice::net::http

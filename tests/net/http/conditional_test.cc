#include "net/http/conditional.h"

#include <gtest/gtest.h>

namespace sluice::net::http {
namespace {

using namespace std::chrono;
using namespace std::chrono_literals;

constexpr std::string_view older = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view same = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view newer = "Sun, 06 Nov 1994 08:49:38 GMT";
constexpr date modified = sys_days{1994y / November / 6} + 8h + 49min + 37s;
constexpr date now = modified + 1h;

const validators file{"\"a\"", modified};

condition judged(const condition_fields& x, bool reads = true) {
  return judge(x, file, reads, now);
}

TEST(conditional_test, no_field_means_go_on) {
  EXPECT_EQ(judged({}), condition::met);
}

TEST(conditional_test, if_match_needs_a_strong_tag_of_ours) {
  EXPECT_EQ(judged({.if_match = "\"a\""}), condition::met);
  EXPECT_EQ(judged({.if_match = "\"b\" , \"a\""}), condition::met);
  EXPECT_EQ(judged({.if_match = "*"}), condition::met);
  EXPECT_EQ(judged({.if_match = "\"b\""}), condition::failed);
  EXPECT_EQ(judged({.if_match = "W/\"a\""}), condition::failed);
  EXPECT_EQ(judged({.if_match = "a"}), condition::failed);
  EXPECT_EQ(judged({.if_match = ""}), condition::failed);
}

TEST(conditional_test, if_none_match_takes_weak_tags_too) {
  EXPECT_EQ(judged({.if_none_match = "\"a\""}), condition::not_modified);
  EXPECT_EQ(judged({.if_none_match = "W/\"a\""}), condition::not_modified);
  EXPECT_EQ(judged({.if_none_match = "\"b\",\"a\""}), condition::not_modified);
  EXPECT_EQ(judged({.if_none_match = " * "}), condition::not_modified);
  EXPECT_EQ(judged({.if_none_match = "\"b\""}), condition::met);
  EXPECT_EQ(judged({.if_none_match = "\"a"}), condition::met);
}

TEST(conditional_test, a_comma_inside_of_a_tag_separates_nothing) {
  EXPECT_EQ(judged({.if_none_match = "\"x,\"a\",\""}), condition::met);
  validators odd{"\"x,y\"", modified};
  EXPECT_EQ(judge({.if_none_match = "\"x,y\""}, odd, true, now),
            condition::not_modified);
}

TEST(conditional_test, if_none_match_fails_a_method_that_writes) {
  EXPECT_EQ(judged({.if_none_match = "*"}, false), condition::failed);
  EXPECT_EQ(judged({.if_none_match = "\"b\""}, false), condition::met);
}

TEST(conditional_test, if_modified_since_compares_to_the_second) {
  EXPECT_EQ(judged({.if_modified_since = older}), condition::met);
  EXPECT_EQ(judged({.if_modified_since = same}), condition::not_modified);
  EXPECT_EQ(judged({.if_modified_since = newer}), condition::not_modified);
  EXPECT_EQ(judged({.if_modified_since = "yesterday"}), condition::met);
  EXPECT_EQ(judged({.if_modified_since = newer}, false), condition::met);
}

TEST(conditional_test, if_unmodified_since_compares_to_the_second) {
  EXPECT_EQ(judged({.if_unmodified_since = older}), condition::failed);
  EXPECT_EQ(judged({.if_unmodified_since = same}), condition::met);
  EXPECT_EQ(judged({.if_unmodified_since = newer}), condition::met);
  EXPECT_EQ(judged({.if_unmodified_since = "yesterday"}), condition::met);
}

TEST(conditional_test, tags_go_before_dates) {
  EXPECT_EQ(judged({.if_none_match = "\"b\"", .if_modified_since = newer}),
            condition::met);
  EXPECT_EQ(judged({.if_match = "\"a\"", .if_unmodified_since = older}),
            condition::met);
}

TEST(conditional_test, what_must_hold_goes_before_what_is_saved) {
  EXPECT_EQ(judged({.if_match = "\"b\"", .if_none_match = "\"a\""}),
            condition::failed);
  EXPECT_EQ(judged({.if_match = "\"a\"", .if_none_match = "\"a\""}),
            condition::not_modified);
}

TEST(conditional_test, what_has_no_validators_is_always_sent) {
  EXPECT_EQ(judge({.if_none_match = "\"\""}, {}, true, now), condition::met);
  EXPECT_EQ(judge({.if_modified_since = newer}, {}, true, now), condition::met);
  EXPECT_EQ(judge({.if_match = "\"a\""}, {}, true, now), condition::failed);
}

TEST(conditional_test, if_range_by_tag_is_strong) {
  EXPECT_TRUE(range_counts({}, file, now));
  EXPECT_TRUE(range_counts({.if_range = "\"a\""}, file, now));
  EXPECT_FALSE(range_counts({.if_range = "\"b\""}, file, now));
  EXPECT_FALSE(range_counts({.if_range = "W/\"a\""}, file, now));
  EXPECT_FALSE(range_counts({.if_range = "\"a\""}, {"W/\"a\"", {}}, now));
}

TEST(conditional_test, if_range_by_date_is_exact_and_old_enough) {
  EXPECT_TRUE(range_counts({.if_range = same}, file, now));
  EXPECT_FALSE(range_counts({.if_range = newer}, file, now));
  EXPECT_FALSE(range_counts({.if_range = older}, file, now));
  EXPECT_FALSE(range_counts({.if_range = same}, file, modified));
  EXPECT_FALSE(range_counts({.if_range = "soon"}, file, now));
}

TEST(conditional_test, each_part_of_a_file_changes_its_tag) {
  auto tag = make_etag(1, 2, 3);
  EXPECT_EQ(tag, "\"1-2-3\"");
  EXPECT_NE(tag, make_etag(2, 2, 3));
  EXPECT_NE(tag, make_etag(1, 3, 3));
  EXPECT_NE(tag, make_etag(1, 2, 4));
  EXPECT_EQ(make_etag(-1, 0, 0), "\"ffffffffffffffff-0-0\"");
}

} // namespace
} // namespace sluice::net::http

#include "runtime/duration_histogram.h"

#include <gtest/gtest.h>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

/// The bucket that one duration falls into.
std::size_t bucket_of(duration x) {
  duration_histogram h;
  h.record(x);
  for (std::size_t i = 0; i <= duration_histogram::bounded_buckets; ++i)
    if (h.count(i) == 1)
      return i;
  return std::size_t(-1);
}

TEST(duration_histogram_test, bound_belongs_to_its_bucket) {
  for (std::size_t i = 0; i < duration_histogram::bounded_buckets; ++i) {
    EXPECT_EQ(bucket_of(duration_histogram::bound(i)), i);
    EXPECT_EQ(bucket_of(duration_histogram::bound(i) + 1ns), i + 1);
  }
}

TEST(duration_histogram_test, nothing_and_less_are_in_the_first_bucket) {
  EXPECT_EQ(bucket_of(0ns), 0u);
  EXPECT_EQ(bucket_of(-5s), 0u);
  EXPECT_EQ(bucket_of(duration::min()), 0u);
  EXPECT_EQ(bucket_of(1ns), 0u);
}

TEST(duration_histogram_test, longest_are_above_all_bounds) {
  EXPECT_EQ(duration_histogram::bound(0), 4'096ns);
  EXPECT_EQ(duration_histogram::bound(24), 68'719'476'736ns);
  EXPECT_EQ(bucket_of(69s), duration_histogram::bounded_buckets);
  EXPECT_EQ(bucket_of(duration::max()), duration_histogram::bounded_buckets);
}

TEST(duration_histogram_test, sums_are_those_of_the_durations) {
  duration_histogram a;
  a.record(10us);
  a.record(30us);
  a.record(-1s);
  EXPECT_EQ(a.count(), 3u);
  EXPECT_DOUBLE_EQ(a.sum_seconds(), 40e-6);
  duration_histogram b;
  b.record(1s);
  b += a;
  EXPECT_EQ(b.count(), 4u);
  EXPECT_DOUBLE_EQ(b.sum_seconds(), 1.00004);
}

} // namespace
} // namespace sluice::runtime

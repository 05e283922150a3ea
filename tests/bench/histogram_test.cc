#include "bench/histogram.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace {

using sluice::bench::histogram;

TEST(histogram_test, empty_reports_zero) {
  histogram h;
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.max(), 0u);
  EXPECT_EQ(h.percentile(50), 0u);
  EXPECT_EQ(h.percentile(100), 0u);
}

TEST(histogram_test, small_values_are_exact) {
  histogram h;
  for (uint64_t value = 1; value <= 100; ++value)
    h.record(value);
  EXPECT_EQ(h.percentile(1), 1u);
  EXPECT_EQ(h.percentile(50), 50u);
  EXPECT_EQ(h.percentile(99), 99u);
  EXPECT_EQ(h.percentile(100), 100u);
}

TEST(histogram_test, one_value_is_every_percentile) {
  histogram h;
  h.record(123'456'789);
  EXPECT_EQ(h.percentile(0), 123'456'789u);
  EXPECT_EQ(h.percentile(50), 123'456'789u);
  EXPECT_EQ(h.percentile(99), 123'456'789u);
}

// Nearest rank: of 100 values the 99th percentile is the 99th smallest, and
// one outlier does not show in it.
TEST(histogram_test, one_outlier_in_a_hundred_is_above_the_99th_percentile) {
  histogram h;
  for (int i = 0; i < 99; ++i)
    h.record(10);
  h.record(1'000'000);
  EXPECT_EQ(h.percentile(99), 10u);
  EXPECT_EQ(h.percentile(99.5), 1'000'000u);
  EXPECT_EQ(h.max(), 1'000'000u);
}

TEST(histogram_test, random_values_are_reported_at_most_a_64th_too_high) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  // All magnitudes from nanoseconds to days.
  std::uniform_real_distribution<double> magnitude{0, 49};
  histogram h;
  std::vector<uint64_t> values;
  for (int i = 0; i < 20'000; ++i) {
    values.push_back(static_cast<uint64_t>(std::exp2(magnitude(random))));
    h.record(values.back());
  }
  std::ranges::sort(values);
  for (double percent : {0.1, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    auto rank = static_cast<size_t>(
        std::ceil(percent / 100 * static_cast<double>(values.size())));
    auto exact = values[rank - 1];
    EXPECT_GE(h.percentile(percent), exact) << percent;
    EXPECT_LE(h.percentile(percent), exact + exact / 64) << percent;
  }
}

TEST(histogram_test, bucket_borders_neither_skip_nor_double_a_value) {
  for (unsigned bits = 5; bits < 50; ++bits) {
    auto border = uint64_t{1} << bits;
    for (auto value : {border - 1, border, border + 1}) {
      histogram h;
      h.record(value);
      // A larger one, so that the maximum does not hide the bucket's end.
      h.record(histogram::value_max);
      EXPECT_GE(h.percentile(50), value);
      EXPECT_LE(h.percentile(50), value + value / 64);
    }
  }
}

TEST(histogram_test, value_beyond_the_largest_counts_as_the_largest) {
  histogram h;
  h.record(UINT64_MAX);
  EXPECT_EQ(h.count(), 1u);
  EXPECT_EQ(h.percentile(50), histogram::value_max);
}

TEST(histogram_test, cleared_forgets_everything) {
  histogram h;
  h.record(77);
  h.clear();
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.max(), 0u);
  EXPECT_EQ(h.percentile(99), 0u);
}

} // namespace

#include "runtime/monotonic_clock.h"

#include <gtest/gtest.h>

namespace sluice::runtime {
namespace {

TEST(monotonic_clock_test, reads_the_steady_clock) {
  const monotonic_clock real;
  const clock& c = real;
  const auto before = std::chrono::steady_clock::now();
  const auto now = c.now();
  const auto after = std::chrono::steady_clock::now();
  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
}

TEST(monotonic_clock_test, time_passes_and_never_goes_back) {
  const monotonic_clock c;
  const auto start = c.now();
  auto last = start;
  while (last == start) {
    const auto now = c.now();
    ASSERT_GE(now, last);
    last = now;
  }
}

} // namespace
} // namespace sluice::runtime

#include "tools/sluice/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <csignal>

namespace sluice::tools {
namespace {

using namespace std::chrono_literals;

TEST(text_test, durations_have_at_most_two_units) {
  EXPECT_EQ(duration_text(-5ms), "0 ms");
  EXPECT_EQ(duration_text(999ms), "999 ms");
  EXPECT_EQ(duration_text(1000ms), "1.0 s");
  EXPECT_EQ(duration_text(3299ms), "3.2 s");
  EXPECT_EQ(duration_text(59'999ms), "59 s");
  EXPECT_EQ(duration_text(60s), "1 min");
  EXPECT_EQ(duration_text(125s), "2 min 5 s");
  EXPECT_EQ(duration_text(3h + 20min + 7s), "3 h 20 min");
  EXPECT_EQ(duration_text(51h), "2 d 3 h");
}

TEST(text_test, rates_have_two_or_three_digits) {
  EXPECT_EQ(rate_text(0), "0 B/s");
  EXPECT_EQ(rate_text(-3), "0 B/s");
  EXPECT_EQ(rate_text(std::nan("")), "0 B/s");
  EXPECT_EQ(rate_text(999.4), "999 B/s");
  EXPECT_EQ(rate_text(999.6), "1.0 KB/s");
  EXPECT_EQ(rate_text(1234), "1.2 KB/s");
  EXPECT_EQ(rate_text(43'000'000), "43 MB/s");
  EXPECT_EQ(rate_text(999'900), "1.0 MB/s");
  EXPECT_EQ(rate_text(1e18), "1000000 TB/s");
}

TEST(text_test, counts_are_parted_by_threes) {
  EXPECT_EQ(count_text(0), "0");
  EXPECT_EQ(count_text(-1), "0");
  EXPECT_EQ(count_text(999), "999");
  EXPECT_EQ(count_text(1000), "1'000");
  EXPECT_EQ(count_text(1'234'567.4), "1'234'567");
  EXPECT_EQ(count_text(1e300), "9'000'000'000'000'000'000");
}

TEST(text_test, signals_have_names) {
  EXPECT_EQ(signal_name(SIGKILL), "SIGKILL");
  EXPECT_EQ(signal_name(99), "signal 99");
}

TEST(text_test, printable_keeps_utf8) {
  EXPECT_EQ(printable("grüß\x1b\t\x7f"), "grüß???");
  EXPECT_EQ(width_of("grüß"), 4u);
}

} // namespace
} // namespace sluice::tools

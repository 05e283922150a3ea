#include "examples/kv_cluster/recent_times.h"

#include <gtest/gtest.h>

namespace sluice::examples::kv_cluster {
namespace {

using namespace std::chrono_literals;

const runtime::time_point start = runtime::time_point{} + 1h;

TEST(recent_times_test, no_commands_have_no_percentiles) {
  recent_times here;
  here.tick(start);
  EXPECT_FALSE(here.quantile_us(0.5));
}

TEST(recent_times_test, percentiles_are_within_a_factor_of_two) {
  recent_times here;
  here.tick(start);
  for (int i = 0; i < 990; ++i)
    here.record(100us);
  for (int i = 0; i < 10; ++i)
    here.record(50ms);
  EXPECT_GE(here.quantile_us(0.5), 50u);
  EXPECT_LE(here.quantile_us(0.5), 200u);
  EXPECT_LE(here.quantile_us(0.99), 200u);
  EXPECT_GE(here.quantile_us(0.995), 25'000u);
  EXPECT_LE(here.quantile_us(1), 100'000u);
}

TEST(recent_times_test, old_commands_are_forgotten) {
  recent_times here;
  here.tick(start);
  here.record(1s);
  here.tick(start + recent_times::period);
  EXPECT_GE(here.quantile_us(0.5), 500'000u); // still of the last seconds
  here.record(10us);
  here.tick(start + 2 * recent_times::period);
  EXPECT_LE(here.quantile_us(1), 20u);
  here.tick(start + 3 * recent_times::period);
  EXPECT_FALSE(here.quantile_us(0.5));
}

TEST(recent_times_test, after_a_long_pause_nothing_old_is_left) {
  recent_times here;
  here.tick(start);
  here.record(1s);
  here.tick(start + 1h);
  EXPECT_FALSE(here.quantile_us(0.5));
}

} // namespace
} // namespace sluice::examples::kv_cluster

#include "runtime/timer_wheel.h"

#include "tests/runtime/timer_probe.h"

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

using timer_wheel_test = timer_wheel_fixture;

TEST_F(timer_wheel_test, new_wheel_is_empty) {
  EXPECT_TRUE(wheel.empty());
  EXPECT_EQ(wheel.size(), 0u);
  EXPECT_EQ(wheel.next_due(), std::nullopt);
  EXPECT_EQ(wheel.advance(start + 24h), 0u);
}

TEST_F(timer_wheel_test, fires_once_at_its_time) {
  timer_probe a{log, 1};
  EXPECT_FALSE(a.armed());
  wheel.arm(a, start + 5ms);
  EXPECT_TRUE(a.armed());
  EXPECT_EQ(a.due(), start + 5ms);
  EXPECT_EQ(wheel.size(), 1u);
  EXPECT_EQ(wheel.advance(start + 5ms - 1ns), 0u);
  EXPECT_EQ(wheel.advance(start + 5ms), 1u);
  EXPECT_FALSE(a.armed());
  EXPECT_EQ(a.due(), start + 5ms);
  EXPECT_EQ(wheel.advance(start + 1h), 0u);
  EXPECT_EQ(log, (names{1}));
}

TEST_F(timer_wheel_test, time_between_two_ticks_is_rounded_up) {
  timer_probe a{log, 1};
  wheel.arm(a, start + 5ms + 1ns);
  EXPECT_EQ(wheel.next_due(), start + 6ms);
  EXPECT_EQ(wheel.advance(start + 6ms - 1ns), 0u);
  EXPECT_EQ(wheel.advance(start + 6ms), 1u);
}

TEST_F(timer_wheel_test, due_in_the_past_fires_in_the_next_advance) {
  wheel.advance(start + 10ms + 300us);
  timer_probe long_ago{log, 1};
  timer_probe this_tick{log, 2};
  timer_probe now{log, 3};
  timer_probe soon{log, 4};
  wheel.arm(long_ago, time_point::min());
  wheel.arm(this_tick, start + 10ms + 200us);
  wheel.arm(now, start + 10ms + 300us);
  wheel.arm(soon, start + 10ms + 301us);
  EXPECT_LE(wheel.next_due(), start + 10ms + 300us);
  EXPECT_EQ(wheel.advance(start + 10ms + 300us), 3u);
  EXPECT_EQ(log, (names{1, 2, 3}));
  EXPECT_EQ(wheel.next_due(), start + 11ms);
}

TEST_F(timer_wheel_test, due_before_the_start_fires_in_the_first_advance) {
  timer_probe a{log, 1};
  wheel.arm(a, start - 1h);
  EXPECT_EQ(wheel.next_due(), start);
  EXPECT_EQ(wheel.advance(start), 1u);
}

TEST_F(timer_wheel_test, ticks_fire_in_order_and_fifo_within_a_tick) {
  timer_probe a{log, 1}, b{log, 2}, c{log, 3}, d{log, 4}, e{log, 5};
  wheel.arm(a, start + 9ms);
  wheel.arm(b, start + 3ms);
  wheel.arm(c, start + 9ms - 1us); // the tick of a, but armed later
  wheel.arm(d, start + 2h);
  wheel.arm(e, start + 3ms);
  EXPECT_EQ(wheel.advance(start + 3h), 5u);
  EXPECT_EQ(log, (names{2, 5, 1, 3, 4}));
}

TEST_F(timer_wheel_test, fifo_holds_between_timers_armed_near_and_far) {
  timer_probe far{log, 1}, middle{log, 2}, near{log, 3};
  wheel.arm(far, start + 5000ms);
  wheel.advance(start + 4500ms);
  wheel.arm(middle, start + 5000ms);
  wheel.advance(start + 4999ms);
  wheel.arm(near, start + 5000ms);
  wheel.advance(start + 5000ms);
  EXPECT_EQ(log, (names{1, 2, 3}));
}

TEST_F(timer_wheel_test, cancelled_timer_does_not_fire) {
  timer_probe a{log, 1}, b{log, 2}, c{log, 3};
  for (auto* t : {&a, &b, &c})
    wheel.arm(*t, start + 5ms);
  wheel.cancel(b);
  EXPECT_FALSE(b.armed());
  EXPECT_EQ(wheel.size(), 2u);
  wheel.advance(start + 10ms);
  EXPECT_EQ(log, (names{1, 3}));
}

TEST_F(timer_wheel_test, cancelling_a_timer_that_is_not_armed_does_nothing) {
  timer_probe a{log, 1};
  wheel.cancel(a);
  wheel.arm(a, start + 1ms);
  wheel.cancel(a);
  wheel.cancel(a);
  EXPECT_TRUE(wheel.empty());
  EXPECT_EQ(wheel.next_due(), std::nullopt);
}

TEST_F(timer_wheel_test, armed_again_moves_to_the_new_time) {
  timer_probe a{log, 1}, b{log, 2};
  wheel.arm(a, start + 5ms);
  wheel.arm(b, start + 5ms);
  wheel.arm(a, start + 20s);
  EXPECT_EQ(wheel.size(), 2u);
  EXPECT_EQ(wheel.advance(start + 19s), 1u);
  wheel.arm(a, start + 19s + 1ms);
  EXPECT_EQ(wheel.advance(start + 19s + 1ms), 1u);
  EXPECT_EQ(log, (names{2, 1}));
}

TEST_F(timer_wheel_test, armed_again_for_the_same_tick_goes_to_its_end) {
  timer_probe a{log, 1}, b{log, 2};
  wheel.arm(a, start + 5ms);
  wheel.arm(b, start + 5ms);
  wheel.arm(a, start + 5ms);
  wheel.advance(start + 5ms);
  EXPECT_EQ(log, (names{2, 1}));
}

TEST_F(timer_wheel_test, destroyed_timer_leaves_the_wheel) {
  timer_probe a{log, 1};
  {
    timer_probe b{log, 2};
    wheel.arm(b, start + 5ms);
    wheel.arm(a, start + 5ms);
  }
  EXPECT_EQ(wheel.size(), 1u);
  wheel.advance(start + 5ms);
  EXPECT_EQ(log, (names{1}));
}

TEST_F(timer_wheel_test, destroyed_wheel_disarms_its_timers) {
  timer_probe near{log, 1}, far{log, 2};
  {
    timer_wheel other{start};
    other.arm(near, start);
    other.arm(far, time_point::max());
  }
  EXPECT_FALSE(near.armed());
  EXPECT_FALSE(far.armed());
  wheel.arm(near, start + 1ms); // they can be used again
  wheel.advance(start + 1ms);
  EXPECT_EQ(log, (names{1}));
}

TEST_F(timer_wheel_test, timer_moves_to_another_wheel) {
  timer_wheel other{start + 100us};
  timer_probe a{log, 1};
  wheel.arm(a, start + 5ms);
  other.arm(a, start + 7ms);
  EXPECT_TRUE(wheel.empty());
  EXPECT_EQ(other.size(), 1u);
  EXPECT_EQ(wheel.advance(start + 1s), 0u);
  EXPECT_EQ(other.advance(start + 1s), 1u);
}

TEST_F(timer_wheel_test, time_that_goes_back_counts_as_standing_still) {
  timer_probe a{log, 1}, b{log, 2};
  wheel.advance(start + 100ms);
  wheel.arm(a, start + 100ms);
  wheel.arm(b, start + 101ms);
  EXPECT_EQ(wheel.advance(start + 50ms), 1u);
  EXPECT_EQ(wheel.advance(start + 101ms), 1u);
  EXPECT_EQ(log, (names{1, 2}));
}

// Around every power of 64, where the place changes from level to level.
TEST_F(timer_wheel_test, fires_to_the_tick_on_every_level) {
  // 64^7 ticks are 139 years: the last level within reach of a time_point.
  for (std::int64_t power = 1, i = 0; i <= 7; ++i, power *= 64) {
    for (std::int64_t ticks : {power - 1, power, power + 1, 2 * power - 1}) {
      timer_wheel w{start};
      timer_probe a{log, 1};
      w.arm(a, start + ticks * tick);
      if (ticks > 0) {
        ASSERT_EQ(w.advance(start + ticks * tick - 1ns), 0u) << ticks;
      }
      ASSERT_EQ(w.advance(start + ticks * tick), 1u) << ticks;
    }
  }
}

TEST_F(timer_wheel_test, fires_to_the_tick_when_armed_across_a_level_boundary) {
  wheel.advance(start + 262'143ms); // 64^3 - 1 ticks
  timer_probe a{log, 1};
  wheel.arm(a, start + 262'144ms);
  EXPECT_EQ(wheel.next_due(), start + 262'144ms);
  EXPECT_EQ(wheel.advance(start + 262'144ms - 1ns), 0u);
  EXPECT_EQ(wheel.advance(start + 262'144ms), 1u);
}

TEST_F(timer_wheel_test, last_time_point_of_all_is_accepted) {
  timer_probe never{log, 1}, soon{log, 2};
  wheel.arm(never, time_point::max());
  wheel.arm(soon, start + 1h);
  EXPECT_EQ(wheel.advance(start + 24h * 365 * 100), 1u);
  EXPECT_TRUE(never.armed());
  EXPECT_LE(wheel.next_due(), time_point::max());
}

TEST_F(timer_wheel_test, tick_that_ends_after_all_time_does_not_wrap_around) {
  const auto late = time_point::max() - 10ms - 500us;
  timer_wheel w{late};
  timer_probe a{log, 1};
  w.arm(a, time_point::max()); // rounded up: half a tick too far
  EXPECT_EQ(w.next_due(), time_point::max());
  EXPECT_EQ(w.advance(time_point::max() - 1ms), 0u);
}

TEST_F(timer_wheel_test, whole_range_of_the_clock_fits_one_wheel) {
  timer_wheel w{time_point::min()};
  timer_probe last{log, 1}, middle{log, 2}, first{log, 3};
  w.arm(last, time_point::max() - tick);
  w.arm(middle, time_point{});
  w.arm(first, time_point::min() + 1ns);
  EXPECT_EQ(w.next_due(), time_point::min() + tick);
  EXPECT_EQ(w.advance(time_point::max()), 3u);
  EXPECT_EQ(log, (names{3, 2, 1}));
  w.arm(last, time_point::max()); // due: it is that late
  EXPECT_EQ(w.advance(time_point::max()), 1u);
}

TEST_F(timer_wheel_test, sleep_until_next_due_wakes_once_per_level) {
  const auto due = start + 24h * 400 + 12'345'678'901ns;
  timer_probe a{log, 1};
  wheel.arm(a, due);
  int wakeups = 0;
  auto now = start;
  while (a.armed()) {
    ASSERT_GT(wheel.next_due(), now);
    now = *wheel.next_due();
    wheel.advance(now);
    ++wakeups;
  }
  EXPECT_GE(now, due);
  EXPECT_LT(now, due + tick);
  EXPECT_LE(wakeups, 6); // 400 days are less than 64^6 ticks
}

TEST_F(timer_wheel_test, next_due_is_exact_on_the_lowest_level) {
  timer_probe a{log, 1}, b{log, 2};
  wheel.arm(a, start + 63ms);
  wheel.arm(b, start + 10h);
  EXPECT_EQ(wheel.next_due(), start + 63ms);
  wheel.cancel(a);
  EXPECT_GT(wheel.next_due(), start + 63ms);
  EXPECT_LE(wheel.next_due(), start + 10h);
}

} // namespace
} // namespace sluice::runtime

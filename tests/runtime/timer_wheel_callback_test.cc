#include "runtime/timer_wheel.h"

#include "tests/runtime/timer_probe.h"

#include <memory>
#include <vector>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

using timer_wheel_callback_test = timer_wheel_fixture;

TEST_F(timer_wheel_callback_test,
       timer_that_arms_itself_for_now_does_not_hold_advance) {
  const auto now = start + 10ms;
  timer_probe a{log, 1};
  a.then = [&] { wheel.arm(a, now); };
  wheel.arm(a, start + 3ms);
  EXPECT_EQ(wheel.advance(now), 1u);
  EXPECT_TRUE(a.armed());
  EXPECT_LE(wheel.next_due(), now); // the loop must not sleep
  EXPECT_EQ(wheel.advance(now), 1u);
  EXPECT_EQ(wheel.advance(now), 1u);
  EXPECT_EQ(log, (names{1, 1, 1}));
}

TEST_F(timer_wheel_callback_test, late_periodic_timer_fires_once_an_advance) {
  timer_probe a{log, 1};
  a.then = [&] { wheel.arm(a, a.due() + 1ms); };
  wheel.arm(a, start + 1ms);
  EXPECT_EQ(wheel.advance(start + 1h), 1u);
  EXPECT_EQ(wheel.advance(start + 1h), 1u);
  EXPECT_EQ(a.due(), start + 3ms);
}

TEST_F(timer_wheel_callback_test,
       callback_cancels_a_timer_due_in_the_same_advance) {
  timer_probe a{log, 1}, b{log, 2}, c{log, 3}, d{log, 4};
  a.then = [&] {
    wheel.cancel(b);
    wheel.cancel(d);
  };
  wheel.arm(a, start + 5ms);
  wheel.arm(b, start + 5ms); // the same tick
  wheel.arm(c, start + 5ms);
  wheel.arm(d, start + 9s); // a later tick, also due
  EXPECT_EQ(wheel.advance(start + 10s), 2u);
  EXPECT_EQ(log, (names{1, 3}));
  EXPECT_TRUE(wheel.empty());
}

TEST_F(timer_wheel_callback_test,
       callback_postpones_a_timer_due_in_the_same_advance) {
  timer_probe a{log, 1}, b{log, 2};
  a.then = [&] { wheel.arm(b, start + 20ms); };
  wheel.arm(a, start + 5ms);
  wheel.arm(b, start + 5ms);
  EXPECT_EQ(wheel.advance(start + 10ms), 1u);
  EXPECT_EQ(wheel.advance(start + 20ms), 1u);
  EXPECT_EQ(log, (names{1, 2}));
}

TEST_F(timer_wheel_callback_test, callback_destroys_its_own_timer) {
  auto a = std::make_unique<timer_probe>(log, 1);
  a->then = [&] { a.reset(); };
  wheel.arm(*a, start + 5ms);
  EXPECT_EQ(wheel.advance(start + 5ms), 1u);
  EXPECT_EQ(a, nullptr);
}

TEST_F(timer_wheel_callback_test,
       callback_destroys_timers_due_in_the_same_tick) {
  std::vector<std::unique_ptr<timer_probe>> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(std::make_unique<timer_probe>(log, i));
    wheel.arm(*all.back(), start + 5ms);
  }
  all[1]->then = [&] { all.clear(); }; // fired, firing and to be fired
  EXPECT_EQ(wheel.advance(start + 5ms), 2u);
  EXPECT_EQ(log, (names{0, 1}));
  EXPECT_TRUE(wheel.empty());
}

TEST_F(timer_wheel_callback_test,
       callback_sees_the_timers_that_are_still_to_fire) {
  timer_probe a{log, 1}, b{log, 2};
  a.then = [&] {
    EXPECT_FALSE(a.armed());
    EXPECT_TRUE(b.armed());
    EXPECT_EQ(wheel.size(), 1u);
    EXPECT_LE(wheel.next_due(), start + 5ms);
  };
  wheel.arm(a, start + 5ms);
  wheel.arm(b, start + 5ms);
  EXPECT_EQ(wheel.advance(start + 5ms), 2u);
}

TEST_F(timer_wheel_callback_test, wheel_advanced_by_a_callback_panics) {
  timer_probe a{log, 1};
  a.then = [&] { wheel.advance(start + 6ms); };
  wheel.arm(a, start + 5ms);
  EXPECT_DEATH(wheel.advance(start + 5ms), "advanced by one of its timers");
}

TEST_F(timer_wheel_callback_test, wheel_destroyed_by_a_callback_panics) {
  auto doomed = std::make_unique<timer_wheel>(start);
  timer_probe a{log, 1};
  a.then = [&] { doomed.reset(); };
  doomed->arm(a, start + 5ms);
  EXPECT_DEATH(doomed->advance(start + 5ms), "destroyed by one of its timers");
}

TEST_F(timer_wheel_callback_test, timer_cancelled_on_the_wrong_wheel_panics) {
  timer_wheel other{start};
  timer_probe a{log, 1};
  wheel.arm(a, start + 5ms);
  EXPECT_DEATH(other.cancel(a), "wheel that it is not on");
}

} // namespace
} // namespace sluice::runtime

#pragma once

// A timer that writes its name down when it fires, and the fixture around it.
//
// Tests only. Thread rule and lifetime: those of timer and timer_wheel.

#include "runtime/limits.h"
#include "runtime/timer_wheel.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace sluice::runtime {

using names = std::vector<int>;

struct timer_probe : timer {
  timer_probe(names& fired_names, int own_name)
      : timer{fire}, log{fired_names}, name{own_name} {}

  static void fire(timer& t) noexcept {
    auto& self = static_cast<timer_probe&>(t);
    self.log.push_back(self.name);
    // A copy, because the test may destroy the timer.
    if (const auto then = self.then)
      then();
  }

  names& log;
  int name;
  std::function<void()> then{}; // what the callback does next
};

struct timer_wheel_fixture : testing::Test {
  static constexpr duration tick = limits::timer_tick;

  // Not a whole number of ticks after the epoch, so that the wheel's ticks are
  // not the clock's milliseconds.
  static constexpr time_point start{std::chrono::nanoseconds{123'456'789'123}};

  names log;
  timer_wheel wheel{start};
};

} // namespace sluice::runtime

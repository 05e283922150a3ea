#pragma once

// The seam to time: an event loop asks its clock once an iteration, and nothing
// else in Sluice asks the operating system for the time. The real one is
// `monotonic_clock`; the simulated one lives in tests/support.
//
// Internal. Thread rule: `now` may be called from any thread unless an
// implementation says otherwise. Lifetime: a clock outlives its loops.

#include <chrono>

namespace sluice::runtime {

using time_point = std::chrono::steady_clock::time_point;
using duration = std::chrono::steady_clock::duration;

class clock {
public:
  virtual ~clock();

  /// The present, in nanoseconds from an arbitrary start. Never goes backwards.
  virtual time_point now() const noexcept = 0;

  /// The date and time of day, for people and for protocols that carry dates.
  /// May jump, forwards and backwards: no deadline is made of it.
  virtual std::chrono::system_clock::time_point wall_now() const noexcept = 0;
};

} // namespace sluice::runtime

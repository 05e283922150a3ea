#pragma once

// The real clock: std::chrono::steady_clock, which is CLOCK_MONOTONIC on Linux.
// Nobody can set it, and it stands still while the machine is suspended
// (clock_gettime(2)). The time of day is CLOCK_REALTIME.
//
// Internal. Thread rule: any thread. Lifetime: stateless.

#include "runtime/clock.h"

namespace sluice::runtime {

class monotonic_clock final : public clock {
public:
  time_point now() const noexcept override;
  std::chrono::system_clock::time_point wall_now() const noexcept override;
};

} // namespace sluice::runtime

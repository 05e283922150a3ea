#pragma once

// sim_clock: the seam's clock on a simulated world.
//
// For tests. Thread rule: the world's. Lifetime: within that of the world.

#include "runtime/clock.h"
#include "tests/support/sim_world.h"

namespace sluice::testing {

class sim_clock final : public runtime::clock {
public:
  explicit sim_clock(const sim_world& world) noexcept : world_(world) {}

  runtime::time_point now() const noexcept override { return world_.now(); }

  /// A simulation starts at the beginning of 1970.
  std::chrono::system_clock::time_point wall_now() const noexcept override {
    return std::chrono::system_clock::time_point{
        world_.now().time_since_epoch()};
  }

private:
  const sim_world& world_;
};

} // namespace sluice::testing

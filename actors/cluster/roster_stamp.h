#pragma once

// roster_stamp: a time of one's own, as it goes out in a letter and comes back.
//
// Internal. Thread rule: values.

#include "runtime/clock.h"

#include <cstdint>

namespace sluice::actors::cluster {

inline std::uint64_t stamp_of(runtime::time_point x) noexcept {
  return static_cast<std::uint64_t>(x.time_since_epoch().count());
}

inline runtime::time_point time_of(std::uint64_t stamp) noexcept {
  return runtime::time_point{
      runtime::duration{static_cast<runtime::duration::rep>(stamp)}};
}

} // namespace sluice::actors::cluster

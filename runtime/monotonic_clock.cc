#include "runtime/monotonic_clock.h"

namespace sluice::runtime {

time_point monotonic_clock::now() const noexcept {
  return std::chrono::steady_clock::now();
}

std::chrono::system_clock::time_point
monotonic_clock::wall_now() const noexcept {
  return std::chrono::system_clock::now();
}

} // namespace sluice::runtime

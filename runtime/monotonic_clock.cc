#include "runtime/monotonic_clock.h"

namespace sluice::runtime {

time_point monotonic_clock::now() const noexcept {
  return std::chrono::steady_clock::now();
}

} // namespace sluice::runtime

#pragma once

// allocations: what a piece of code takes from the heap. A test that links this
// has its operator new replaced by one that counts.
//
// For tests. Thread rule: counts all threads; meant for tests with one.
// Lifetime: functions only.

#include <cstddef>

namespace sluice::testing {

struct allocation_counts {
  std::size_t live_bytes = 0;
  std::size_t peak_bytes = 0;    // most that were live at once
  std::size_t largest_bytes = 0; // largest single request
  std::size_t total_bytes = 0;   // all requests together
  std::size_t calls = 0;
};

/// Starts to count from zero; what is live now is not counted.
void reset_allocations();

allocation_counts allocations();

} // namespace sluice::testing

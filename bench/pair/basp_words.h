// What the two actors of basp_pair say to each other, besides numbers and
// blocks.
#pragma once

#include "bench/pair/job.h"
#include "runtime/backpressure.h"

#include <caf/atom.hpp>

#include <cstdint>

namespace sluice::bench::pair {

// The sender with its handle and its job; the receiver when it is ready.
using hello = caf::atom_constant<caf::atom("hello")>;

// The receiver has handled so many messages.
using handled = caf::atom_constant<caf::atom("handled")>;

// The sender after all messages; the receiver when it has handled them, with
// their number.
using done = caf::atom_constant<caf::atom("done")>;

// CAF's own remote sends know no bound, so the two actors keep one, as a
// program has to: the same for both middlemen and for Erlang.
struct credit {
  uint64_t ahead;             // messages not yet confirmed, at most
  uint64_t confirmed_at_once; // 0: nothing is confirmed
};

constexpr credit credit_of(job what) {
  switch (what) {
  case job::stream:
    return {4000, 1000};
  case job::bulk:
    return {64, 16};
  case job::ping:
    return {1, 0};
  case job::slow:
    break;
  }
  return {UINT64_MAX, 0};
}

} // namespace sluice::bench::pair

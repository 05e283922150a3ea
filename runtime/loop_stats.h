#pragma once

// loop_stats: what an event loop counts of itself. Plain numbers that the
// loop's thread alone writes; a phase in which nothing was done is not timed.
//
// For users. Thread rule: the loop's thread; a copy is a value.

#include "runtime/clock.h"
#include "runtime/duration_histogram.h"

#include <cstdint>

namespace sluice::runtime {

/// Where the time went, by the phases of event_loop::run_once.
struct loop_phases {
  duration actors{};  // turns of actors
  duration flush{};   // sending what they wrote, dropping what has ended
  duration poll{};    // waiting, mostly
  duration deliver{}; // readiness to its handlers
  duration timers{};  // deadlines
};

/// Counts since the start.
struct loop_stats {
  std::uint64_t iterations = 0;
  std::uint64_t actor_turns = 0;
  std::uint64_t ready_events = 0;
  std::uint64_t timers_fired = 0;
  loop_phases spent{};
  /// How long an iteration keeps the others on the loop waiting: from the
  /// return of one poll to the call of the next.
  duration_histogram busy{};
  /// How much later than they were due deadlines fire: once for each iteration
  /// in which any did, the one that was due first.
  duration_histogram timer_lag{};
};

} // namespace sluice::runtime

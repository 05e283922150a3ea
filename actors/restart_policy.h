#pragma once

// restart_policy: when a supervisor starts a child again, and when it gives up.
// Pure arithmetic on times and numbers that the caller passes in: no clock, no
// random source, no actors.
//
//   restart_window window{{.restarts = 5, .window = 30s}};
//   if (!window.note(now))
//     give_up();
//   attempt = next_attempt(rules, attempt, now - up_since);
//   start_at(now + backoff_delay(rules, attempt, random()));
//
// For users: the two structs. Thread rule: values and pure functions.

#include "runtime/clock.h"
#include "runtime/limits.h"

#include <caf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>

namespace sluice::actors {

/// At most `restarts` restarts within any span of `window`. One more, and the
/// supervisor gives up. 0 restarts: it gives up at the first failure.
struct restart_limits {
  std::size_t restarts = runtime::limits::restarts_max;
  runtime::duration window = runtime::limits::restart_window;
};

/// errc::bad_setting unless the window is longer than 0.
caf::error check(const restart_limits& x);

/// How long to wait before a restart.
struct backoff {
  /// Before the first restart; 0: at once, always.
  runtime::duration first = runtime::limits::backoff_first;

  /// By what the wait grows from one attempt to the next; at least 1.
  double factor = 2;

  /// What it grows to; at least `first`.
  runtime::duration max = runtime::limits::backoff_max;

  /// The part of the wait that is drawn, from 0 to 1: a wait of 10 s with a
  /// jitter of 0.25 is somewhere from 7.5 to 10 s. So children that failed
  /// together, because of something that they share, do not come back together.
  double jitter = 0.5;

  /// A child that lived for this long has settled: when it fails, its attempts
  /// count from 1 again.
  runtime::duration settled = runtime::limits::backoff_settled;
};

/// errc::bad_setting unless the numbers are in the ranges that stand there.
caf::error check(const backoff& x);

/// The number of the next attempt, from 1, for a child that failed after it had
/// lived for `lived`. `attempt` is that of its last restart, 0 if none.
unsigned next_attempt(const backoff& x, unsigned attempt,
                      runtime::duration lived) noexcept;

/// The wait before attempt number `attempt` (from 1): `first` times `factor`
/// for each attempt before, at most `max`, less the jitter. `random` is any
/// number of 64 random bits. Never longer than `max`, never negative.
runtime::duration backoff_delay(const backoff& x, unsigned attempt,
                                std::uint64_t random) noexcept;

/// Counts restarts in a sliding window. Holds `restarts` times at most.
class restart_window {
public:
  explicit restart_window(const restart_limits& x = {}) : limits_(x) {}

  /// Counts a restart at `now`, which must not be before an earlier one. False
  /// if that is one too many; then it is not counted. A restart that is exactly
  /// `window` old does not count any more.
  bool note(runtime::time_point now);

  /// The restarts that count at `now`.
  std::size_t count(runtime::time_point now);

  const restart_limits& limits() const noexcept { return limits_; }

private:
  restart_limits limits_;
  std::deque<runtime::time_point> times_; // oldest first
};

} // namespace sluice::actors

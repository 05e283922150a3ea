#pragma once

// event_queue: virtual time, and what will happen in it.
//
// For tests. Thread rule: one thread at a time. Lifetime: actions that are
// still queued when the queue dies do not run.

#include "runtime/clock.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace sluice::testing {

class event_queue {
public:
  using action = std::function<void()>;

  /// Names a queued action. Events of one moment run in the order in which
  /// they were queued.
  using ticket = std::pair<runtime::time_point, std::uint64_t>;

  explicit event_queue(runtime::time_point start) noexcept : now_(start) {}

  runtime::time_point now() const noexcept { return now_; }

  /// Queues `what` for `due`, or for now if that has passed.
  ticket at(runtime::time_point due, action what);

  /// Does nothing if the action ran already.
  void cancel(const ticket& which) noexcept { events_.erase(which); }

  bool empty() const noexcept { return events_.empty(); }
  std::size_t size() const noexcept { return events_.size(); }

  /// When the next action is due.
  std::optional<runtime::time_point> next() const noexcept;

  /// Runs the next action, at its time. False if there is none.
  bool run_one();

  /// Moves time forward; a time that has passed changes nothing.
  void move_to(runtime::time_point t) noexcept;

private:
  runtime::time_point now_;
  std::uint64_t queued_ = 0;
  std::map<ticket, action> events_;
};

} // namespace sluice::testing

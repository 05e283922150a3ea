#pragma once

// valve: the two marks of a bounded queue, and who was told that it is full.
// It decides when *applied* and *released* are due and sends them; the queue
// itself is somebody else's.
//
// Invariants:
// 1. low < high. The valve closes at a level >= high and opens at one <= low.
// 2. An actor is on the list exactly while the last signal it got from this
//    valve was *applied* or *stalled*.
// 3. An open valve has an empty list.
//
// Internal. Thread rule: its owner's thread, except for `level`. Lifetime: the
// owner calls `release` before it goes; a valve that dies with actors on its
// list would leave them waiting for ever (panics).

#include "runtime/actor_set.h"
#include "runtime/backpressure.h"
#include "runtime/pressure_table.h"

#include <atomic>

#include <cstddef>

namespace sluice::runtime {

struct watermarks {
  std::size_t high;
  std::size_t low;
};

class valve final : public pressure_source {
public:
  explicit valve(watermarks marks) noexcept;
  ~valve();

  valve(const valve&) = delete;
  valve& operator=(const valve&) = delete;

  bool closed() const noexcept { return closed_; }
  const actor_set& told() const noexcept { return told_; }
  const watermarks& marks() const noexcept { return marks_; }

  /// The last level that the owner told; any thread.
  std::uint64_t level() const noexcept override {
    return level_.load(std::memory_order_relaxed);
  }
  pressure_unit unit() const noexcept override { return pressure_unit::bytes; }

  /// Highest level seen, and how often the valve closed.
  std::size_t peak() const noexcept { return peak_; }
  std::uint64_t times_closed() const noexcept { return times_closed_; }

  /// Replaces the marks; takes effect at the next level.
  void marks(watermarks x) noexcept;

  /// The queue rose to `level`. True if the valve closed by that: the owner
  /// then tells every actor that has something in the queue.
  bool rise(std::size_t level) noexcept;

  /// Closes the valve whatever the level; see `rise`.
  void shut() noexcept;

  /// Tells `sender` *applied*, once. Does nothing while the valve is open.
  /// True if it was told now.
  bool tell(const caf::strong_actor_ptr& sender,
            const caf::strong_actor_ptr& source, caf::execution_unit* host);

  /// The queue fell to `level`. True if the valve opened by that; everybody on
  /// the list was told *released*.
  bool fall(std::size_t level, const caf::strong_actor_ptr& source,
            caf::execution_unit* host);

  /// Nothing moves: tells everybody on the list *stalled*.
  void stall(const caf::strong_actor_ptr& source, caf::execution_unit* host);

  /// The queue is gone: opens the valve and tells everybody *released*.
  void release(const caf::strong_actor_ptr& source, caf::execution_unit* host);

private:
  backpressure signal(pressure state, const caf::strong_actor_ptr& source);

  watermarks marks_;
  std::atomic<std::size_t> level_{0};
  std::size_t peak_ = 0;
  std::uint64_t times_closed_ = 0;
  bool closed_ = false;
  actor_set told_;
};

} // namespace sluice::runtime

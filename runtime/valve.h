#pragma once

// valve: the two marks of a bounded queue, and who was told that it is full.
// It decides when *applied* and *released* are due and sends them; the queue
// itself is somebody else's.
//
// What is on its way to the queue's owner, in the owner's mailbox, may be
// measured by the same marks. The senders put it there, on their own threads,
// and hear of it there: before the owner has had a turn. An actor that is told
// for both reasons is told once, and released when both are over.
//
// Invariants:
// 1. low < high. The valve closes at a level >= high and opens at one <= low,
//    for either reason by itself.
// 2. An actor is on the list exactly while the last signal it got from this
//    valve was *applied* or *stalled*: as long as there is a reason.
// 3. A valve that is open for both reasons has an empty list.
// 4. Signals are sent under the lock: *applied* and *released* cannot overtake
//    each other.
//
// Internal. Thread rule: its owner's thread, except for what says otherwise.
// Lifetime: the owner calls `release` or `end` before it goes; a valve that
// dies with actors on its list would leave them waiting for ever (panics).

#include "runtime/actor_set.h"
#include "runtime/backpressure.h"
#include "runtime/pressure_table.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace sluice::runtime {

struct watermarks {
  std::size_t high;
  std::size_t low;
};

class valve final : public pressure_source {
public:
  explicit valve(watermarks marks,
                 pressure_kind kind = pressure_kind::connection) noexcept;
  ~valve();

  valve(const valve&) = delete;
  valve& operator=(const valve&) = delete;

  bool closed() const noexcept { return closed_; }
  const watermarks& marks() const noexcept { return marks_; }

  /// Whether the last signal to `actor` was *applied* or *stalled*, and how
  /// many there are of those. Any thread.
  bool holds(const caf::strong_actor_ptr& actor) const;
  std::size_t holding() const;

  /// The last level that the owner told and, while the mailbox holds somebody,
  /// what waited there when it last did. Any thread.
  std::uint64_t level() const noexcept override {
    return level_.load(std::memory_order_relaxed)
           + mailbox_level_.load(std::memory_order_relaxed);
  }
  pressure_unit unit() const noexcept override { return pressure_unit::bytes; }
  pressure_kind kind() const noexcept override { return kind_; }

  /// Highest level seen, and how often the valve closed.
  std::size_t peak() const noexcept { return peak_; }
  std::uint64_t times_closed() const noexcept { return times_closed_; }

  /// How often and for how long it held anybody, by the clock of the system.
  /// Any thread.
  pressure_record record(caf::actor_system& system) const;

  // -- the queue
  // ----------------------------------------------------------------

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
  /// the list was told *released*, unless the mailbox is full.
  bool fall(std::size_t level, const caf::strong_actor_ptr& source,
            caf::execution_unit* host);

  /// Nothing moves: tells everybody on the list *stalled*.
  void stall(const caf::strong_actor_ptr& source, caf::execution_unit* host);

  /// The queue is gone: opens the valve and tells everybody *released*, unless
  /// the mailbox is full.
  void release(const caf::strong_actor_ptr& source, caf::execution_unit* host);

  // -- the mailbox
  // --------------------------------------------------------------

  /// What waits in the mailbox rose to the high mark by a message of `sender`,
  /// which is there already; `inside` says how much waits now. Any thread.
  void mailbox_rose(const std::atomic<std::size_t>& inside,
                    const caf::strong_actor_ptr& sender,
                    const caf::strong_actor_ptr& source,
                    caf::execution_unit* host);

  /// Some of it has left; call it after `inside` was lowered.
  void mailbox_fell(const std::atomic<std::size_t>& inside,
                    const caf::strong_actor_ptr& source,
                    caf::execution_unit* host);

  /// The owner ends: tells everybody *released*, and nobody anything any more.
  void end(const caf::strong_actor_ptr& source, caf::execution_unit* host);

private:
  static constexpr std::uint8_t by_queue = 1;
  static constexpr std::uint8_t by_mailbox = 2;

  struct entry {
    caf::strong_actor_ptr actor;
    std::uint8_t reasons = 0;
  };

  using list = std::vector<entry>;

  backpressure signal(pressure state, const caf::strong_actor_ptr& source);
  bool add(const caf::strong_actor_ptr& actor, std::uint8_t reason,
           const caf::strong_actor_ptr& source, caf::execution_unit* host);
  list drop(std::uint8_t reasons, const caf::strong_actor_ptr& source,
            caf::execution_unit* host);

  watermarks marks_;
  const pressure_kind kind_;
  std::atomic<std::size_t> level_{0};
  std::size_t peak_ = 0;
  std::uint64_t times_closed_ = 0;
  bool closed_ = false;

  std::atomic<bool> mailbox_closed_{false};
  std::atomic<std::size_t> mailbox_level_{0};
  mutable std::mutex mutex_;
  bool ended_ = false;
  std::uint64_t times_held_ = 0;
  caf::actor_clock::duration_type time_held_{};
  caf::actor_clock::time_point held_since_{}; // while somebody is held
  list told_;                                 // in the order of actor_less
};

} // namespace sluice::runtime

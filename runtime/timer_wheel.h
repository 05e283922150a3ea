#pragma once

// The deadlines of one event loop: a hierarchical timer wheel and its timers.
//
// A loop with 10,000 connections keeps several deadlines for each and moves
// most of them with every message. So arming and cancelling are O(1) and
// allocate nothing: a timer is a list node that lives inside its owner.
//
// Source: G. Varghese, A. Lauck, "Hashed and Hierarchical Timing Wheels: Data
// Structures for the Efficient Implementation of a Timer Facility", SOSP 1987,
// scheme 7 (timers migrate to finer wheels). Added: a bitmap of the occupied
// slots of each level, so that time jumps over the empty ones.
//
// Internal; users set deadlines through the brokers. Thread rule: a wheel and
// its timers belong to the loop's thread. Lifetime: either may go first; a
// timer that dies cancels itself, a wheel that dies disarms its timers without
// firing them.

#include "runtime/clock.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sluice::runtime {

class timer_wheel;

/// A node of a circular list. The head of a list is a bare link.
struct timer_link {
  timer_link* prev = nullptr;
  timer_link* next = nullptr;
};

/// One deadline, which fires once and may then be armed again. An owner of
/// several embeds a class derived from `timer` that holds a reference to the
/// owner; the callback gets there with a static_cast.
class timer : private timer_link {
public:
  /// Called by `timer_wheel::advance`, when the timer is no longer armed. May
  /// arm, cancel or destroy any timer, this one included.
  using callback = void (*)(timer&) noexcept;

  explicit timer(callback on_due) noexcept : on_due_{on_due} {}

  timer(const timer&) = delete;
  timer& operator=(const timer&) = delete;

  /// Cancels. O(1).
  ~timer();

  bool armed() const noexcept { return wheel_ != nullptr; }

  /// The time given to the last `arm`, kept when the timer has fired or was
  /// cancelled; time_point{} before the first.
  time_point due() const noexcept { return due_; }

private:
  friend class timer_wheel;

  timer_wheel* wheel_ = nullptr; // null while not armed
  time_point due_{};
  callback on_due_;
};

static_assert(sizeof(timer) <= 40, "a connection embeds several timers");

/// Invariants:
/// 1. Time is counted in ticks after the start. The tick of a timer is its due
///    time rounded up, or the current tick if it was due when it was armed.
/// 2. The place of a timer follows from its tick and the current tick: the
///    level is the highest 6-bit digit in which they differ (0 if none), the
///    slot is the value of that digit in the timer's tick.
/// 3. Hence no slot before the current digit of its level is occupied (above
///    level 0, nor is the current one), all timers of a level are due before
///    those of higher levels, and the timers of one tick share one slot, where
///    they stand in the order in which they were armed.
/// 4. The bit of a slot is set exactly while its list is not empty.
class timer_wheel {
public:
  /// Time starts at `start`; an earlier due time counts as `start`.
  explicit timer_wheel(time_point start) noexcept;

  timer_wheel(const timer_wheel&) = delete;
  timer_wheel& operator=(const timer_wheel&) = delete;

  /// Disarms all timers. Panics if called from a callback.
  ~timer_wheel();

  /// Arms `t` for `due`; if it is armed, on this or another wheel, moves it.
  /// It fires in the first `advance` to the due time rounded up to the tick
  /// (limits::timer_tick) or later: never early. If `due` is not after the
  /// last advance's `now`, it fires in the next advance. Any `due` will do:
  /// the wheel spans more than a time_point can hold. O(1).
  void arm(timer& t, time_point due) noexcept;

  /// Disarms `t`. Does nothing if it is not armed. O(1).
  void cancel(timer& t) noexcept;

  /// Moves time to `now` and fires all that is due, in the order of ticks and
  /// within a tick in the order of arming. Returns how many fired. A timer that
  /// a callback arms fires in the next advance at the earliest, even if it is
  /// due: so every advance ends. A `now` before the last one counts as the last
  /// one. The cost depends on the timers that fire or migrate, not on the time
  /// that has passed. Panics if called from a callback.
  std::size_t advance(time_point now) noexcept;

  /// When to call `advance` next; nothing if no timer is armed. Never later
  /// than the tick of the earliest timer, and exactly that if the timer is on
  /// the lowest level (it is due before the next multiple of 64 ticks).
  /// Otherwise the time at which the timer migrates to a lower level: a loop
  /// that sleeps for one timer wakes at most once per level. O(levels).
  std::optional<time_point> next_due() const noexcept;

  /// How much later than it was due the first timer fired of the last advance
  /// in which any did.
  duration last_lateness() const noexcept { return last_lateness_; }

  /// Number of armed timers.
  std::size_t size() const noexcept { return size_; }

  bool empty() const noexcept { return size_ == 0; }

private:
  static constexpr unsigned digit_bits = 6;
  static constexpr std::size_t slots_per_level = std::size_t{1} << digit_bits;
  static constexpr std::size_t levels = 8;

  // One list past the levels holds what an advance is firing, so that a
  // callback cancels a timer in there like any other.
  static constexpr std::size_t firing_slot = levels * slots_per_level;

  std::uint64_t tick_at(time_point t) const noexcept;
  std::uint64_t tick_after(time_point t) const noexcept;
  time_point time_of(std::uint64_t tick) const noexcept;

  std::optional<std::size_t> first_slot() const noexcept;
  std::uint64_t first_tick_of(std::size_t slot) const noexcept;

  void place(timer& t, std::uint64_t tick) noexcept;
  void append(std::size_t slot, timer_link* first, timer_link* last) noexcept;
  void unlink(timer& t) noexcept;
  void clear(std::size_t slot) noexcept;
  void collect(std::size_t slot) noexcept;
  void migrate(std::size_t slot) noexcept;
  std::size_t fire() noexcept;

  time_point start_;
  time_point now_;            // of the last advance
  std::uint64_t current_ = 0; // the tick of now_, rounded down
  std::size_t size_ = 0;
  bool advancing_ = false;
  duration last_lateness_{};
  std::array<std::uint64_t, levels + 1> occupied_{}; // one bit per slot
  std::array<timer_link, firing_slot + 1> slots_;
};

inline timer::~timer() {
  if (armed())
    wheel_->cancel(*this);
}

} // namespace sluice::runtime

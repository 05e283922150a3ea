#include "runtime/valve.h"

#include "runtime/panic.h"

#include <caf/actor_system.hpp>

#include <algorithm>

namespace sluice::runtime {

valve::valve(watermarks x, pressure_kind kind) noexcept
    : marks_(x), kind_(kind) {
  check(x.low < x.high, "a valve's low mark is not below its high mark");
}

valve::~valve() {
  check(told_.empty(), "a valve died with actors waiting");
}

backpressure valve::signal(pressure state,
                           const caf::strong_actor_ptr& source) {
  return {state, source, level(), next_signal_sequence(), true};
}

bool valve::holds(const caf::strong_actor_ptr& actor) const {
  std::lock_guard guard{mutex_};
  return std::ranges::find(told_, actor, &entry::actor) != told_.end();
}

std::size_t valve::holding() const {
  std::lock_guard guard{mutex_};
  return told_.size();
}

pressure_record valve::record(caf::actor_system& system) const {
  std::lock_guard guard{mutex_};
  pressure_record result{times_held_, time_held_, !told_.empty()};
  if (result.now)
    result.total += system.clock().now() - held_since_;
  return result;
}

/// Under the lock. True if the actor was told now.
bool valve::add(const caf::strong_actor_ptr& actor, std::uint8_t reason,
                const caf::strong_actor_ptr& source,
                caf::execution_unit* host) {
  auto at =
      std::ranges::lower_bound(told_, actor.get(), actor_less{},
                               [](const entry& x) { return x.actor.get(); });
  if (at != told_.end() && at->actor == actor) {
    at->reasons |= reason;
    return false;
  }
  if (told_.empty()) {
    ++times_held_;
    held_since_ = source->home_system->clock().now();
  }
  told_.insert(at, {actor, reason});
  pressure_table::instance().add(*this, *source, *actor);
  send_signal(*actor, signal(pressure::applied, source), host);
  return true;
}

/// Under the lock. Releases those who have no other reason to wait, and gives
/// them away: the caller drops them without the lock, since an actor may end by
/// that.
valve::list valve::drop(std::uint8_t reasons,
                        const caf::strong_actor_ptr& source,
                        caf::execution_unit* host) {
  for (auto& x : told_)
    x.reasons &= static_cast<std::uint8_t>(~reasons);
  auto rest =
      std::stable_partition(told_.begin(), told_.end(),
                            [](const entry& x) { return x.reasons != 0; });
  list released{std::make_move_iterator(rest),
                std::make_move_iterator(told_.end())};
  told_.erase(rest, told_.end());
  if (told_.empty() && !released.empty()) {
    pressure_table::instance().remove(*this);
    time_held_ += source->home_system->clock().now() - held_since_;
  }
  for (auto& x : released) {
    if (!told_.empty())
      pressure_table::instance().remove(*this, x.actor->id());
    send_signal(*x.actor, signal(pressure::released, source), host);
  }
  return released;
}

// -- the queue
// ------------------------------------------------------------------

bool valve::rise(std::size_t level) noexcept {
  level_.store(level, std::memory_order_relaxed);
  peak_ = std::max(peak_, level);
  if (closed_ || level < marks_.high)
    return false;
  shut();
  return true;
}

void valve::shut() noexcept {
  if (!closed_)
    ++times_closed_;
  closed_ = true;
}

bool valve::tell(const caf::strong_actor_ptr& sender,
                 const caf::strong_actor_ptr& source,
                 caf::execution_unit* host) {
  if (!closed_ || !sender)
    return false;
  std::lock_guard guard{mutex_};
  return !ended_ && add(sender, by_queue, source, host);
}

bool valve::fall(std::size_t level, const caf::strong_actor_ptr& source,
                 caf::execution_unit* host) {
  level_.store(level, std::memory_order_relaxed);
  if (!closed_ || level > marks_.low)
    return false;
  release(source, host);
  return true;
}

void valve::stall(const caf::strong_actor_ptr& source,
                  caf::execution_unit* host) {
  std::lock_guard guard{mutex_};
  if (!told_.empty())
    pressure_table::instance().stalled(*this, told_.size());
  for (auto& x : told_)
    send_signal(*x.actor, signal(pressure::stalled, source), host);
}

void valve::release(const caf::strong_actor_ptr& source,
                    caf::execution_unit* host) {
  closed_ = false;
  list released;
  std::lock_guard guard{mutex_};
  released = drop(by_queue, source, host);
}

// -- the mailbox
// ----------------------------------------------------------------

void valve::mailbox_rose(const std::atomic<std::size_t>& inside,
                         const caf::strong_actor_ptr& sender,
                         const caf::strong_actor_ptr& source,
                         caf::execution_unit* host) {
  std::lock_guard guard{mutex_};
  if (ended_)
    return;
  // First it is said that the mailbox is full, then looked whether it still is;
  // the owner lowers the level first, then looks whether it was said.
  auto was_closed = mailbox_closed_.exchange(true, std::memory_order_seq_cst);
  auto level = inside.load(std::memory_order_seq_cst);
  if (!was_closed && level <= marks_.low) {
    mailbox_closed_.store(false, std::memory_order_seq_cst);
    return;
  }
  mailbox_level_.store(level, std::memory_order_relaxed);
  add(sender, by_mailbox, source, host);
}

void valve::mailbox_fell(const std::atomic<std::size_t>& inside,
                         const caf::strong_actor_ptr& source,
                         caf::execution_unit* host) {
  if (!mailbox_closed_.load(std::memory_order_seq_cst))
    return;
  list released;
  std::lock_guard guard{mutex_};
  if (inside.load(std::memory_order_seq_cst) > marks_.low)
    return; // what is there still will lower it
  mailbox_closed_.store(false, std::memory_order_seq_cst);
  mailbox_level_.store(0, std::memory_order_relaxed);
  released = drop(by_mailbox, source, host);
}

void valve::end(const caf::strong_actor_ptr& source,
                caf::execution_unit* host) {
  closed_ = false;
  list released;
  std::lock_guard guard{mutex_};
  ended_ = true;
  released = drop(by_queue | by_mailbox, source, host);
}

} // namespace sluice::runtime

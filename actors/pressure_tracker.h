#pragma once

// pressure_tracker: which of an actor's receivers are under pressure, for an
// actor that decides for itself what to do about it: to skip that receiver, to
// send it less, to serve the others meanwhile.
//
//   auto busy = std::make_shared<pressure_tracker>();
//   return {
//     [=](const backpressure& x) { busy->heed(x); },
//     [=](const job& x) {
//       auto& worker = first_that(workers, [&](auto& w) { return
//       !busy->holds(w); });
//       ...
//
// A flow_actor gets the signals if mailbox_limits::pause is false; any other
// CAF actor gets them anyway.
//
// For users. Thread rule: its actor's. Lifetime: its actor's; it keeps no actor
// alive.

#include "runtime/backpressure.h"

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>

#include <functional>
#include <map>

namespace sluice::actors {

class pressure_tracker {
public:
  /// Called once for each crossing: with true when `target` told us to slow
  /// down, with false when it told us to go on.
  using callback = std::function<void(const caf::actor_addr& target, bool on)>;

  explicit pressure_tracker(callback on_crossing = {})
      : on_crossing_(std::move(on_crossing)) {}

  /// Takes in a signal. A repeated one changes nothing, and neither does one
  /// that is older than the last of its source. True if it was a crossing.
  bool heed(const runtime::backpressure& x);

  /// True from *applied* (or *stalled*) to *released*.
  bool holds(const caf::actor& target) const;
  bool holds(const caf::actor_addr& target) const;

  /// How many do, and whether any does.
  std::size_t size() const noexcept { return held_; }
  bool any() const noexcept { return held_ > 0; }

  /// The target is of no interest any more. One that ended by itself has told
  /// *released* before. Not a crossing.
  void forget(const caf::actor_addr& target);

private:
  struct entry {
    bool on = false;
    std::uint64_t sequence = 0;
  };

  callback on_crossing_;
  std::map<caf::actor_addr, entry> targets_;
  std::size_t held_ = 0;
};

} // namespace sluice::actors

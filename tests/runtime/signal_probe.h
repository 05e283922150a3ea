#pragma once

// signal_probe: an actor of the test's that gets *backpressure* and keeps it,
// to be asked what it was told.
//
// For tests. Thread rule: the test's thread. Lifetime: within that of the
// actor_system.

#include "runtime/backpressure.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <vector>

namespace sluice::runtime {

class signal_probe {
public:
  explicit signal_probe(caf::actor_system& system) : self_(system) {}

  /// How the actor is known to what is under test.
  caf::strong_actor_ptr ptr() const {
    return caf::actor_cast<caf::strong_actor_ptr>(self_);
  }

  /// The signals since the last call, the oldest first.
  std::vector<backpressure> take() {
    std::vector<backpressure> result;
    for (auto more = true; more;)
      self_->receive(
          [&](const backpressure& x) {
            result.push_back(x);
            // CAF keeps no sender for an anonymous message.
            anonymous_ = anonymous_ && self_->current_sender() == nullptr;
          },
          caf::after(std::chrono::milliseconds{0}) >> [&] { more = false; });
    return result;
  }

  /// The states of `take`.
  std::vector<pressure> states() {
    std::vector<pressure> result;
    for (auto& x : take())
      result.push_back(x.state);
    return result;
  }

  /// No signal had an envelope sender.
  bool all_anonymous() const noexcept { return anonymous_; }

private:
  caf::scoped_actor self_;
  bool anonymous_ = true;
};

} // namespace sluice::runtime

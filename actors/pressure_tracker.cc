#include "actors/pressure_tracker.h"

#include <caf/actor_cast.hpp>

namespace sluice::actors {

bool pressure_tracker::heed(const runtime::backpressure& x) {
  if (!x.source)
    return false;
  auto target = caf::actor_cast<caf::actor_addr>(x.source);
  auto on = x.state != runtime::pressure::released;
  auto& known = targets_[target];
  if (x.sequence < known.sequence)
    return false;
  known.sequence = x.sequence;
  if (known.on == on)
    return false;
  known.on = on;
  held_ += on ? 1 : -1;
  if (on_crossing_)
    on_crossing_(target, on);
  return true;
}

bool pressure_tracker::holds(const caf::actor& target) const {
  return holds(target.address());
}

bool pressure_tracker::holds(const caf::actor_addr& target) const {
  auto found = targets_.find(target);
  return found != targets_.end() && found->second.on;
}

void pressure_tracker::forget(const caf::actor_addr& target) {
  auto found = targets_.find(target);
  if (found == targets_.end())
    return;
  held_ -= found->second.on ? 1 : 0;
  targets_.erase(found);
}

} // namespace sluice::actors

#include "actors/channel/pressure_gate.h"

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>

namespace sluice::actors::channel {

caf::strong_actor_ptr pressure_gate::make(caf::actor_system& system) {
  caf::actor_config cfg;
  return caf::make_actor<pressure_gate, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, cfg);
}

} // namespace sluice::actors::channel

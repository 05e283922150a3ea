#include "actors/channel/events.h"

namespace sluice::actors::channel {

void add_event_types(caf::actor_system_config& cfg) {
  cfg.add_message_type<outlet_opened>("sluice.outlet_opened");
  cfg.add_message_type<outlet_closed>("sluice.outlet_closed");
  cfg.add_message_type<inlet_opened>("sluice.inlet_opened");
  cfg.add_message_type<inlet_interrupted>("sluice.inlet_interrupted");
  cfg.add_message_type<inlet_ended>("sluice.inlet_ended");
  cfg.add_message_type<inlet_closed>("sluice.inlet_closed");
}

} // namespace sluice::actors::channel

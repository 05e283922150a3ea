#include "actors/observe/messages.h"

namespace sluice::actors::observe {

void add_observe_types(caf::actor_system_config& cfg) {
  cfg.add_message_type<order>("sluice.observe.order");
  cfg.add_message_type<note>("sluice.observe.note");
}

} // namespace sluice::actors::observe

#include "actors/observe/messages.h"

#include "actors/observe/command.h"
#include "runtime/limits.h"

namespace sluice::actors::observe {

namespace limits = runtime::limits;

std::string check(const order& x) {
  if (x.what > static_cast<std::uint8_t>(verb::heal))
    return "Control " + std::to_string(x.what) + " is none of a node.";
  if (x.peer.size() > limits::name_bytes_max)
    return "The name of a node has at most "
           + std::to_string(limits::name_bytes_max) + " bytes; this one has "
           + std::to_string(x.peer.size()) + ".";
  if (x.asker.size() > limits::observe_text_bytes_max)
    return "The address of who asks has at most "
           + std::to_string(limits::observe_text_bytes_max)
           + " bytes; this one has " + std::to_string(x.asker.size()) + ".";
  return {};
}

void add_observe_types(caf::actor_system_config& cfg) {
  cfg.add_message_type<order>("sluice.observe.order");
  cfg.add_message_type<note>("sluice.observe.note");
}

} // namespace sluice::actors::observe

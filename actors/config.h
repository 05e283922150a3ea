#pragma once

// config: the configuration of an actor_system that uses all of Sluice: that of
// net/, and the messages of actors/.
//
// For users: use it instead of caf::actor_system_config, or derive from it.
// Thread rule and lifetime: as caf::actor_system_config.

#include "net/config.h"

namespace sluice::actors {

class config : public net::config {
public:
  /// Options: those of net::config, and the limits of remote sends
  /// (actors/remote/remote_limits.h).
  config();
};

} // namespace sluice::actors

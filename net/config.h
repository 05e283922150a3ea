#pragma once

// config: the configuration of an actor_system that uses Sluice. It adds the
// option group `sluice` to CAF's (command line, file, code) and makes the
// events and commands known, so that they may travel between nodes.
//
// For users: use it instead of caf::actor_system_config, or derive from it.
// Thread rule and lifetime: as caf::actor_system_config.

#include <caf/actor_system_config.hpp>

namespace sluice::net {

class config : public caf::actor_system_config {
public:
  /// Options: sluice.loops (number of event loops, 0: one per core) and
  /// sluice.spin (how long an idle loop polls before it blocks).
  config();
};

} // namespace sluice::net

#pragma once

// local_provider: membership without anything to install: a roster (see there
// for its rules) whose letters go over channels, on connections of their own,
// where they never wait behind data.
//
// A letter that cannot leave is dropped; what matters is said again.
//
// For users, through node_options. Thread rule: `make_local_provider` any
// thread, the rest is the actor's. Lifetime: within that of the channel host.

#include "actors/channel/host.h"
#include "actors/cluster/provider.h"
#include "actors/cluster/roster.h"

#include <memory>
#include <string>
#include <vector>

namespace sluice::actors::cluster {

struct local_options {
  /// Endpoints of the nodes that one asks for the members, the same ones on all
  /// nodes. None: the node begins a cluster by itself.
  std::vector<std::string> seeds{};

  roster_times times{};

  /// A node that is no member after this time gives up; 0: never.
  runtime::duration join_deadline{};
};

/// `cluster`: nodes of another cluster are not heard. `host`: has to listen at
/// the node's endpoint, and to outlive the provider.
provider_factory make_local_provider(channel::host& host, std::string cluster,
                                     local_options options);

} // namespace sluice::actors::cluster

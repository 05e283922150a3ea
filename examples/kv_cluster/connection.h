#pragma once

// connection: one Redis client of a node.
//
// Thread rule: the node's loop.

#include "net/stream_broker.h"

#include <caf/actor.hpp>

namespace sluice::examples::kv_cluster {

/// How connections are cut into commands and what they may queue.
net::stream_options connection_options();

/// The behavior of a connection; `node` is the handle of a `kv_node` on the
/// same loop.
caf::behavior serve(net::stream_broker* self, const caf::actor& node);

} // namespace sluice::examples::kv_cluster

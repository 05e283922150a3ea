#pragma once

// connection: one client of the key-value server.
//
// Thread rule: the database's loop.

#include "net/stream_broker.h"

#include <caf/actor.hpp>

namespace sluice::examples::kv {

/// How connections are cut into commands and what they may queue.
net::stream_options connection_options();

/// The behavior of a connection; `keys` is the handle of a `database` on the
/// same loop.
caf::behavior serve(net::stream_broker* self, const caf::actor& keys);

} // namespace sluice::examples::kv

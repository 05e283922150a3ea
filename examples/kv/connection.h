#pragma once

// connection: one client of the key-value server.
//
// Thread rule: the database's loop.

#include "net/stream_broker.h"

#include <caf/actor.hpp>

#include <chrono>

namespace sluice::examples::kv {

struct connection_settings {
  /// A client from which nothing came, and to which nothing went, for this long
  /// is disconnected, be it in the middle of a command; 0: never. Redis calls
  /// it `timeout`.
  std::chrono::seconds idle{0};
  /// A client that takes nothing of its replies for this long is disconnected.
  std::chrono::seconds stall{0};
  /// Say on the standard error how each connection ended.
  bool verbose = false;
};

/// How connections are cut into commands and what they may queue.
net::stream_options connection_options(const connection_settings& settings);

/// The behavior of a connection; `keys` is the handle of a `database` on the
/// same loop.
caf::behavior serve(net::stream_broker* self, const caf::actor& keys,
                    const connection_settings& settings);

} // namespace sluice::examples::kv

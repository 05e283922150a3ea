#pragma once

// routes: what the example answers, one handler for each thing that a server
// does: a short text, a body that comes back while it comes, one that is
// collected, answers that are made as they are taken, one that takes its time,
// a folder, and a WebSocket.
//
// For main. Thread rule: handlers run on the loop of their connection.

#include "net/http/router.h"

#include <caf/error.hpp>

#include <cstdint>
#include <string>

namespace sluice::examples::http_server {

struct route_settings {
  /// Served at /files; empty: nothing is.
  std::string folder;
  /// What /echo takes.
  std::uint64_t body_bytes_max = 0;
};

/// Fills `to`. Errors: those of router::files.
caf::error add_routes(net::http::router& to, const route_settings& settings);

} // namespace sluice::examples::http_server

#pragma once

// server_options: what a user may set for an HTTP server. The defaults stand in
// runtime/limits.h with their reasons.
//
// For users. Thread rule: a value; connections share a constant copy.

#include "net/http/request_codec.h"
#include "net/listener.h"
#include "runtime/clock.h"
#include "runtime/limits.h"

#include <caf/error.hpp>

#include <cstdint>
#include <string>

namespace sluice::net::http {

struct server_options {
  request_limits head{};

  /// Bytes of a body, over which it is refused (413). A route may have its own.
  std::uint64_t body_bytes_max = runtime::limits::http_body_bytes_max;

  /// From the first byte of a request, and for the first one from the start of
  /// the connection, to the end of its head; then 408.
  runtime::duration head_deadline = runtime::limits::http_head_deadline;

  /// Without a byte of a body that is being read; then 408.
  runtime::duration body_silence = runtime::limits::http_body_silence;

  /// Between two requests; then the connection is closed.
  runtime::duration idle = runtime::limits::http_idle;

  /// One more is answered 503 and closed.
  std::size_t connections_max = runtime::limits::http_connections_max;

  /// The field Server; empty: not sent.
  std::string server = "Sluice";

  /// Of the listener and its connections. `framing` is set by the server.
  listen_options listener{};

  /// errc::bad_setting; names the setting.
  caf::error check() const;
};

} // namespace sluice::net::http

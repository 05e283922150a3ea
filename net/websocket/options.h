#pragma once

// options: what a user may set for a WebSocket. The defaults stand in
// runtime/limits.h with their reasons.
//
// For users. Thread rule: a value.

#include "net/stream_options.h"
#include "net/websocket/handshake.h"
#include "net/websocket/session.h"
#include "runtime/clock.h"

#include <caf/error.hpp>

#include <cstddef>
#include <optional>

namespace sluice::net::websocket {

struct options {
  options(); // with the defaults of runtime/limits.h

  /// Who may connect, and what is spoken (server).
  handshake_options handshake;

  /// The longest message that may come, in bytes; longer ones end the
  /// connection with close_code::message_too_big.
  std::size_t message_bytes_max;

  /// When nothing came for this long the peer is pinged; 0: never.
  runtime::duration ping_interval;

  /// When nothing came for this long after that, the connection is dead.
  runtime::duration ping_answer;

  /// How long the peer may take to answer our close frame.
  runtime::duration close_answer;

  /// What net::write_frame sends.
  message_kind usual_kind = message_kind::text;

  /// Marks, cap, policy and times of the connection. Empty: those of the HTTP
  /// server. A codec in it is not used.
  std::optional<stream_options> stream;

  /// errc::bad_setting if something cannot be; names it.
  caf::error check() const;
};

} // namespace sluice::net::websocket

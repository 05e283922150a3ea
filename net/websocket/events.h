#pragma once

// What a WebSocket tells its behavior, besides what every broker does (written,
// rejected, backpressure, timed_out and, as the last of all, closed).
//
// For users. Thread rule: values.

#include "net/endpoint.h"
#include "net/websocket/close_code.h"
#include "net/websocket/session.h"

#include <caf/meta/type_name.hpp>

#include <string>

namespace sluice::net::websocket {

/// The WebSocket is open: the first event.
struct opened {
  endpoint local;
  endpoint remote;
  /// Of the request, percent-encoded as it was sent; without and with what
  /// follows its question mark.
  std::string path;
  std::string query;
  /// The one that was agreed upon, or empty.
  std::string subprotocol;
  /// The request's Origin, or empty: the page that connects, if it is one.
  std::string origin;
};

/// A whole message, its fragments put together. Text is valid UTF-8.
struct message {
  message_kind kind = message_kind::text;
  byte_slice bytes;
};

/// The peer asked whether we are there; the answer is sent already.
struct pinged {
  byte_slice payload;
};

/// The peer answered a ping.
struct ponged {
  byte_slice payload;
};

/// Nothing more will come, and nothing can be sent. `net::closed` follows when
/// the connection is gone.
struct ended {
  /// Of the peer's close frame; or the code that we sent because the peer broke
  /// the protocol; or abnormal if the connection ended without either.
  close_code code = close_code::abnormal;
  /// The peer's words, or what was wrong.
  std::string reason;
  /// Both sides have said goodbye.
  bool clean = false;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, opened& x) {
  return f(caf::meta::type_name("sluice.websocket.opened"), x.local, x.remote,
           x.path, x.query, x.subprotocol, x.origin);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, message& x) {
  return f(caf::meta::type_name("sluice.websocket.message"), x.kind, x.bytes);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, pinged& x) {
  return f(caf::meta::type_name("sluice.websocket.pinged"), x.payload);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, ponged& x) {
  return f(caf::meta::type_name("sluice.websocket.ponged"), x.payload);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, ended& x) {
  return f(caf::meta::type_name("sluice.websocket.ended"), x.code, x.reason,
           x.clean);
}

} // namespace sluice::net::websocket

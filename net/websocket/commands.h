#pragma once

// What any actor may send to a WebSocket's connection. A behavior calls the
// member functions of the same names. Besides these it takes net::write_frame
// (a payload, in a message of the connection's usual kind), net::write (a
// frame, of a shared_message), net::read_credit, read_flowing and read_paused
// (counting messages), and net::close.
//
// For users. Thread rule: values.

#include "net/websocket/close_code.h"
#include "net/websocket/shared_message.h"

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>

namespace sluice::net::websocket {

/// Send this message. With a token other than 0 the sender gets `net::written`
/// when the operating system has taken it. What does not fit comes back in
/// `net::rejected`, as the frame, which `net::write` sends again.
struct send {
  shared_message what;
  std::uint64_t token = 0;
};

/// Ask the peer whether it is there; its answer is `ponged`, for the behavior.
struct ping {
  byte_slice payload;
};

/// Say goodbye; see connection::close.
struct close {
  close_code code = close_code::normal;
  std::string reason;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, send& x) {
  return f(caf::meta::type_name("sluice.websocket.send"), x.what, x.token);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, ping& x) {
  return f(caf::meta::type_name("sluice.websocket.ping"), x.payload);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, close& x) {
  return f(caf::meta::type_name("sluice.websocket.close"), x.code, x.reason);
}

} // namespace sluice::net::websocket

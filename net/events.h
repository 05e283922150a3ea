#pragma once

// What a broker tells its behavior, and what it tells the actors that send to
// it. Each is a small struct; a behavior takes the ones it cares about and the
// others are dropped.
//
// For users. Thread rule: values. `received` shares memory with the loop's
// slab: copy or `compact` what is kept.

#include "net/endpoint.h"
#include "runtime/backpressure.h"
#include "runtime/byte_slice.h"

#include <caf/error.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>

namespace sluice::net {

using runtime::backpressure;
using runtime::byte_slice;
using runtime::pressure;

/// A descriptor can be read without waiting (fd_broker).
struct readable {
  int fd = -1;
};

/// A descriptor can be written without waiting (fd_broker).
struct writable {
  int fd = -1;
};

/// A connection that we asked for is open. Bytes written before were queued.
struct connected {
  endpoint local;
  endpoint remote;
};

/// A connection that a peer asked for is open. The first event of its broker.
struct accepted {
  endpoint local;
  endpoint remote;
};

/// Bytes came, or one frame if the broker has a codec.
struct received {
  byte_slice bytes;
};

/// One datagram came.
struct datagram {
  byte_slice bytes;
  endpoint from;
  /// The datagram was longer than the room for it; `bytes` is its beginning.
  bool truncated = false;
};

/// An earlier datagram was not delivered: the receiver or a router says so
/// (ICMP). Which one is not known; the socket goes on.
struct undelivered {
  /// The peer of a connected socket.
  endpoint to;
  /// ECONNREFUSED: nobody is bound there; EHOSTUNREACH, ...
  int os_error = 0;
};

enum class timeout : std::uint8_t {
  connect,     // not connected in time; the connection is closed
  handshake,   // handshake_done was not called in time
  idle,        // no byte in either direction
  read,        // no byte came
  write_stall, // bytes are queued and none was taken
  drain,       // after close: the rest was not taken in time
  user,        // set by the behavior, see set_timer
};

std::string to_string(timeout x);

/// A deadline passed.
struct timed_out {
  timeout which = timeout::user;
  /// Of a user's own timer.
  std::uint64_t token = 0;
};

/// The peer will send no more; we still may. A behavior that has no handler
/// for it means: then drain what is queued, and close.
struct half_closed {};

/// Why a connection, a socket or a listener ended.
enum class close_reason : std::uint8_t {
  finished,       // both sides are done: orderly
  peer_closed,    // the peer is done and so, by default, are we: orderly
  closed,         // `close` was called, everything was sent: orderly
  handed_over,    // the connection goes on with another broker: orderly
  aborted,        // `abort` was called
  quit,           // the broker quit or was sent an exit
  handler_failed, // the behavior threw
  shut_down,      // the loop stops
  peer_reset,     // the peer reset the connection
  connect_failed, // refused, unreachable, ...; os_error says which
  lookup_failed,  // the name look-up failed
  connect_timeout,
  handshake_timeout,
  drain_timeout, // the peer took too long to take the rest
  write_stall,   // the peer has not taken a byte for the stall time
  slow_consumer, // the queue was full and the policy is to disconnect
  frame_too_long,
  malformed_frame,
  truncated_frame, // the stream ended inside of a frame
  system_error,    // a system call failed; os_error says why
};

std::string to_string(close_reason x);

/// True if the end was orderly: nothing was lost and nobody is to blame.
constexpr bool is_orderly(close_reason x) {
  return x <= close_reason::handed_over;
}

/// The peer sent what the codec cannot read, or its stream ended inside of a
/// frame. A behavior that handles it may still write an answer; that and what
/// was written before is sent before the connection ends. Without a handler it
/// ends at once.
struct bad_frame {
  /// frame_too_long, malformed_frame or truncated_frame.
  close_reason reason = close_reason::malformed_frame;
  /// The codec's words.
  std::string text;
};

/// It is over: the last event of a broker.
struct closed {
  close_reason reason = close_reason::finished;
  /// errno, or 0.
  int os_error = 0;
  /// Bytes that were accepted and never taken by the operating system. Each
  /// actor that wrote them got them back in `rejected`.
  std::uint64_t unsent = 0;
  /// Empty if orderly; else names the endpoint and what went wrong.
  caf::error error;
};

/// All bytes of a write that carried this token were taken by the operating
/// system. It does not say that the peer has seen them.
struct written {
  std::uint64_t token = 0;
};

enum class reject_reason : std::uint8_t {
  overflow,       // it did not fit; the policy is to reject
  too_large,      // it could never fit: larger than the cap
  dropped_oldest, // dropped for a newer write
  dropped_newest, // it did not fit; the policy is to drop it
  closed,         // the connection ended before the bytes were taken
  shut_down,      // written after shutdown_write or close
  bad_frame,      // larger than the codec's bound
  bad_endpoint,   // a datagram for a host name, which needs a look-up first, or
                  // for an address of another kind than the socket's
  unreachable,    // a datagram that the system refused; os_error says why
  expired,        // a datagram waited for longer than it may
};

std::string to_string(reject_reason x);

/// A write comes back, or the rest of it: the bytes that were not taken.
struct rejected {
  byte_slice bytes;
  reject_reason reason = reject_reason::overflow;
  std::uint64_t token = 0;
  /// Where a datagram was to go.
  endpoint to{};
  /// errno, or 0.
  int os_error = 0;
};

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, readable& x) {
  return f(caf::meta::type_name("sluice.readable"), x.fd);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, writable& x) {
  return f(caf::meta::type_name("sluice.writable"), x.fd);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, connected& x) {
  return f(caf::meta::type_name("sluice.connected"), x.local, x.remote);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, accepted& x) {
  return f(caf::meta::type_name("sluice.accepted"), x.local, x.remote);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, received& x) {
  return f(caf::meta::type_name("sluice.received"), x.bytes);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, datagram& x) {
  return f(caf::meta::type_name("sluice.datagram"), x.bytes, x.from,
           x.truncated);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, undelivered& x) {
  return f(caf::meta::type_name("sluice.undelivered"), x.to, x.os_error);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, timed_out& x) {
  return f(caf::meta::type_name("sluice.timed_out"), x.which, x.token);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, half_closed&) {
  return f(caf::meta::type_name("sluice.half_closed"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, bad_frame& x) {
  return f(caf::meta::type_name("sluice.bad_frame"), x.reason, x.text);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, closed& x) {
  return f(caf::meta::type_name("sluice.closed"), x.reason, x.os_error,
           x.unsent, x.error);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, written& x) {
  return f(caf::meta::type_name("sluice.written"), x.token);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, rejected& x) {
  return f(caf::meta::type_name("sluice.rejected"), x.bytes, x.reason, x.token,
           x.to, x.os_error);
}

} // namespace sluice::net

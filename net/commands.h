#pragma once

// What any actor may send to a stream_broker (and, where it makes sense, to a
// datagram_broker). A behavior calls the member functions of the same names.
//
// For users. Thread rule: values.

#include "net/endpoint.h"
#include "runtime/byte_slice.h"

#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>

namespace sluice::net {

using runtime::byte_slice;

/// Send these bytes, all of them in one piece among the writes of others. With
/// a token other than 0 the sender gets `written` when the operating system has
/// taken them. What does not fit comes back in `rejected`.
struct write {
  byte_slice bytes;
  std::uint64_t token = 0;
};

/// Like `write`, for a payload that the broker's codec puts into a frame.
struct write_frame {
  byte_slice payload;
  std::uint64_t token = 0;
};

/// Deliver this many `received` more, then stop reading. Adds up.
struct read_credit {
  std::uint64_t count = 0;
};

/// Deliver whatever comes: the state in which a connection starts.
struct read_flowing {};

/// Stop reading: the receive window closes and the peer slows down.
struct read_paused {};

/// Send what is queued, then tell the peer that no more will come.
struct shutdown_write {};

enum class close_mode : std::uint8_t {
  drain, // send what is queued, within limits::close_drain, then close
  abort, // drop what is queued (it comes back), reset the connection
};

std::string to_string(close_mode x);

struct close {
  close_mode mode = close_mode::drain;
};

/// Send one datagram (datagram_broker). `to` is ignored by a connected socket.
struct send_datagram {
  byte_slice bytes;
  endpoint to;
  std::uint64_t token = 0;
};

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, write& x) {
  return f(caf::meta::type_name("sluice.write"), x.bytes, x.token);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, write_frame& x) {
  return f(caf::meta::type_name("sluice.write_frame"), x.payload, x.token);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, read_credit& x) {
  return f(caf::meta::type_name("sluice.read_credit"), x.count);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, read_flowing&) {
  return f(caf::meta::type_name("sluice.read_flowing"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, read_paused&) {
  return f(caf::meta::type_name("sluice.read_paused"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shutdown_write&) {
  return f(caf::meta::type_name("sluice.shutdown_write"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, close& x) {
  return f(caf::meta::type_name("sluice.close"), x.mode);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, send_datagram& x) {
  return f(caf::meta::type_name("sluice.send_datagram"), x.bytes, x.to,
           x.token);
}

} // namespace sluice::net

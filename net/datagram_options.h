#pragma once

// datagram_options: what a user may set for a datagram socket. The defaults
// stand in runtime/limits.h with their reasons.
//
// For users. Thread rule: a value; the broker keeps a constant copy.

#include "net/stream_options.h"

#include <caf/error.hpp>

#include <cstddef>
#include <string>

namespace sluice::net {

struct datagram_options {
  /// The one peer to send to and to hear from, e.g. "udp://example.org:53". A
  /// host name is looked up; until then what is sent is queued. Empty: each
  /// datagram names its receiver.
  std::string connect_to;

  /// How much may wait for the operating system; senders are told at these
  /// marks to slow down and to go on. Each datagram counts its bytes and
  /// limits::datagram_overhead_bytes, so the marks bound the number too.
  runtime::watermarks write_marks{runtime::limits::write_high_bytes,
                                  runtime::limits::write_low_bytes};

  /// What waits at most, counted likewise.
  std::size_t write_cap_bytes = runtime::limits::write_cap_bytes;

  /// What to do with a datagram that does not fit. By default the oldest ones
  /// make room, unlike in a stream, where nothing may be missing: receivers of
  /// datagrams must bear losses anyway, and to most of them news is worth more
  /// than what has waited. What is dropped comes back to its sender.
  net::overflow on_overflow = net::overflow::drop_oldest;

  /// How long a datagram may wait before it comes back; 0: for ever.
  runtime::duration expiry = runtime::limits::datagram_expiry;

  /// For the look-up of `connect_to`.
  runtime::duration connect_deadline = runtime::limits::connect_deadline;

  /// For `close`, until the rest is taken.
  runtime::duration close_drain = runtime::limits::close_drain;

  /// Whether *backpressure* from an actor that this broker sends to stops the
  /// reading until it is released; the operating system then drops what does
  /// not fit into its buffer. Off: the behavior decides.
  bool pause_on_backpressure = true;

  /// Longest datagram that is received whole; of longer ones the beginning.
  std::size_t receive_bytes_max = runtime::limits::datagram_bytes_max;

  /// SO_BROADCAST: allows sending to broadcast addresses.
  bool broadcast = false;

  /// SO_SNDBUF and SO_RCVBUF in bytes; 0 leaves them to the system.
  int send_buffer_bytes = 0;
  int receive_buffer_bytes = 0;

  /// errc::bad_setting if marks, cap, sizes or times contradict each other;
  /// names the setting. Does not read `connect_to`.
  caf::error check() const;
};

} // namespace sluice::net

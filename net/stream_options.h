#pragma once

// stream_options: what a user may set for a connection. The defaults stand in
// runtime/limits.h with their reasons.
//
// For users. Thread rule: a value; brokers share a constant copy.

#include "net/codec.h"
#include "runtime/clock.h"
#include "runtime/limits.h"
#include "runtime/valve.h"

#include <caf/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace sluice::net {

/// What happens to a write that does not fit under the cap.
enum class overflow : std::uint8_t {
  reject,      // it comes back to its sender
  drop_oldest, // the oldest writes come back to theirs, until it fits
  drop_newest, // like reject, for senders that do not try again
  disconnect,  // everything comes back, the connection is aborted
};

struct stream_options {
  /// Bytes not taken by the operating system at which senders are told to
  /// slow down and to go on.
  runtime::watermarks write_marks{runtime::limits::write_high_bytes,
                                  runtime::limits::write_low_bytes};

  /// What is queued at most.
  std::size_t write_cap_bytes = runtime::limits::write_cap_bytes;
  std::size_t write_cap_entries = runtime::limits::write_cap_entries;
  net::overflow on_overflow = net::overflow::reject;

  /// Time without progress after which a peer counts as stalled; 0: never.
  runtime::duration write_stall = runtime::limits::write_stall;

  /// Whether a stalled connection is aborted or only reported.
  bool abort_stalled = true;

  /// For the start of a connection that we open, look-up included.
  runtime::duration connect_deadline = runtime::limits::connect_deadline;

  /// After `close`: time without progress until the rest is given up, and for
  /// the peer to end, too, once everything is sent.
  runtime::duration close_drain = runtime::limits::close_drain;

  /// Whether *backpressure* from an actor that this broker sends to stops the
  /// reading until it is released. Off: the behavior decides.
  bool pause_on_backpressure = true;

  /// TCP_NODELAY: writes are gathered before the system call, so that the
  /// kernel need not wait for more.
  bool no_delay = true;

  /// SO_SNDBUF and SO_RCVBUF in bytes; 0 leaves them to the system.
  int send_buffer_bytes = 0;
  int receive_buffer_bytes = 0;

  /// Makes the codec of each connection; empty: raw bytes.
  std::function<std::unique_ptr<codec>()> framing;

  /// errc::bad_setting if marks, cap or times contradict each other; names the
  /// setting.
  caf::error check() const;
};

} // namespace sluice::net

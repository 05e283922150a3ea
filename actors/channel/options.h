#pragma once

// What a user may set for the ends of a channel, and for a host. The defaults
// stand in runtime/limits.h with their reasons.
//
// For users. Thread rule: values.

#include "runtime/clock.h"
#include "runtime/limits.h"
#include "runtime/valve.h"

#include <caf/error.hpp>

#include <cstddef>
#include <cstdint>

namespace sluice::actors::channel {

struct outlet_options {
  /// Bytes that wait for credit, at which the owner is told to slow down and to
  /// go on. A message counts its serialized size and four bytes.
  runtime::watermarks pending_marks{runtime::limits::channel_pending_high_bytes,
                                    runtime::limits::channel_pending_low_bytes};

  /// Bytes that may wait at most; `push` refuses what comes on top. One message
  /// always fits if none waits.
  std::size_t pending_cap_bytes = runtime::limits::channel_pending_cap_bytes;

  /// The position of the first message: for a sender that goes on with a stream
  /// that an earlier process began.
  std::uint64_t start_position = 0;

  /// A connection for this channel alone. Off: all channels of a host to one
  /// endpoint share one (docs/adr/0012).
  bool own_link = false;

  /// errc::bad_setting unless low < high <= cap; names the setting.
  caf::error check() const;
};

struct inlet_options {
  /// What may be in flight: sent by the outlet and not freed here. One message
  /// of more than `window_bytes` may be in flight alone.
  std::size_t window_messages = runtime::limits::channel_window_messages;
  std::size_t window_bytes = runtime::limits::channel_window_bytes;

  /// What the receiver has already: the position of the first message it wants.
  std::uint64_t start_position = 0;

  /// errc::bad_setting for a window that is empty or over 2^40; names the
  /// setting.
  caf::error check() const;
};

struct host_options {
  /// How often a link says that it is there.
  runtime::duration ping_interval = runtime::limits::channel_ping_interval;

  /// How long the other end may be silent, or take nothing; above
  /// `ping_interval`. 0: until the operating system gives it up, which may take
  /// for ever while nothing is sent (tcp(7), tcp_retries2).
  runtime::duration silence_max = runtime::limits::channel_silence_max;

  /// For the handshake of a link, and for the answer to the opening of a
  /// channel, which is looked for at each ping.
  runtime::duration handshake = runtime::limits::channel_handshake;

  /// For a connection that we open, look-up included.
  runtime::duration connect_deadline = runtime::limits::connect_deadline;

  /// Data that a link queues before the operating system has taken it.
  std::size_t link_queue_bytes = runtime::limits::channel_link_queue_bytes;

  /// SO_SNDBUF and SO_RCVBUF of links in bytes; 0 leaves them to the system.
  int send_buffer_bytes = 0;
  int receive_buffer_bytes = 0;

  /// Names this host in its streams' ids, so that a receiver knows an outlet
  /// that comes back; 0: drawn at random.
  std::uint64_t instance = 0;

  /// errc::bad_setting if they contradict each other; names the setting.
  caf::error check() const;
};

} // namespace sluice::actors::channel

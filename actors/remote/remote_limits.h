#pragma once

// remote_limits: how much may be on its way to other nodes.
//
// For users, through the settings of CAF (`of` says which). A value.

#include "runtime/limits.h"

#include <caf/fwd.hpp>

#include <cstddef>

namespace sluice::actors::remote {

struct remote_limits {
  /// Bytes of one connection that the operating system has not taken: at
  /// *high* whoever sends there is told to slow down, at *low* to go on, and at
  /// the cap messages come back. By high and low are also measured the messages
  /// to all nodes that wait for CAF's network thread, each by what the last
  /// ones had in bytes, and 1 KiB at least.
  std::size_t high_bytes = runtime::limits::remote_high_bytes;
  std::size_t low_bytes = runtime::limits::remote_low_bytes;
  std::size_t cap_bytes = runtime::limits::remote_cap_bytes;

  /// Messages that wait for the network thread at most; fewer if they seem to
  /// take cap_bytes (but limits::remote_sure_messages).
  std::size_t cap_messages = runtime::limits::remote_cap_messages;

  /// A connection over which a larger message is announced ends.
  std::size_t message_bytes_max = runtime::limits::remote_message_bytes_max;

  /// What the settings `sluice.remote-high-bytes`, `-low-bytes`, `-cap-bytes`,
  /// `-cap-messages` and `-message-bytes-max` say. Aborts unless
  /// low < high <= cap.
  static remote_limits of(const caf::actor_system_config& settings);
};

} // namespace sluice::actors::remote

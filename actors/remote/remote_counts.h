#pragma once

// remote_counts: what became of the messages to other nodes that could not be
// sent.
//
// For users: middleman::counts. A value; `remote_counters` is what it is read
// from, and internal.

#include <atomic>
#include <cstdint>

namespace sluice::actors::remote {

struct remote_counts {
  /// Did not fit, or had nowhere to go, and came back to their senders:
  /// requests as errors, others as rejected_message.
  std::uint64_t handed_back = 0;
  /// The same without a sender: lost.
  std::uint64_t dropped = 0;
  /// Bytes that connections held which the operating system had not taken when
  /// they ended: messages that were accepted, and lost.
  std::uint64_t lost_bytes = 0;
  /// Connections ended because a message was announced over
  /// remote_limits::message_bytes_max.
  std::uint64_t oversized = 0;
};

/// Any thread.
struct remote_counters {
  std::atomic<std::uint64_t> handed_back{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<std::uint64_t> lost_bytes{0};
  std::atomic<std::uint64_t> oversized{0};

  remote_counts read() const noexcept {
    return {handed_back.load(), dropped.load(), lost_bytes.load(),
            oversized.load()};
  }
};

} // namespace sluice::actors::remote

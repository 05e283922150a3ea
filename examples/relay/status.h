#pragma once

// status: what the actor of this process tells the main function.
//
// Thread rule: any thread, but for `sha256`, which is read after the end.
// Lifetime: longer than the actors.

#include "examples/support/transfer.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::examples::relay {

struct status : support::transfer {
  /// How long a lost neighbour may take to come back. Set before all else.
  std::chrono::seconds patience{20};
  std::atomic<std::uint64_t> bytes_received{0};
  std::atomic<std::uint64_t> bytes_pushed{0};
  /// In the outlet, without credit; and the most that ever was.
  std::atomic<std::size_t> bytes_pending{0};
  std::atomic<std::size_t> bytes_pending_peak{0};
  std::atomic<bool> connected{false};
  std::atomic<int> reopened{0};
  /// Of the whole stream, of the first and of the last process.
  std::string sha256;
};

/// How often one looks whether a lost neighbour is back.
inline constexpr int retry_ms = 250;

/// The name of the one channel between two neighbours.
inline constexpr auto channel_name = "relay";

} // namespace sluice::examples::relay

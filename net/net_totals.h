#pragma once

// net_totals: what the brokers of one loop have counted together, those that
// ended included. Plain numbers, written where each broker counts for itself:
// so a look at them costs the same with ten connections and with ten thousand.
//
// For users through net/reports.h. Thread rule: the loop's thread; a copy is a
// value. Lifetime: the loop's.

#include "net/events.h"
#include "net/stream_state.h"
#include "runtime/duration_histogram.h"
#include "runtime/event_loop.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sluice::net {

/// For loops over all values.
inline constexpr std::size_t close_reasons =
    static_cast<std::size_t>(close_reason::system_error) + 1;
inline constexpr std::size_t reject_reasons =
    static_cast<std::size_t>(reject_reason::expired) + 1;

using close_counts = std::array<std::uint64_t, close_reasons>;
using reject_counts = std::array<std::uint64_t, reject_reasons>;

struct stream_totals {
  /// Connections by state, now; those that are idle or closed are not counted.
  std::array<std::uint64_t, stream_states> by_state{};
  /// Opened by a peer, or handed over by another broker; opened by us.
  std::uint64_t accepted_connections = 0;
  std::uint64_t made_connections = 0;
  close_counts closed{};
  reject_counts rejected{};
  /// As stream_counts.
  std::uint64_t accepted_bytes = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t returned_bytes = 0;
  std::uint64_t received_bytes = 0;
  /// The most that ever waited in one connection.
  std::uint64_t queued_bytes_peak = 0;
  /// From the moment at which the operating system took no more of a connection
  /// until it had taken everything.
  runtime::duration_histogram write_wait{};

  std::uint64_t queued_bytes() const noexcept {
    return accepted_bytes - written_bytes - returned_bytes;
  }

  void moved(stream_state from, stream_state to) noexcept {
    if (counts(from))
      --by_state[static_cast<std::size_t>(from)];
    if (counts(to))
      ++by_state[static_cast<std::size_t>(to)];
  }

private:
  static bool counts(stream_state x) noexcept {
    return x != stream_state::idle && x != stream_state::closed;
  }
};

struct datagram_totals {
  struct sum {
    std::uint64_t datagrams = 0;
    std::uint64_t bytes = 0;

    void add(std::size_t size) noexcept {
      ++datagrams;
      bytes += size;
    }
  };

  std::uint64_t sockets = 0; // open now
  close_counts closed{};
  reject_counts rejected{};
  sum accepted;
  sum written;
  sum returned;
  sum received;
  std::uint64_t truncated = 0;

  sum queued() const noexcept {
    return {accepted.datagrams - written.datagrams - returned.datagrams,
            accepted.bytes - written.bytes - returned.bytes};
  }
};

struct listener_totals {
  std::uint64_t listeners = 0;   // now
  std::uint64_t paused_now = 0;  // for want of descriptors or memory
  std::uint64_t paused = 0;      // how often
  std::uint64_t connections = 0; // accepted
};

struct net_totals final : runtime::loop_annex {
  static constexpr auto slot = runtime::annex_slot::net;

  stream_totals streams;
  datagram_totals datagrams;
  listener_totals listeners;

  /// Writes that no mailbox had room for, of all loops: they never came to the
  /// broker. They count as reject_reason::overflow.
  static inline std::atomic<std::uint64_t> refused_at_door{0};
};

/// Those of a loop; made when they are first asked for.
inline net_totals& totals_of(runtime::event_loop& loop) {
  return loop.annex<net_totals>();
}

} // namespace sluice::net

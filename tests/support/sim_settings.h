#pragma once

// sim_settings: how large the buffers of a simulated world are, how slow its
// network is, and which faults it has. A test fixes what it is about and lets
// the seed draw the rest.
//
// For tests. Thread rule: a value. A world's settings may be changed while it
// runs; sizes apply to sockets opened from then on.

#include "runtime/clock.h"
#include "tests/support/random_source.h"

#include <chrono>
#include <cstddef>

namespace sluice::testing {

struct size_range {
  std::size_t min;
  std::size_t max;
};

struct duration_range {
  runtime::duration min;
  runtime::duration max;
};

/// Chances in 1,000 per occasion. What each does stands beside it; all of it
/// is allowed by the manual pages, so that code which breaks is wrong.
struct fault_rates {
  unsigned interrupted = 0; // EINTR from recv, send, accept and wait
  unsigned again = 0;       // EAGAIN from recv, send, accept although ready
  unsigned spurious = 0;    // readiness reported although there is none
  unsigned short_read = 0;  // a recv gives less than there is
  unsigned short_write = 0; // a send takes less than there is room for
  unsigned connected_at_once = 0; // connect gives 0 instead of EINPROGRESS
  unsigned accept_aborted = 0;    // ECONNABORTED; the connection is gone
  unsigned shortage = 0;          // open, accept fail for up to 0.5 s: EMFILE,
                                  // ENFILE, ENOBUFS or ENOMEM
  unsigned slow_segment = 0;      // late by 0.2 to 3 s, as a retransmission
  unsigned lost_datagram = 0;
  unsigned doubled_datagram = 0;
  unsigned late_datagram = 0; // late by up to 50 ms: overtaken by others
  unsigned no_buffers = 0;    // ENOBUFS from sending a datagram
};

struct sim_settings {
  /// What a stream socket's buffers hold. A byte counts as in the send buffer
  /// until the other end's kernel has acknowledged it.
  size_range send_buffer_bytes{64 * 1024, 64 * 1024};
  size_range receive_buffer_bytes{64 * 1024, 64 * 1024};

  /// What a datagram socket's queues hold; a datagram counts its size and one.
  size_range datagram_buffer_bytes{208 * 1024, 208 * 1024};

  /// Length of a TCP segment.
  size_range segment_bytes{64 * 1024, 64 * 1024};

  /// From one host to another, and on loopback; each message draws its own.
  duration_range latency{std::chrono::microseconds{10},
                         std::chrono::microseconds{10}};

  fault_rates faults;

  /// A number of bytes that a stream moves in at most a few thousand steps:
  /// through buffers of 1 byte, a megabyte would take minutes.
  std::size_t easy_bytes() const;

  /// No faults, a constant latency, buffers as above: what the real loopback
  /// looks like.
  static sim_settings calm() { return {}; }

  /// Buffers from 1 byte to 256 KiB, latencies from 1 us to 100 ms, and each
  /// fault off in half of the worlds: a fault that is always on hides what
  /// happens without it.
  static sim_settings drawn(random_source& random);
};

} // namespace sluice::testing

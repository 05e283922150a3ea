#pragma once

// load: clients that write and read random keys at all nodes, as fast as they
// are answered, and count what happens. One that loses its node goes on at the
// next one.
//
// Thread rule: `start_load` any thread; the counters may be read by any thread.
// Lifetime: the counters outlive the loop.

#include "runtime/event_loop.h"

#include <caf/actor.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::examples::kv_cluster {

struct load_options {
  /// Endpoints of the nodes.
  std::vector<std::string> nodes;
  std::size_t clients = 20;
  /// Commands that a client has under way at a time.
  std::size_t pipeline = 4;
  std::size_t keys = 100'000;
  std::size_t value_bytes = 64;
  /// How many in a hundred write; the others read.
  unsigned writes = 50;
  /// For a Redis: each write is followed by a WAIT for so many replicas, whose
  /// answer does not count. 0: none.
  unsigned wait_replicas = 0;
};

struct load_counters {
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> try_again{0};
  std::atomic<std::uint64_t> cluster_down{0};
  std::atomic<std::uint64_t> other_errors{0};
  /// Connections that ended, or could not be made.
  std::atomic<std::uint64_t> lost{0};
  /// The longest wait for an answer since somebody set it to 0.
  std::atomic<std::uint64_t> longest_us{0};
};

/// Runs until the actor is sent an exit.
caf::actor start_load(runtime::event_loop& loop, load_options options,
                      load_counters& counters);

} // namespace sluice::examples::kv_cluster

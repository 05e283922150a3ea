// The load generator's main job: keeps a fixed number of messages on their way
// on each of many connections to an echo server, and measures what comes back.
//
// One thread; the call owns every descriptor it opens.
#pragma once

#include <cstddef>
#include <cstdint>

#include "bench/cpu_time.h"
#include "bench/histogram.h"

namespace sluice::bench {

struct echo_options {
  uint16_t port = 0;
  unsigned connections = 1;
  size_t message_bytes = 64;
  // Messages on their way at any moment, per connection.
  unsigned pipelined = 1;
  double warmup_s = 0.2;
  double measured_s = 1.0;
  // Compares every byte instead of samples.
  bool check_all = false;
  // A process whose CPU time over the measured window is wanted; 0 for none.
  uint64_t watched_pid = 0;
};

struct echo_result {
  // Within the measured window.
  uint64_t messages = 0;
  double elapsed_s = 0;
  histogram latency_ns;
  cpu_time server_cpu;
  cpu_time client_cpu;
  // From the first byte to the last, warm-up and drain included.
  uint64_t messages_total = 0;
  // Why the run does not count; nullptr for a good one. A static string.
  const char* fault = nullptr;
};

// Returns after warm-up, measured window and the time in which outstanding
// messages come home: at most three seconds, or six for a server that is
// silent.
echo_result run_echo(const echo_options& options);

} // namespace sluice::bench

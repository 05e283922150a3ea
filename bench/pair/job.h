// What the two programs of a pair do with each other: the jobs, their command
// line, and the one line that the sender prints in the end. README.md in the
// folder above says what each job shows.
//
// A program of a pair is `X receive [--port N]`, which prints `listening PORT`
// and ends on SIGTERM, and `X send --port P --job JOB [--seconds S]
// [--count N]`, which ends when it is done and its stdin has ended.
//
// Call from main().
#pragma once

#include "bench/histogram.h"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::bench::pair {

enum class job : uint64_t {
  stream, // numbers one way, as fast as the flow control lets them
  bulk,   // blocks one way
  ping,   // a number there and back, one at a time
  slow,   // numbers one way, to a receiver that handles 1,000 a second; lasts
          // for its time, also if all are sent before
};

const char* to_string(job x);

struct pair_options {
  bool sends = false;
  uint16_t port = 0;
  job what = job::stream;
  double seconds = 1;
  uint64_t count = 0; // to be sent at most; 0: whatever the time allows

  uint64_t duration_ns() const { return static_cast<uint64_t>(seconds * 1e9); }
  uint64_t count_max() const { return count == 0 ? UINT64_MAX : count; }
};

// Adds both roles to `app`; `options` is filled when it parses its command
// line. `jobs` are those that the program can do. Options of `app` itself may
// stand anywhere.
void add_pair_options(CLI::App& app, pair_options& options,
                      const std::vector<job>& jobs);

// What the sender measured.
struct job_result {
  std::string fault;
  uint64_t messages = 0; // handled by the receiver; of slow: offered to it
  double seconds = 0;    // until the receiver had confirmed them
  histogram latency_ns;  // of ping
};

// The sender of job `slow` is watched from outside: it says `ready` when it is
// connected and begins when a line comes on stdin, or its end. Other jobs begin
// at once.
void await_start(const pair_options& options);

// Prints the result as a line of JSON, and returns at the end of stdin with
// main's result: until then there is a process to look at.
int finish(const pair_options& options, const job_result& result);

} // namespace sluice::bench::pair

// The contract of the sink servers, whose memory is measured from outside
// while their peer never reads: on accept a sink writes 64 KiB blocks as fast
// as its library's usual idiom allows, for a fixed time.
//
// Call from main().
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>

namespace sluice::bench {

inline constexpr size_t sink_block_bytes = 64 * 1024;

struct sink_options {
  uint16_t port = 0;
  double seconds = 5;
  uint64_t mib_max = 2048;

  uint64_t duration_ns() const { return static_cast<uint64_t>(seconds * 1e9); }
  uint64_t bytes_max() const { return mib_max << 20; }
};

// `options` is filled when `app` parses its command line.
inline void add_sink_options(CLI::App& app, sink_options& options) {
  app.add_option("--port", options.port, "0 lets the system choose");
  app.add_option("--seconds", options.seconds, "to write to each connection")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  app.add_option("--max-mib", options.mib_max,
                 "that a sink without a limit may queue, for the machine's "
                 "sake")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
}

} // namespace sluice::bench

#pragma once

// chain_plan: a program to be simulated: connections that bytes come from,
// flow-controlled actors that pass them on and change them, and connections
// that they go to. A plan is drawn from a seed or written by hand, and says
// what the bytes become on their way.
//
// For tests. Thread rule: values.

#include "actors/mailbox_limits.h"
#include "runtime/valve.h"
#include "tests/support/random_source.h"
#include "tests/support/sim_settings.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::testing {

/// What a stage makes of a stream. All of it depends on the stream alone, and
/// not on how it is cut into pieces.
enum class stage_work : std::uint8_t {
  copy,
  expand, // each byte twice, the second time inverted
  shrink, // every second byte
  batch,  // the same bytes, several pieces joined
  split,  // the same bytes in smaller pieces
};

/// Whether a stage asks a helper about each piece before it passes it on.
enum class asking : std::uint8_t { nobody, then, await };

/// Where a stage or a source sends what it has.
struct target {
  bool sink = false;
  std::size_t index = 0; // into `stages` or `sinks`
};

struct stage_plan {
  stage_work work = stage_work::copy;
  std::size_t factor = 1; // batch: pieces joined; split: into how many
  asking asks = asking::nobody;
  bool pinned = false;
  actors::mailbox_limits limits{.high = 4, .low = 2};
  bool helper_pinned = false;
  actors::mailbox_limits helper_limits{.high = 4, .low = 2};
  unsigned brake_per_mille = 0;                  // stops after a piece, for
  duration_range brake{std::chrono::seconds{0},  // a time of
                       std::chrono::seconds{0}}; // this length
  bool drops_a_byte = false;                     // a fault to be found
  std::vector<target> next;
};

struct source_plan {
  std::size_t offered_bytes = 0;
  std::size_t piece_bytes = 64;
  bool in_fits = false; // the peer does not write everything at once
  target next;
};

/// What the peer of a sink does to the connection while it is slow.
enum class far_act : std::uint8_t {
  nothing,
  reset,
  close,
  half_close,
  lose_link, // until the slow time is over
};

struct sink_plan {
  runtime::watermarks marks{1024, 512};
  bool by_close = false;          // ends by `close`, not by `shutdown_write`
  std::size_t read_bytes_max = 0; // at once, while it is slow; 0: nothing
  far_act act = far_act::nothing; // at a random moment of the slow time
  duration_range pause{std::chrono::milliseconds{1}, // between two reads
                       std::chrono::milliseconds{20}};
};

struct chain_plan {
  std::vector<source_plan> sources;
  std::vector<stage_plan> stages; // each sends to such as stand before it
  std::vector<sink_plan> sinks;
  bool linked = false; // whoever fails takes all others along
  std::optional<std::size_t> killed_stage;
  bool by_kill = true; // else by an exit that keeps its place in the mailbox
  bool source_resets = false;
  runtime::duration slow_time = std::chrono::seconds{1};

  /// A chain, two of them that meet, or one that forks; one to four stages
  /// from end to end.
  static chain_plan drawn(random_source& random);

  /// One source, these stages from first to last, one sink.
  static chain_plan line(std::vector<stage_plan> stages);

  /// The stages from `source` to `sink`, the first one first.
  std::vector<std::size_t> path(std::size_t source, std::size_t sink) const;
};

/// What `text` is after these stages.
std::string passed_through(const chain_plan& plan,
                           const std::vector<std::size_t>& stages,
                           std::string text);

} // namespace sluice::testing

#pragma once

// chain_bounds: how much a chain may hold at most, by the rules of flow control
// and whatever the length of what goes through it.
//
// What a sender S may send to a receiver after it was told to slow down: what
// the handler sends that was told, and if S was overloaded itself, what it
// handles until it is so no more (rule R1): its mailbox but for its low mark.
// So a mailbox holds its high mark and that, of each of its senders. A sink is
// obeyed at once: it gets no more than one handler of each sender sends.
//
// For tests. Thread rule: values.

#include "tests/simulation/chain_plan.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace sluice::testing {

struct stage_bounds {
  /// Nothing if it is not bounded by its marks: it awaits responses, or gets
  /// more than its share from one that does.
  std::optional<std::size_t> mailbox_messages;
  std::optional<std::size_t> helper_messages;
  /// All bytes in pieces that wait for it or that it has kept.
  std::size_t bytes = 0;
};

struct chain_bounds {
  std::vector<stage_bounds> stages;
  /// Bytes that wait for each sink's socket, or in its mailbox.
  std::vector<std::optional<std::size_t>> sinks;
  /// All bytes in pieces; nothing if a stage is not bounded.
  std::optional<std::size_t> piece_bytes;

  /// `read_bytes` is what a source reads in one turn.
  chain_bounds(const chain_plan& plan, std::size_t read_bytes);

  /// What a source may be ahead of a sink, in bytes of the source: everything
  /// between them inside of the program, and in `kernel_bytes` of buffers in
  /// front and as many behind.
  std::optional<std::size_t> ahead_bytes(const chain_plan& plan,
                                         std::size_t source, std::size_t sink,
                                         std::size_t kernel_bytes) const;
};

} // namespace sluice::testing

#pragma once

// inlet_core: what an inlet has received, what of it was freed, and how much
// credit follows from that. Sans-I/O.
//
// Positions count messages and bytes their serialized size and four each, both
// from the inlet's start. Invariants:
// 1. confirmed <= position: everything below *confirmed* was freed, and what
//    was freed out of order above it is remembered.
// 2. What is in flight, received and not freed or on its way, is never more
// than
//    the window, in messages and in bytes; but for a single message that is
//    larger, which comes alone.
// 3. Credit only grows.
//
// Internal. Thread rule: none of its own. Lifetime: belongs to its port.

#include "actors/channel/wire.h"

#include <caf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

namespace sluice::actors::channel {

class inlet_core {
public:
  inlet_core(std::uint64_t start, std::uint64_t window_messages,
             std::uint64_t window_bytes) noexcept;

  /// Everything up to here was received, and freed.
  std::uint64_t position() const noexcept { return position_; }
  std::uint64_t confirmed() const noexcept { return confirmed_; }

  /// Received and not freed.
  std::uint64_t held_messages() const noexcept { return position_ - freed_; }
  std::uint64_t held_bytes() const noexcept { return bytes_ - freed_bytes_; }

  /// Messages that the outlet may still send, as far as it knows.
  std::uint64_t credit() const noexcept {
    return message_limit_ > position_ ? message_limit_ - position_ : 0;
  }

  /// What an outlet is told that opens the inlet, with all credit there is.
  wire::opened open(std::uint32_t channel);

  /// A data frame of `count` messages in `bytes` bytes. errc::malformed_frame
  /// if it is not what comes next, or goes over the credit.
  caf::error receive(std::uint64_t first, std::uint32_t count,
                     std::size_t bytes);

  /// A part of what was received is freed, once.
  void free(std::uint64_t first, std::uint32_t count, std::size_t bytes);

  /// The outlet waits for credit that would not be worth a frame.
  void blocked() noexcept { blocked_ = true; }

  /// Whether it is time for `grant`: half of the window was freed, or somebody
  /// waits for less.
  bool grant_due() const noexcept;

  /// Whether `grant` would say anything new.
  bool grant_useful() const noexcept;

  /// All credit there is.
  wire::grant grant(std::uint32_t channel);

private:
  void advance_limits() noexcept;

  std::uint64_t window_messages_;
  std::uint64_t window_bytes_;
  std::uint64_t position_;
  std::uint64_t confirmed_;
  std::uint64_t freed_; // as if it had been freed in order
  std::uint64_t bytes_ = 0;
  std::uint64_t freed_bytes_ = 0;
  std::map<std::uint64_t, std::uint64_t> early_; // freed: from, to

  // What the outlet was told.
  std::uint64_t message_limit_ = 0;
  std::uint64_t byte_limit_ = 0;
  std::uint64_t said_confirmed_ = 0;
  bool blocked_ = false;
};

} // namespace sluice::actors::channel

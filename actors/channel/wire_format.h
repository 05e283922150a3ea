#pragma once

// wire_format: what the encoder and the decoder of a link's frames agree about,
// see docs/wire_format.md.
//
// Internal to wire.h. Constants.

#include <cstddef>
#include <cstdint>

namespace sluice::actors::channel::wire {

/// The first byte of a frame. Frames from 128 on may be ignored.
enum class kind : std::uint8_t {
  hello = 1,
  welcome = 2,
  refuse = 3,
  ping = 4,
  pong = 5,
  open = 16,
  data = 17,
  blocked = 18,
  end = 19,
  opened = 32,
  refused = 33,
  grant = 34,
  finished = 35,
  close = 48,
  first_ignored = 128,
};

inline constexpr std::uint32_t magic = 0x534c4348; // "SLCH"

/// What stands before each frame.
inline constexpr std::size_t length_bytes = 4;

} // namespace sluice::actors::channel::wire

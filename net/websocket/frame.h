#pragma once

// frame: the header of a WebSocket frame (RFC 6455, 5.2), written and looked
// at, and the mask over a client's payload (5.3).
//
// Internal; users have sessions and connections. Thread rule: values and pure
// functions.

#include "runtime/byte_slice.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

namespace sluice::net::websocket {

using runtime::byte_slice;

enum class opcode : std::uint8_t {
  continuation = 0x0,
  text = 0x1,
  binary = 0x2,
  close = 0x8,
  ping = 0x9,
  pong = 0xa,
};

/// What one control frame carries at most, in bytes (RFC 6455, 5.5).
inline constexpr std::size_t control_payload_bytes_max = 125;

/// The longest header, and the longest control frame, of a client.
inline constexpr std::size_t header_bytes_max = 14;
inline constexpr std::size_t control_frame_bytes_max =
    2 + 4 + control_payload_bytes_max;

using mask_key = std::array<std::uint8_t, 4>;

/// The bytes of a header that is sent.
struct frame_header {
  std::array<char, header_bytes_max> bytes{};
  std::uint8_t size = 0;

  std::string_view view() const noexcept { return {bytes.data(), size}; }
};

/// The header before a payload of `size` bytes, which is below 2^63, in the
/// shortest form (RFC 6455, 5.2).
frame_header make_header(opcode what, bool fin, std::uint64_t size,
                         const mask_key* mask = nullptr);

/// `payload` under the mask, in memory of its own.
byte_slice masked(std::string_view payload, const mask_key& key);

/// A key that nobody can foresee (RFC 6455, 10.3), from OpenSSL's generator.
/// Any thread.
mask_key random_mask();

/// A whole frame of a client.
byte_slice masked_frame(opcode what, bool fin, std::string_view payload);

/// What a header that came says, whether or not it may.
struct frame_head {
  bool fin = false;
  std::uint8_t reserved = 0; // RSV1 is 4, RSV2 is 2, RSV3 is 1
  std::uint8_t code = 0;     // the opcode, known or not
  bool masked = false;
  std::uint8_t form = 0;    // the 7 bits in which the length starts
  std::uint64_t length = 0; // of the payload, in bytes
  std::uint8_t size = 0;    // of this header, in bytes

  bool is_control() const noexcept { return (code & 8) != 0; }

  /// What header and payload have together. The peer may claim up to
  /// 2^64 - 1 bytes, so that the sum would wrap around; it is then 2^64 - 1,
  /// for a frame that may not be anyway (RFC 6455, 5.2: below 2^63).
  std::uint64_t frame_bytes() const noexcept {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    return length > most - size ? most : size + length;
  }
};

/// The header at the start of `input`, or none if it is not there as a whole.
std::optional<frame_head> look_at(std::string_view input);

} // namespace sluice::net::websocket

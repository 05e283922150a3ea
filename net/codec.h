#pragma once

// codec: where one frame ends and the next begins. A codec is sans-I/O: it
// looks at bytes and says what they are; the framer keeps the bytes.
//
// For users who write their own framing; everybody else names one of ours:
// line_codec, length_prefix_codec, resp_codec. No codec at all is raw framing:
// every read is one `received`.
//
// Thread rule: one codec serves one connection, on its loop. Lifetime: owned
// by the connection's framer.

#include "runtime/panic.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace sluice::net {

/// What a codec found at the start of the input.
struct decoded {
  enum class status : std::uint8_t { need_more, frame, too_long, malformed };

  status what = status::need_more;
  /// Of a frame: where its payload starts, and how long it is.
  std::size_t offset = 0;
  std::size_t size = 0;
  /// Of a frame: bytes to drop from the input, delimiters included.
  std::size_t consumed = 0;
  /// Of need_more: how many bytes the whole frame has on the wire, envelope
  /// included, once the codec knows exactly (and has checked it against its
  /// bound); 0 before. A hint for the buffer.
  std::size_t expected = 0;
  /// Of too_long and malformed: what was wrong, for the log and the reason. A
  /// text of static storage.
  const char* detail = "";

  static decoded more(std::size_t expected = 0) {
    return {status::need_more, 0, 0, 0, expected, ""};
  }
  static decoded frame(std::size_t offset, std::size_t size,
                       std::size_t consumed) {
    return {status::frame, offset, size, consumed, 0, ""};
  }
  static decoded too_long(const char* detail) {
    return {status::too_long, 0, 0, 0, 0, detail};
  }
  static decoded malformed(const char* detail) {
    return {status::malformed, 0, 0, 0, 0, detail};
  }
};

/// What goes before and after a payload on the wire.
struct envelope {
  static constexpr std::size_t bytes_max = 12;

  std::array<char, 10> header{};
  std::size_t header_size = 0;
  std::array<char, 2> trailer{};
  std::size_t trailer_size = 0;

  std::string_view head() const { return {header.data(), header_size}; }
  std::string_view tail() const { return {trailer.data(), trailer_size}; }
};

/// The largest bound on a frame: offsets inside it fit into 32 bits.
inline constexpr std::size_t frame_bound_max =
    std::numeric_limits<std::uint32_t>::max() - envelope::bytes_max;

/// `bound` for a codec's constructor; panics above `frame_bound_max`, since the
/// bound is the program's and not the peer's.
inline std::uint32_t checked_frame_bound(std::size_t bound) noexcept {
  runtime::check(bound <= frame_bound_max, "a codec's bound is over 2^32 - 13");
  return static_cast<std::uint32_t>(bound);
}

class codec {
public:
  virtual ~codec() = default;

  /// Looks for one frame at the start of `input`. After need_more it is called
  /// again with the same bytes (at another address, maybe) and more behind
  /// them, so it may remember how far it looked; after a frame it is called
  /// with what follows it; after too_long and malformed never again. Must not
  /// look at a byte twice for every new byte: a peer that sends byte by byte
  /// must not cost quadratic time. What it finds must not depend on how the
  /// stream was cut.
  virtual decoded decode(std::string_view input) = 0;

  /// The envelope for a payload of `size` bytes, for `write_frame`; `size` is
  /// at most `frame_bytes_max()`.
  virtual envelope wrap(std::size_t size) const = 0;

  /// Largest payload that this codec accepts, in bytes; at most
  /// `frame_bound_max`. What stands
  /// around a payload on the wire may not be longer than an envelope.
  virtual std::size_t frame_bytes_max() const = 0;
};

} // namespace sluice::net

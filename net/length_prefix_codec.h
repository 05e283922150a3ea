#pragma once

// length_prefix_codec: a frame is a length and that many bytes. Frames of no
// bytes are frames.
//
// For users. Thread rule and lifetime: see net/codec.h.

#include "net/codec.h"
#include "runtime/limits.h"

namespace sluice::net {

/// How the length is written.
enum class length_format : std::uint8_t {
  /// Four bytes, most significant first.
  u32_be,
  /// LEB128 as in protobuf's delimited messages: seven bits a byte, least
  /// significant first. As there, a length padded to more bytes than it needs
  /// is read, and one of more than ten bytes or 64 bits is malformed.
  varint,
};

class length_prefix_codec : public codec {
public:
  /// Payloads have at most `frame_bytes_max` bytes; `frame_bytes_max` is at
  /// most 2^32 - 16.
  explicit length_prefix_codec(
      length_format format,
      std::size_t frame_bytes_max = runtime::limits::frame_bytes_max);

  decoded decode(std::string_view input) override;
  envelope wrap(std::size_t size) const override;
  std::size_t frame_bytes_max() const override { return frame_bytes_max_; }

private:
  std::uint32_t frame_bytes_max_;
  length_format format_;
};

} // namespace sluice::net

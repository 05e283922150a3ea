#pragma once

// line_codec: a frame is a line of text. It ends in LF; one CR before the LF
// is dropped with it. Empty lines are frames.
//
// A last line without LF is no frame: the stream may have been cut in the
// middle of it, and half of "DEL user:123" is another command. Redis and nginx
// drop it too. Whoever wants it all the same (to read a text file, say) gets
// it from `framer::take_rest`.
//
// For users. Thread rule and lifetime: see net/codec.h.

#include "net/codec.h"
#include "runtime/limits.h"

namespace sluice::net {

/// What `wrap` puts behind a line. Decoding takes either.
enum class line_ending : std::uint8_t { lf, crlf };

class line_codec : public codec {
public:
  /// Lines have at most `line_bytes_max` bytes, their ending not counted;
  /// `line_bytes_max` is at most `frame_bound_max`.
  explicit line_codec(
      std::size_t line_bytes_max = runtime::limits::line_bytes_max,
      line_ending ending = line_ending::lf);

  decoded decode(std::string_view input) override;

  /// The ending. That the payload has no LF inside is the caller's matter.
  envelope wrap(std::size_t size) const override;

  std::size_t frame_bytes_max() const override { return line_bytes_max_; }

private:
  std::uint32_t line_bytes_max_;
  std::uint32_t scanned_ = 0;
  line_ending ending_;
};

} // namespace sluice::net

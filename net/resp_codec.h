#pragma once

// resp_codec: the frames of RESP2, the protocol of Redis
// (https://redis.io/docs/reference/protocol-spec/). A frame is one command or
// one reply as it stands on the wire, every CR LF included, so that frames can
// be passed on as they are; net/resp.h takes them apart.
//
// A server reads commands: arrays of bulk strings, or inline commands, the
// lines that people type into nc. A client reads replies: simple strings,
// errors, integers, bulk strings, nulls, and arrays of all of them.
//
// Empty commands (an empty line, `*0`, `*-1`) are frames without arguments;
// Redis ignores them.
//
// Errors are worded as Redis words them ("Protocol error: invalid bulk
// length"), ready to be sent back behind "-ERR ". Where Redis looks away (no LF
// after CR, something else than CR LF after a bulk string) this is an error.
//
// For users. Thread rule and lifetime: see net/codec.h.

#include "net/codec.h"
#include "runtime/limits.h"

#include <array>

namespace sluice::net {

/// Which side of a connection the codec reads for.
enum class resp_side : std::uint8_t { commands, replies };

/// Bounds on what the peer may send; all in bytes but the first two.
struct resp_bounds {
  /// Elements of one array.
  std::size_t elements = runtime::limits::resp_elements_max;
  /// Arrays inside arrays, the outermost counted; at most
  /// `limits::resp_depth_max`. Commands have a depth of 1.
  std::size_t depth = runtime::limits::resp_depth_max;
  /// One bulk string.
  std::size_t bulk_bytes = runtime::limits::resp_bulk_bytes_max;
  /// An inline command, simple string, error, or line with a length, without
  /// its ending.
  std::size_t inline_bytes = runtime::limits::resp_inline_bytes_max;
  /// One whole frame. If this is less than one of the above, it decides.
  std::size_t frame_bytes = runtime::limits::resp_frame_bytes_max;
};

class resp_codec : public codec {
public:
  /// Panics if a bound is above what `resp_bounds` allows or `frame_bound_max`.
  explicit resp_codec(resp_side side, const resp_bounds& bounds = {});

  decoded decode(std::string_view input) override;

  /// Nothing: a payload is RESP already.
  envelope wrap(std::size_t size) const override;

  std::size_t frame_bytes_max() const override { return frame_bytes_max_; }

private:
  decoded decode_inline(std::string_view input);
  decoded decode_command(std::string_view input);
  decoded decode_reply(std::string_view input);
  decoded read_element(std::string_view input, std::size_t position,
                       bool& whole);
  decoded suspend(std::size_t position, std::size_t expected = 0);
  std::size_t line_bytes_max(std::size_t position) const;
  decoded finish(std::size_t size);
  bool is_last_element() const;

  static constexpr std::uint32_t no_body = 0xffffffff;

  // Where the last call stopped; all offsets count from the frame's start.
  /// Behind everything that is read for good.
  std::uint32_t position_ = 0;
  /// Looked through for the end of the line that starts at `position_`.
  std::uint32_t scanned_ = 0;
  /// Length of the bulk string that starts at `position_`, or `no_body` if a
  /// new element starts there.
  std::uint32_t body_ = no_body;
  /// Elements still to come, of each array that is open.
  std::array<std::uint32_t, runtime::limits::resp_depth_max> left_{};
  std::uint8_t depth_ = 0;

  resp_side side_;
  std::uint8_t depth_max_;
  std::uint32_t elements_max_;
  std::uint32_t bulk_bytes_max_;
  std::uint32_t inline_bytes_max_;
  std::uint32_t frame_bytes_max_;
};

} // namespace sluice::net

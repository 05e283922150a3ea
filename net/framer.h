#pragma once

// framer: turns what was read into frames. It owns a codec and the bytes of a
// frame that has not come whole.
//
//   framer.feed(bytes);
//   while (framer.next(frame))
//     deliver(frame);
//   if (framer.error()) ...
//
// A frame that lies whole in what was fed shares its memory. Only a frame that
// spans reads is copied, into a slab of its own, which grows with the bytes
// that arrived and never with the length that the peer claims.
//
// Internal; connections have one. Thread rule: one thread at a time. Lifetime:
// frames are independent of the framer.
//
// Invariants:
// 1. Either `input_` starts where a frame starts (`gathered_` is 0), or the
//    slab `gather_` holds the first `gathered_` bytes of a frame and `input_`
//    what comes after them.
// 2. The slab has at most max(2 * bytes that arrived, gather_min_bytes) bytes,
//    at most those of the frame once they are known, and never more than the
//    codec's bound and an envelope.
// 3. A slab that was fed is not kept for less than 1/compact_ratio of its bytes
//    once `next` returned false.
// 4. After an error nothing is held and nothing is found any more.

#include "net/codec.h"
#include "runtime/byte_slice.h"

#include <caf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace sluice::net {

class framer {
public:
  explicit framer(std::unique_ptr<net::codec> codec);

  framer(framer&&) noexcept = default;
  framer& operator=(framer&&) noexcept = default;

  /// Takes in bytes in the order of the stream. To be called when `next` has
  /// returned false; earlier it is right too, but copies what is not taken yet.
  /// After an error the bytes are dropped.
  void feed(runtime::byte_slice bytes);

  /// Finds the next frame: true and its payload, or false if there is none or
  /// an error; see `error`.
  bool next(runtime::byte_slice& frame);

  /// errc::frame_too_long or errc::malformed_frame with the codec's text, for
  /// good; or none.
  const caf::error& error() const noexcept { return error_; }

  /// What the end of the stream means here, to be asked when `next` has
  /// returned false: none between two frames, the sticky error if there is one,
  /// or errc::truncated_frame with a text that says how much is missing.
  caf::error at_end() const;

  /// Bytes that were fed and are not part of a frame yet.
  std::size_t buffered() const noexcept { return gathered_ + input_.size(); }

  /// Takes all bytes that are in no frame yet: at the end of the stream the
  /// part of a frame that came, and in between what another codec is to read.
  /// The framer is not to be used any more.
  runtime::byte_slice take_rest();

  /// Copies what is held out of a slab that it uses little of. For a connection
  /// that stops to take frames while some are left.
  void compact();

  net::codec& codec() noexcept { return *codec_; }
  const net::codec& codec() const noexcept { return *codec_; }

private:
  bool next_in_input(runtime::byte_slice& frame);
  bool next_in_gathered(runtime::byte_slice& frame);
  runtime::byte_slice take_frame(const decoded& found);
  void drop_input(std::size_t count);
  std::size_t wire_bytes_max() const noexcept;
  std::size_t chunk_bytes() const noexcept;
  void gather(std::size_t count);
  void park(const decoded& found);
  void fail(const decoded& why);

  std::unique_ptr<net::codec> codec_;
  /// Fed and not looked at, or a partial frame that is large enough to stay.
  runtime::byte_slice input_;
  /// The start of a frame that spans reads; null if `gathered_` is 0.
  runtime::slab_ptr gather_;
  std::uint32_t gathered_ = 0;
  /// Bytes of the partial frame on the wire once the codec knows them, or 0.
  std::uint32_t expected_ = 0;
  caf::error error_;
  /// Nothing to find until something is fed.
  bool starved_ = true;
};

// Ten thousand idle connections have one each.
static_assert(sizeof(framer) <= 64);

} // namespace sluice::net

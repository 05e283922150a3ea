#pragma once

// What the tests of codecs and framers share: a stream goes through a framer,
// cut this way or that, and what comes out is compared.
//
// For tests. Thread rule: one thread at a time. Lifetime: functions only.

#include "net/codec.h"
#include "net/framer.h"
#include "tests/support/random_source.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::testing {

using make_codec = std::function<std::unique_ptr<net::codec>()>;

/// What came out of a framer.
struct framed {
  std::vector<std::string> frames;
  std::string error;        // its text, empty if there was none
  std::size_t buffered = 0; // bytes of a frame that is not whole

  friend bool operator==(const framed&, const framed&) = default;
  friend std::ostream& operator<<(std::ostream& out, const framed& x);
};

/// The whole stream in one read.
framed frame_whole(const make_codec& make, std::string_view stream);

/// One byte a read.
framed frame_bytewise(const make_codec& make, std::string_view stream);

/// Reads of random lengths: some in slabs of their own, some behind each other
/// in one slab, some fed before the frames of the last were taken.
framed frame_in_pieces(const make_codec& make, std::string_view stream,
                       random_source& random);

/// The payload as `codec` puts it on the wire.
std::string wrapped(const net::codec& codec, std::string_view payload);

/// Random bytes of any value, or of `alphabet` if there is one.
std::string random_text(random_source& random, std::size_t size,
                        std::string_view alphabet = {});

/// Feeds `stream` to a codec in steps of `step` bytes and puts line ends in
/// place of what it saw in earlier ones, but for the first and the last
/// `window` bytes of that. A codec that gets the one frame of `stream` right
/// all the same looks at no more than `2 * window + step` bytes a call, which
/// is linear in all. Returns the size of the frame, 0 if there was none.
std::size_t frame_with_blanked_past(net::codec& codec, std::string_view stream,
                                    std::size_t step, std::size_t window);

} // namespace sluice::testing

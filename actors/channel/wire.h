#pragma once

// wire: the frames of a link as bytes. Sans-I/O: values to bytes and back. The
// format is described in docs/wire_format.md; a frame is a length of four bytes
// and that many bytes, of which the first one says what it is.
//
// `decode` takes whatever comes: it checks every length against what is there,
// and allocates nothing but the short texts that it has checked.
//
// Internal. Thread rule: pure functions and values.

#include "actors/channel/end_reason.h"
#include "runtime/byte_slice.h"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace sluice::actors::channel {

/// Names a stream for its whole life, over all its links: the host of its
/// outlet, and a number there.
struct stream_id {
  std::uint64_t host = 0;
  std::uint64_t number = 0;
  friend bool operator==(const stream_id&, const stream_id&) = default;
};

namespace wire {

using runtime::byte_slice;

/// The versions of the protocol that this library speaks.
inline constexpr std::uint8_t version_min = 1;
inline constexpr std::uint8_t version_max = 1;

/// What stands before each message of a data frame: its length.
inline constexpr std::size_t item_header_bytes = 4;

/// What stands before the messages of a data frame, with the frame's length.
inline constexpr std::size_t data_header_bytes = 4 + 1 + 4 + 8 + 4;

// -- frames of the link -------------------------------------------------------

/// The first frame of who connects.
struct hello {
  std::uint8_t version_min = wire::version_min;
  std::uint8_t version_max = wire::version_max;
  std::uint64_t instance = 0;
  /// What the sender of this takes at most.
  std::uint32_t frame_bytes_max = 0;
  std::uint32_t channels_max = 0;
};

/// The first frame of who was connected to.
struct welcome {
  std::uint8_t version = wire::version_max;
  std::uint64_t instance = 0;
  std::uint32_t frame_bytes_max = 0;
  std::uint32_t channels_max = 0;
};

/// Instead of *welcome*, and before the link is ended for a reason.
struct refuse {
  end_reason reason = end_reason::protocol_error;
  std::string text;
};

struct ping {
  std::uint64_t token = 0;
};
struct pong {
  std::uint64_t token = 0;
};

// -- frames of a channel, from the outlet -------------------------------------

struct open {
  std::uint32_t channel = 0;
  stream_id stream;
  /// What the outlet has: the receiver's position must lie in it.
  std::uint64_t oldest = 0;
  std::uint64_t next = 0;
  std::string name;
  std::string type;
};

struct data {
  std::uint32_t channel = 0;
  std::uint64_t first = 0;
  std::uint32_t count = 0;
  byte_slice items; // `count` times a length and that many bytes
};

/// The next message is larger than what is left of the window.
struct blocked {
  std::uint32_t channel = 0;
};

struct end {
  std::uint32_t channel = 0;
  std::uint64_t position = 0;
};

// -- frames of a channel, from the inlet --------------------------------------

/// Positions and bytes count from the inlet's beginning.
struct opened {
  std::uint32_t channel = 0;
  std::uint64_t position = 0; // of the message that it wants next
  std::uint64_t bytes = 0;    // that it got before
  std::uint64_t confirmed = 0;
  std::uint64_t message_limit = 0;
  std::uint64_t byte_limit = 0;
  std::uint64_t window_messages = 0;
  std::uint64_t window_bytes = 0;
};

struct refused {
  std::uint32_t channel = 0;
  end_reason reason = end_reason::unknown_name;
  std::string text;
};

struct grant {
  std::uint32_t channel = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t message_limit = 0;
  std::uint64_t byte_limit = 0;
};

/// Everything up to the end was handled.
struct finished {
  std::uint32_t channel = 0;
};

// -- frames of a channel, from either -----------------------------------------

/// The channel is over.
struct close {
  std::uint32_t channel = 0;
  end_reason reason = end_reason::dropped;
  std::string text;
};

/// A frame of a kind that may be ignored: what later versions add.
struct ignored {
  std::uint8_t kind = 0;
};

using frame =
    std::variant<hello, welcome, refuse, ping, pong, open, data, blocked, end,
                 opened, refused, grant, finished, close, ignored>;

// -- bytes --------------------------------------------------------------------

/// Appends `x` with its length. Texts longer than they may be are cut.
void encode(const hello& x, std::string& out);
void encode(const welcome& x, std::string& out);
void encode(const refuse& x, std::string& out);
void encode(const ping& x, std::string& out);
void encode(const pong& x, std::string& out);
void encode(const open& x, std::string& out);
void encode(const blocked& x, std::string& out);
void encode(const end& x, std::string& out);
void encode(const opened& x, std::string& out);
void encode(const refused& x, std::string& out);
void encode(const grant& x, std::string& out);
void encode(const finished& x, std::string& out);
void encode(const close& x, std::string& out);

/// What stands before `item_bytes` bytes of messages: data_header_bytes bytes.
void encode_data_header(std::uint32_t channel, std::uint64_t first,
                        std::uint32_t count, std::size_t item_bytes,
                        std::string& out);

/// The length that stands before a message: item_header_bytes bytes at `to`.
void put_item_header(std::size_t size, char* to) noexcept;
std::size_t item_size(const char* header) noexcept;

/// Reads a frame without its length. The messages of a data frame share its
/// memory; they are `count`, and fill it. Errors: errc::malformed_frame with a
/// text that names the frame and the field.
caf::expected<frame> decode(const byte_slice& bytes);

/// Walks over the messages of a data frame that `decode` has checked.
class item_reader {
public:
  explicit item_reader(std::string_view items) noexcept : rest_(items) {}

  /// False after the last one.
  bool next(std::string_view& item) noexcept {
    if (rest_.size() < item_header_bytes)
      return false;
    item = rest_.substr(item_header_bytes, item_size(rest_.data()));
    rest_.remove_prefix(item_header_bytes + item.size());
    return true;
  }

private:
  std::string_view rest_;
};

} // namespace wire
} // namespace sluice::actors::channel

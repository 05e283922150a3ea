#pragma once

// outlet_core: what an outlet holds, and what of it may be sent. Sans-I/O: it
// is told what the receiver says, and gives what to send next.
//
// Positions count messages, and bytes count their serialized size and four
// each; both from the outlet's start. Invariants:
// 1. confirmed <= sent <= next. Messages from `confirmed` on are held here;
//    those from `sent` on are *pending*, the others *in flight*.
// 2. What is taken lies within the receiver's limits, in messages and in bytes;
//    but for a single message that is larger than the window, which is taken
//    when nothing is in flight.
// 3. Held are at most the receiver's window and the outlet's cap (which the
//    port looks after), and a piece of memory at each end.
//
// Internal. Thread rule: none of its own. Lifetime: belongs to its port; what
// is taken shares the memory and may live longer.

#include "actors/channel/wire.h"
#include "runtime/byte_slice.h"

#include <caf/error.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

namespace sluice::actors::channel {

using runtime::byte_slice;

class outlet_core {
public:
  explicit outlet_core(std::uint64_t start) noexcept
      : confirmed_(start), sent_(start), next_(start) {}

  // -- pushing ----------------------------------------------------------------

  /// Appends a message: a copy of `item`.
  void push(std::string_view item);

  /// Appends a message that is `item`; small ones are copied.
  void push(const byte_slice& item);

  // -- levels -----------------------------------------------------------------

  std::uint64_t confirmed() const noexcept { return confirmed_; }
  std::uint64_t sent() const noexcept { return sent_; }
  std::uint64_t next() const noexcept { return next_; }

  /// Messages that may be sent, as far as their number goes.
  std::uint64_t credit() const noexcept {
    return message_limit_ > sent_ ? message_limit_ - sent_ : 0;
  }

  /// Bytes that were pushed and not taken.
  std::size_t pending_bytes() const noexcept {
    return static_cast<std::size_t>(next_bytes_ - sent_bytes_);
  }

  /// Bytes of all messages that are held.
  std::size_t held_bytes() const noexcept {
    return static_cast<std::size_t>(next_bytes_ - oldest_bytes());
  }

  // -- what the receiver says -------------------------------------------------

  /// A receiver that has everything up to `x.position`. False if that is not
  /// held here: then nothing has changed.
  bool open(const wire::opened& x);

  /// More credit. errc::malformed_frame if it takes some back, or confirms what
  /// was not sent.
  caf::error grant(const wire::grant& x);

  /// The link is lost: nothing is taken any more, until `open`.
  void interrupt() noexcept { open_ = false; }

  // -- sending ----------------------------------------------------------------

  struct taken {
    std::uint64_t first = 0;
    std::uint32_t count = 0;
    std::size_t bytes = 0;
    std::vector<byte_slice> slices; // one after the other
  };

  /// Takes the next messages, of at most `bytes` bytes unless it is a single
  /// one; `out` is overwritten. False if there are none, or no credit.
  bool take(std::size_t bytes, taken& out);

  /// Whether `take` would give something.
  bool sendable() const noexcept;

  /// Whether `say_blocked` would say yes.
  bool wants_blocked() const noexcept;

  /// True once for each limit: the next message waits for credit that does not
  /// come by itself, since what is in flight may be less than half of a window.
  bool say_blocked() noexcept;

  // -- at the end -------------------------------------------------------------

  /// All that was not confirmed, a slice for each message; it is not held any
  /// more.
  std::vector<byte_slice> drain();

private:
  /// Messages that lie next to each other, each behind its length; or one
  /// message that lies elsewhere, behind its length.
  struct piece {
    byte_slice head;
    byte_slice body;
    std::uint64_t first = 0;
    std::uint64_t first_byte = 0;
    std::uint32_t count = 0;

    std::size_t size() const noexcept { return head.size() + body.size(); }
  };

  /// A place inside of a piece.
  struct mark {
    std::uint32_t count = 0;
    std::size_t bytes = 0;
  };

  std::uint64_t oldest_bytes() const noexcept;
  char* room(std::size_t size);
  void added(std::size_t size) noexcept;
  void seal();
  void confirm(std::uint64_t position);
  std::size_t next_size() const noexcept;
  bool nothing_in_flight() const noexcept;
  bool may_send(std::size_t size) const noexcept;
  static mark advance(const piece& x, mark from, std::uint64_t messages,
                      std::uint64_t bytes);

  std::deque<piece> pieces_; // from `confirmed_` on, but for the open one
  std::size_t unsent_ = 0;   // index of the first piece that is not all sent
  mark sent_of_;             // of that one

  // The piece that grows: [begin, end) of the chunk.
  runtime::slab_ptr chunk_;
  std::size_t chunk_begin_ = 0;
  std::size_t chunk_end_ = 0;
  std::uint32_t chunk_count_ = 0;

  std::uint64_t confirmed_;
  std::uint64_t sent_;
  std::uint64_t next_;
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t next_bytes_ = 0;

  bool open_ = false;
  std::uint64_t message_limit_ = 0;
  std::uint64_t byte_limit_ = 0;  // in our own count
  std::uint64_t byte_offset_ = 0; // the receiver's count less ours
  std::uint64_t window_messages_ = 0;
  std::uint64_t window_bytes_ = 0;
  bool blocked_said_ = false;
};

} // namespace sluice::actors::channel

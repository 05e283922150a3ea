#pragma once

// write_queue: the bytes of one connection that the operating system has not
// taken. Sans-I/O: it says what to send next and is told how much was taken.
//
// Invariants:
// 1. Each sender has its own FIFO; its writes leave in the order in which they
//    came.
// 2. A write is never interleaved with another one: all its parts stand next to
//    each other in the line.
// 3. The line is what is sent next, in that order, for good. It is filled from
//    the FIFOs by deficit round robin (Shreedhar & Varghese, "Efficient Fair
//    Queueing using Deficit Round Robin", SIGCOMM 1995) and kept short, so that
//    a flood of one sender delays the others by one round at most; only
//    `line_up` makes it long.
// 4. bytes() is what was pushed, less what was taken or handed back.
//
// Internal. Thread rule: its connection's loop. Lifetime: owned by the
// connection.

#include "runtime/byte_slice.h"
#include "runtime/slab_cursor.h"

#include <caf/actor_control_block.hpp>

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace sluice::net {

using runtime::byte_slice;

/// A FIFO in one vector: at the front a gap that is closed now and then.
template <class T>
class fifo {
public:
  bool empty() const noexcept { return head_ == items_.size(); }
  std::size_t size() const noexcept { return items_.size() - head_; }
  T& front() noexcept { return items_[head_]; }
  T& back() noexcept { return items_.back(); }
  auto begin() noexcept { return items_.begin() + gap(); }
  auto end() noexcept { return items_.end(); }

  void push_back(T x) { items_.push_back(std::move(x)); }

  void pop_front() {
    items_[head_] = T{};
    if (++head_ == items_.size()) {
      items_.clear();
      head_ = 0;
    } else if (head_ >= 64 && head_ * 2 >= items_.size()) {
      items_.erase(items_.begin(), items_.begin() + gap());
      head_ = 0;
    }
  }

  /// Gives the memory back that more than `count` elements had. To be called
  /// when it is empty.
  void trim(std::size_t count) {
    if (items_.capacity() > count)
      std::vector<T>{}.swap(items_);
  }

  std::size_t capacity() const noexcept { return items_.capacity(); }

private:
  std::ptrdiff_t gap() const noexcept {
    return static_cast<std::ptrdiff_t>(head_);
  }

  std::vector<T> items_;
  std::size_t head_ = 0;
};

/// One write: what its sender gave, and what a codec put around it.
struct write_parts {
  byte_slice header;
  byte_slice payload;
  byte_slice trailer;
  bool unasked = false; // a frame of the protocol's own: all of it is envelope

  std::size_t size() const noexcept {
    return header.size() + payload.size() + trailer.size();
  }
};

class write_queue {
public:
  /// Called for a write that left the queue: its sender (null: nobody), its
  /// token, and for a return the bytes that were not taken, and whether they
  /// are the protocol's and not the sender's.
  using on_written =
      std::function<void(const caf::strong_actor_ptr&, std::uint64_t)>;
  using on_returned = std::function<void(
      const caf::strong_actor_ptr&, byte_slice, std::uint64_t, bool envelope)>;

  write_queue();
  ~write_queue();

  bool empty() const noexcept { return bytes_ == 0; }
  std::size_t bytes() const noexcept { return bytes_; }

  /// Slices in the queue. Writes of one sender that adjoin in memory are one.
  std::size_t entries() const noexcept { return entries_; }

  /// Adds a write that is not empty. `will_wait` says
  /// that the socket is full: small slices are then copied out of large slabs,
  /// so that what waits pins little more memory than it counts.
  void push(const caf::strong_actor_ptr& sender, write_parts&& what,
            std::uint64_t token, bool will_wait);

  /// Puts all that waits into the line: what is pushed from now on is sent
  /// behind it, whoever its sender is.
  void line_up();

  /// Fills `out` with what to send next; returns how many entries it filled.
  std::size_t gather(std::span<iovec> out);

  /// The operating system took the first `count` bytes of what `gather` gave.
  void taken(std::size_t count, const on_written& f);

  /// Hands back whole writes of which no byte was taken, the oldest first,
  /// until `bytes` bytes and `entries` entries have left; returns how many
  /// bytes were handed back, maybe fewer than wanted.
  std::size_t drop_oldest(std::size_t bytes, std::size_t entries,
                          const on_returned& f);

  /// Hands back everything, each sender's writes in order. Writes that were
  /// taken in part come back as their rest.
  void drain(const on_returned& f);

  /// The socket has become full: does to what is there what `push` does to
  /// what comes from now on.
  void compact();

  /// Forgets the senders, once empty, and gives back the memory of a flood.
  void reset();

  /// Calls `f` with every sender that has bytes in the queue.
  template <class F>
  void for_each_sender(F f) const {
    for (auto& s : sources_)
      if (s->bytes > 0)
        f(s->sender);
  }

private:
  struct entry {
    byte_slice bytes;
    std::uint64_t token = 0;
    std::uint64_t order = 0; // global age of the write
    bool first = true;       // of the parts of its write
    bool last = true;
    bool envelope = false;
    bool compacted = false;
  };

  struct source {
    caf::strong_actor_ptr sender;
    fifo<entry> waiting;
    std::size_t bytes = 0; // in `waiting` and in the line
    std::size_t deficit = 0;
  };

  struct lined {
    entry what;
    source* from = nullptr;
    bool started = false;
  };

  void push_part(source& to, entry&& x);
  source& find(const caf::strong_actor_ptr& sender);
  void fill_line(std::size_t slices, std::size_t bytes);
  static std::size_t next_size(source& from);
  void move_write(source& from);
  byte_slice compact(const byte_slice& x);

  std::vector<std::unique_ptr<source>> sources_;
  std::size_t turn_ = 0;
  bool in_turn_ = false; // the source at `turn_` has its quantum already
  fifo<lined> line_;
  std::size_t line_bytes_ = 0;
  std::size_t bytes_ = 0;
  std::size_t entries_ = 0;
  std::uint64_t next_order_ = 0;
  runtime::slab_cursor compacted_;
};

} // namespace sluice::net

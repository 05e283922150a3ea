#pragma once

// datagram_queue: the datagrams of one socket that the operating system has not
// taken. Sans-I/O: it says what to send next and is told what became of it.
//
// Invariants:
// 1. Each sender has its own FIFO; its datagrams to one receiver leave in the
//    order in which they came.
// 2. Senders take turns by deficit round robin (see net/write_queue.h), so that
//    a flood of one delays the others by one round.
// 3. charge() is what was pushed, less what was popped or handed back; each
//    datagram counts its bytes and limits::datagram_overhead_bytes.
// 4. Where receivers fill up one by one (Unix sockets that are not connected),
//    each of them has FIFOs of its own: a receiver that does not read holds up
//    nobody else.
//
// Internal. Thread rule: its broker's loop. Lifetime: owned by its broker.

#include "net/endpoint.h"
#include "net/write_queue.h"
#include "runtime/byte_slice.h"
#include "runtime/clock.h"
#include "runtime/limits.h"

#include <caf/actor_control_block.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace sluice::net {

/// A datagram and who sends it; null: nobody in particular.
struct outgoing {
  caf::strong_actor_ptr sender;
  byte_slice bytes;
  endpoint to;
  std::uint64_t token = 0;
  runtime::time_point since{}; // when it was queued
};

class datagram_queue {
public:
  using on_returned = std::function<void(outgoing)>;

  static std::size_t charge_of(std::size_t bytes) noexcept {
    return bytes + runtime::limits::datagram_overhead_bytes;
  }

  /// Whether receivers fill up one by one; before the first `push`.
  void by_receiver(bool x) noexcept { by_receiver_ = x; }
  bool tells_receivers_apart() const noexcept { return by_receiver_; }

  bool empty() const noexcept { return datagrams_ == 0; }
  std::size_t datagrams() const noexcept { return datagrams_; }
  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t charge() const noexcept {
    return bytes_ + datagrams_ * runtime::limits::datagram_overhead_bytes;
  }

  /// `x.since` does not decrease.
  void push(outgoing x);

  /// What to send next; null if there is nothing, or all receivers are full.
  /// Valid until the queue is changed.
  const outgoing* front();

  /// Takes out what `front` gave.
  outgoing pop();

  /// The receiver of what `front` gave is full: passes over it until `resume`.
  void hold();
  void resume() noexcept;

  /// Hands back the oldest datagrams until a charge of `charge` has left.
  void drop_oldest(std::size_t charge, const on_returned& f);

  /// Hands back what was queued at `before` or earlier.
  void expire(runtime::time_point before, const on_returned& f);

  /// Hands back everything, the oldest first.
  void drain(const on_returned& f);

  /// When the oldest datagram was queued; the queue is not empty.
  runtime::time_point oldest() const;

  /// Calls `f` with every sender that has a datagram in the queue, with some
  /// of them more than once.
  template <class F>
  void for_each_sender(F f) const {
    for (auto& x : lanes_)
      f(x->waiting.front().what.sender);
  }

private:
  struct entry {
    outgoing what;
    std::uint64_t order = 0;
  };

  /// What one sender has (to one receiver, if they are told apart). Never
  /// empty.
  struct lane {
    fifo<entry> waiting;
    std::size_t deficit = 0;
    bool held = false;
  };

  lane& find(const outgoing& x);
  std::size_t oldest_lane() const;
  outgoing take(std::size_t index);

  std::vector<std::unique_ptr<lane>> lanes_;
  std::size_t turn_ = 0;
  bool granted_ = false; // the lane whose turn it is has its quantum
  bool by_receiver_ = false;
  std::size_t datagrams_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t next_order_ = 0;
};

} // namespace sluice::net

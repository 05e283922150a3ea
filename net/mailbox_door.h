#pragma once

// mailbox_door: counts what waits in a broker's mailbox, by the same marks and
// the same cap as its queue. So senders hear of pressure, or get their writes
// back, on their own thread and before the broker has had a turn.
//
// Internal. Thread rule: any thread. Lifetime: its broker's.

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace sluice::net {

class mailbox_door {
public:
  enum class passage : std::uint8_t {
    refused, // no room: it does not count
    free,    // push it
    pressed, // push it, then tell the valve
  };

  /// Something that costs `charge` comes. Alone it may pass whatever its size:
  /// it is handled next, and refused by its size if it must be; and then the
  /// queue decides about pressure.
  passage enter(std::size_t charge, std::size_t high,
                std::size_t cap) noexcept {
    auto level = inside_.fetch_add(charge, std::memory_order_seq_cst) + charge;
    if (level == charge)
      return passage::free;
    if (level > cap) {
      leave(charge);
      return passage::refused;
    }
    return level < high ? passage::free : passage::pressed;
  }

  /// It had its turn. The order is of importance to the valve.
  void leave(std::size_t charge) noexcept {
    inside_.fetch_sub(charge, std::memory_order_seq_cst);
  }

  /// For valve::mailbox_rose and valve::mailbox_fell.
  const std::atomic<std::size_t>& inside() const noexcept { return inside_; }

private:
  std::atomic<std::size_t> inside_{0};
};

} // namespace sluice::net

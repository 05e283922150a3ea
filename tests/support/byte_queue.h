#pragma once

// byte_queue: bytes in, bytes out, in order. Bounded by whoever uses it.
//
// For tests. Thread rule: one thread at a time. Lifetime: a value.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace sluice::testing {

class byte_queue {
public:
  std::size_t size() const noexcept { return bytes_.size() - head_; }
  bool empty() const noexcept { return size() == 0; }
  std::string_view view() const noexcept {
    return std::string_view{bytes_}.substr(head_);
  }

  void append(std::string_view more) { bytes_ += more; }

  /// Drops the first `n` bytes, which must be there.
  void drop(std::size_t n) {
    head_ += n;
    // Moving the rest only when it is the smaller part makes this O(1) a byte.
    if (head_ * 2 >= bytes_.size()) {
      bytes_.erase(0, head_);
      head_ = 0;
    }
  }

  /// Moves the first bytes into `room`, as many as fit; returns how many.
  std::size_t read(std::span<char> room) {
    auto n = std::min(room.size(), size());
    if (n != 0)
      std::memcpy(room.data(), bytes_.data() + head_, n);
    drop(n);
    return n;
  }

  /// Removes and gives the first `n` bytes, which must be there.
  std::string take(std::size_t n) {
    std::string result{view().substr(0, n)};
    drop(n);
    return result;
  }

  void clear() noexcept {
    bytes_.clear();
    head_ = 0;
  }

private:
  std::string bytes_;
  std::size_t head_ = 0; // bytes before it are gone
};

} // namespace sluice::testing

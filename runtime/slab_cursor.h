#pragma once

// slab_cursor: the slab that a loop fills from front to back, and the place
// where it stands. When nobody holds a slice of the slab any more the cursor
// goes back to its front; when too little room is left it takes a new slab. So
// a loop whose actors keep nothing uses one slab for ever, and memory is never
// zero-filled.
//
// Internal. Thread rule: the loop's thread. Lifetime: slices outlive it.

#include "runtime/byte_slice.h"

#include <span>

namespace sluice::runtime {

class slab_cursor {
public:
  explicit slab_cursor(std::size_t slab_bytes) noexcept
      : slab_bytes_(slab_bytes) {}

  /// At least `wanted` bytes to write to; `wanted` is at most the slab's size.
  std::span<char> room(std::size_t wanted);

  /// The first `size` bytes of the last `room`, now filled, as a slice.
  byte_slice take(std::size_t size);

  /// A slice with a copy of `text`, which must fit into a slab. Slices that
  /// are made one after the other adjoin each other.
  byte_slice copy(std::string_view text);

  /// Gives an unused slab back to the allocator.
  void release() noexcept;

private:
  std::size_t slab_bytes_;
  std::size_t used_ = 0;
  slab_ptr slab_;
};

} // namespace sluice::runtime

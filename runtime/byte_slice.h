#pragma once

// byte_slice: a refcounted, immutable view of a slab of memory. Copying one
// copies a pointer; cutting one copies nothing. Received bytes are slices of
// the loop's read slab, and writing one to a thousand peers shares it.
//
// For users. Thread rule: a slice is a value; different slices of one slab may
// be used by different threads at once. Lifetime: the slab lives until its
// last slice is gone, so a small slice can pin a large slab: `compact` what is
// kept for long.

#include <caf/error.hpp>
#include <caf/fwd.hpp>
#include <caf/intrusive_ptr.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::runtime {

/// A block of memory with a reference count in front of it. Never zero-filled.
/// Whoever fills it must hold the only right to write: slices are read-only.
class slab {
public:
  /// Aborts when the memory cannot be had, as `new` would.
  static caf::intrusive_ptr<slab> make(std::size_t capacity);

  slab(const slab&) = delete;
  slab& operator=(const slab&) = delete;

  char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
  std::size_t capacity() const noexcept { return capacity_; }

  /// True if the caller's reference is the only one: nobody can see the bytes.
  bool unique() const noexcept {
    return refs_.load(std::memory_order_acquire) == 1;
  }

  friend void intrusive_ptr_add_ref(slab* x) noexcept {
    x->refs_.fetch_add(1, std::memory_order_relaxed);
  }

  friend void intrusive_ptr_release(slab* x) noexcept {
    if (x->refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      destroy(x);
  }

private:
  explicit slab(std::size_t capacity) noexcept : capacity_(capacity) {}
  ~slab() = default;
  static void destroy(slab* x) noexcept;

  std::atomic<std::size_t> refs_{1};
  std::size_t capacity_;
};

using slab_ptr = caf::intrusive_ptr<slab>;

class byte_slice {
public:
  using value_type = char; // CAF asks for it in what has begin and end

  byte_slice() noexcept = default;

  /// Views `size` bytes of `memory` from `offset`; both must lie inside.
  byte_slice(slab_ptr memory, std::size_t offset, std::size_t size);

  /// A slice with its own copy of `text`, in a slab of just that size.
  static byte_slice copy(std::string_view text);

  const char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const char* begin() const noexcept { return data_; }
  const char* end() const noexcept { return data_ + size_; }
  char operator[](std::size_t i) const noexcept { return data_[i]; }

  std::string_view view() const noexcept { return {data_, size_}; }
  std::string str() const { return std::string{view()}; }

  /// The part from `offset` of at most `count` bytes; shares the memory. An
  /// offset past the end gives an empty slice.
  byte_slice sub(std::size_t offset,
                 std::size_t count = std::string_view::npos) const;

  /// This slice, or a copy in a slab of its own if it uses less than
  /// 1/`limits::compact_ratio` of the slab it pins.
  byte_slice compact() const;

  /// Bytes of memory that this slice keeps alive; 0 for an empty one.
  std::size_t pinned() const noexcept {
    return memory_ ? memory_->capacity() : 0;
  }

  /// True if `next` starts where this slice ends, in the same slab.
  bool adjoins(const byte_slice& next) const noexcept {
    return memory_ == next.memory_ && data_ + size_ == next.data_;
  }

  /// Takes in a slice that adjoins this one.
  void extend(const byte_slice& next) noexcept { size_ += next.size_; }

  /// Drops the first `count` bytes, at most all of them.
  void remove_prefix(std::size_t count) noexcept {
    count = count < size_ ? count : size_;
    data_ += count;
    size_ -= count;
  }

  friend bool operator==(const byte_slice& a, const byte_slice& b) noexcept {
    return a.view() == b.view();
  }

private:
  slab_ptr memory_;
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Prints the size, not the content: messages end up in logs.
std::string to_string(const byte_slice& x);

/// CAF's serialization: a length of up to 32 bits and the bytes. Loading
/// refuses a
/// length above `limits::slice_bytes_max` or above what is left of the input
/// before it allocates (sec::end_of_stream).
caf::error inspect(caf::serializer& f, byte_slice& x);
caf::error inspect(caf::deserializer& f, byte_slice& x);

} // namespace sluice::runtime

#include "runtime/byte_slice.h"

#include "runtime/limits.h"
#include "runtime/panic.h"

#include <caf/binary_deserializer.hpp>
#include <caf/deserializer.hpp>
#include <caf/sec.hpp>
#include <caf/serializer.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace sluice::runtime {

slab_ptr slab::make(std::size_t capacity) {
  void* memory = nullptr;
  if (capacity <= std::numeric_limits<std::size_t>::max() - sizeof(slab))
    memory = ::operator new(sizeof(slab) + capacity, std::nothrow);
  if (memory == nullptr)
    panic("out of memory for a slab of " + std::to_string(capacity) + " bytes");
  return slab_ptr{new (memory) slab(capacity), false};
}

void slab::destroy(slab* x) noexcept {
  x->~slab();
  ::operator delete(x);
}

byte_slice::byte_slice(slab_ptr memory, std::size_t offset, std::size_t size)
    : memory_(std::move(memory)), size_(size) {
  check(memory_ != nullptr, "byte_slice without a slab");
  check(offset <= memory_->capacity() && size <= memory_->capacity() - offset,
        "byte_slice outside of its slab");
  data_ = memory_->data() + offset;
}

byte_slice byte_slice::copy(std::string_view text) {
  if (text.empty())
    return {};
  auto memory = slab::make(text.size());
  std::memcpy(memory->data(), text.data(), text.size());
  return {std::move(memory), 0, text.size()};
}

byte_slice byte_slice::sub(std::size_t offset, std::size_t count) const {
  if (offset >= size_)
    return {};
  byte_slice result;
  result.memory_ = memory_;
  result.data_ = data_ + offset;
  result.size_ = std::min(count, size_ - offset);
  return result;
}

byte_slice byte_slice::compact() const {
  if (size_ >= pinned() / limits::compact_ratio)
    return *this;
  return copy(view());
}

std::string to_string(const byte_slice& x) {
  return "byte_slice(" + std::to_string(x.size()) + ")";
}

caf::error inspect(caf::serializer& f, byte_slice& x) {
  auto size = x.size();
  if (size > limits::slice_bytes_max)
    return caf::sec::invalid_argument;
  if (auto err = f.begin_sequence(size))
    return err;
  if (size > 0)
    if (auto err = f.apply_raw(size, const_cast<char*>(x.data())))
      return err;
  return f.end_sequence();
}

caf::error inspect(caf::deserializer& f, byte_slice& x) {
  std::size_t size = 0;
  if (auto err = f.begin_sequence(size))
    return err;
  auto limit = limits::slice_bytes_max;
  if (auto binary = dynamic_cast<caf::binary_deserializer*>(&f))
    limit = std::min(limit, binary->remaining());
  if (size > limit)
    return caf::sec::end_of_stream;
  x = {};
  if (size > 0) {
    auto memory = slab::make(size);
    if (auto err = f.apply_raw(size, memory->data()))
      return err;
    x = {std::move(memory), 0, size};
  }
  return f.end_sequence();
}

} // namespace sluice::runtime

#include "runtime/slab_cursor.h"

#include "runtime/panic.h"

#include <cstring>

namespace sluice::runtime {

std::span<char> slab_cursor::room(std::size_t wanted) {
  check(wanted <= slab_bytes_, "more room wanted than a slab has");
  if (slab_ && used_ > 0 && slab_->unique())
    used_ = 0;
  if (!slab_ || slab_bytes_ - used_ < wanted) {
    slab_ = slab::make(slab_bytes_);
    used_ = 0;
  }
  return {slab_->data() + used_, slab_bytes_ - used_};
}

byte_slice slab_cursor::take(std::size_t size) {
  if (size == 0)
    return {};
  check(slab_ && size <= slab_bytes_ - used_, "more taken than the room had");
  byte_slice result{slab_, used_, size};
  used_ += size;
  return result;
}

byte_slice slab_cursor::copy(std::string_view text) {
  if (text.empty())
    return {};
  auto space = room(text.size());
  std::memcpy(space.data(), text.data(), text.size());
  return take(text.size());
}

void slab_cursor::release() noexcept {
  slab_.reset();
  used_ = 0;
}

} // namespace sluice::runtime

#include "tests/net/allocations.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

namespace sluice::testing {

namespace {

// Signed: blocks from before the reset are given back too.
std::atomic<long long> live{0};
std::atomic<long long> peak{0};
std::atomic<std::size_t> largest{0};
std::atomic<std::size_t> total{0};
std::atomic<std::size_t> calls{0};

template <class T>
void raise(std::atomic<T>& x, T value) {
  if (value > x.load())
    x = value;
}

std::size_t positive(long long x) {
  return static_cast<std::size_t>(std::max(x, 0ll));
}

} // namespace

void reset_allocations() {
  live = 0;
  peak = 0;
  largest = 0;
  total = 0;
  calls = 0;
}

allocation_counts allocations() {
  return {positive(live), positive(peak), largest, total, calls};
}

/// For operator new, which is outside of every namespace.
void count_new(void* memory, std::size_t size) {
  live += static_cast<long long>(::malloc_usable_size(memory));
  raise(peak, live.load());
  raise(largest, size);
  total += size;
  ++calls;
}

void count_delete(void* memory) {
  live -= static_cast<long long>(::malloc_usable_size(memory));
}

} // namespace sluice::testing

// The forms that our code uses. Under AddressSanitizer the others, which would
// call these, are its own ([new.delete]).
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  auto memory = std::malloc(size > 0 ? size : 1);
  if (memory != nullptr)
    sluice::testing::count_new(memory, size);
  return memory;
}

void* operator new(std::size_t size) {
  auto memory = operator new(size, std::nothrow);
  if (memory == nullptr)
    throw std::bad_alloc{};
  return memory;
}

void operator delete(void* memory) noexcept {
  if (memory == nullptr)
    return;
  sluice::testing::count_delete(memory);
  std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}

// What the jobs of a pair send, and how the receiver checks it: consecutive
// numbers, or blocks that each begin with one.
//
// One thread.
#pragma once

#include "bench/loopback.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include <time.h>

namespace sluice::bench::pair {

// Of job bulk.
inline constexpr size_t block_bytes = 64 * 1024;

// Blocks are made before, and sent in turn. So no program has to write 64 KiB
// for each message, and none needs more of the cache than another.
inline constexpr uint64_t block_count = 16;

// The content of block `number`, modulo the number of blocks.
inline std::string make_block(uint64_t number) {
  uint64_t mark = number % block_count;
  std::string block(block_bytes, static_cast<char>('a' + mark));
  std::memcpy(block.data(), &mark, sizeof(mark));
  return block;
}

// Whether these bytes are block `number`, by its ends.
inline bool is_block(const char* data, size_t size, uint64_t number) {
  uint64_t mark = 0;
  if (size != block_bytes)
    return false;
  std::memcpy(&mark, data, sizeof(mark));
  return mark == number % block_count
         && data[size - 1] == static_cast<char>('a' + mark);
}

// Counts the messages up to the first that is not the next one.
class tally {
public:
  // False from the first wrong message on.
  bool number(uint64_t x) { return take(x == count_); }
  bool block(const char* data, size_t size) {
    return take(is_block(data, size, count_));
  }

  bool good() const { return good_; }
  uint64_t count() const { return count_; }

private:
  bool take(bool right) {
    good_ = good_ && right;
    count_ += good_ ? 1 : 0;
    return good_;
  }

  bool good_ = true;
  uint64_t count_ = 0;
};

// The receiver of job slow: sleeps so that it handles 1,000 messages a second,
// without making up for time in which none was there.
class pace {
public:
  static constexpr uint64_t interval_ns = 1'000'000;

  void take_time() {
    next_ns_ = std::max(next_ns_, now_ns()) + interval_ns;
    timespec until{static_cast<time_t>(next_ns_ / 1'000'000'000),
                   static_cast<long>(next_ns_ % 1'000'000'000)};
    // A signal ends the process and so the sleep.
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
  }

private:
  uint64_t next_ns_ = 0;
};

} // namespace sluice::bench::pair

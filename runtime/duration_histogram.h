#pragma once

// duration_histogram: how often something took how long, in buckets whose
// bounds are powers of two of a nanosecond: 4.1 us, 8.2 us, ... 68.7 s, and one
// above. To record costs a count of leading zeros and three additions, whatever
// the duration.
//
// For users. Thread rule: one thread at a time. A value.

#include "runtime/clock.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace sluice::runtime {

class duration_histogram {
public:
  /// Buckets with an upper bound; the one above has none.
  static constexpr std::size_t bounded_buckets = 25;

  /// The upper bound of a bucket, which is part of it.
  static constexpr duration bound(std::size_t bucket) noexcept {
    return std::chrono::nanoseconds{std::int64_t{1}
                                    << (first_exponent + bucket)};
  }

  /// A negative duration counts as none at all.
  void record(duration x) noexcept {
    auto ns = std::chrono::nanoseconds{x}.count();
    auto above = ns > 0 ? static_cast<std::uint64_t>(ns) - 1 : 0;
    auto width = static_cast<std::size_t>(std::bit_width(above));
    auto bucket = width > first_exponent ? width - first_exponent : 0;
    ++counts_[std::min(bucket, bounded_buckets)];
    sum_ns_ += ns > 0 ? static_cast<std::uint64_t>(ns) : 0;
  }

  /// How many there are in a bucket; `bounded_buckets` is the one above.
  std::uint64_t count(std::size_t bucket) const noexcept {
    return counts_[bucket];
  }

  std::uint64_t count() const noexcept {
    std::uint64_t result = 0;
    for (auto x : counts_)
      result += x;
    return result;
  }

  double sum_seconds() const noexcept {
    return static_cast<double>(sum_ns_) / 1e9;
  }

  duration_histogram& operator+=(const duration_histogram& x) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i)
      counts_[i] += x.counts_[i];
    sum_ns_ += x.sum_ns_;
    return *this;
  }

private:
  static constexpr std::size_t first_exponent = 12;

  std::array<std::uint64_t, bounded_buckets + 1> counts_{};
  std::uint64_t sum_ns_ = 0;
};

} // namespace sluice::runtime

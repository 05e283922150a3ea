// A histogram of latencies with bounded relative error, after HdrHistogram:
// 64 linear steps in each power of two, so that a reported value is at most
// 1/64 (1.6 %) above the recorded one. Recording is a shift and an increment.
//
// One thread. About 23 KiB, no allocation.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace sluice::bench {

class histogram {
public:
  // Larger values are recorded as this one: 2^50 ns are 13 days.
  static constexpr uint64_t value_max = (uint64_t{1} << 50) - 1;

  void record(uint64_t value) {
    value = std::min(value, value_max);
    ++buckets_[bucket_of(value)];
    ++count_;
    max_ = std::max(max_, value);
  }

  uint64_t count() const { return count_; }

  // The exact largest value recorded; 0 if there is none.
  uint64_t max() const { return max_; }

  // The value that `percent` of all recorded values do not exceed (nearest
  // rank), rounded up to the end of its bucket; 0 if there is none.
  uint64_t percentile(double percent) const {
    auto share = percent / 100.0 * static_cast<double>(count_);
    auto rank = std::clamp<uint64_t>(static_cast<uint64_t>(std::ceil(share)), 1,
                                     std::max<uint64_t>(count_, 1));
    uint64_t seen = 0;
    for (size_t i = 0; i < buckets_.size(); ++i) {
      seen += buckets_[i];
      if (seen >= rank)
        return std::min(last_value_of(i), max_);
    }
    return max_;
  }

  void clear() { *this = histogram{}; }

private:
  static constexpr unsigned step_bits = 6;
  static constexpr uint64_t steps = uint64_t{1} << step_bits;
  static constexpr size_t bucket_count = (50 - step_bits + 1) * steps;

  // Values below 2 * steps have a bucket each; above, a value keeps its
  // highest step_bits + 1 bits.
  static size_t bucket_of(uint64_t value) {
    auto width = static_cast<unsigned>(std::bit_width(value));
    auto shift = width > step_bits + 1 ? width - step_bits - 1 : 0;
    return shift * steps + (value >> shift);
  }

  static uint64_t last_value_of(size_t bucket) {
    if (bucket < 2 * steps)
      return bucket;
    auto shift = bucket / steps - 1;
    return ((bucket - shift * steps + 1) << shift) - 1;
  }

  std::array<uint64_t, bucket_count> buckets_{};
  uint64_t count_ = 0;
  uint64_t max_ = 0;
};

} // namespace sluice::bench

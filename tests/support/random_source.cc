#include "tests/support/random_source.h"

#include <bit>

namespace sluice::testing {

random_source::random_source(std::uint64_t seed) noexcept {
  for (auto& word : state_) {
    seed += 0x9e3779b97f4a7c15;
    auto x = seed;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    word = x ^ (x >> 31);
  }
}

std::uint64_t random_source::next() noexcept {
  auto result = std::rotl(state_[1] * 5, 7) * 9;
  auto t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

std::uint64_t random_source::below(std::uint64_t n) noexcept {
  // The first 2^64 mod n numbers would make the small results likelier.
  auto skipped = (0 - n) % n;
  auto x = next();
  while (x < skipped)
    x = next();
  return x % n;
}

std::uint64_t random_source::between(std::uint64_t low,
                                     std::uint64_t high) noexcept {
  auto span = high - low;
  return span == UINT64_MAX ? next() : low + below(span + 1);
}

runtime::duration random_source::between(runtime::duration low,
                                         runtime::duration high) noexcept {
  auto span = static_cast<std::uint64_t>((high - low).count());
  return low + runtime::duration{static_cast<std::int64_t>(below(span + 1))};
}

std::size_t random_source::size_between(std::size_t low,
                                        std::size_t high) noexcept {
  if (low == high)
    return low;
  auto bits = between(std::bit_width(low), std::bit_width(high));
  auto first = bits == 0 ? 0 : std::uint64_t{1} << (bits - 1);
  auto last = bits == 0 ? 0 : first + (first - 1);
  return between(first < low ? low : first, last > high ? high : last);
}

bool random_source::per_mille(unsigned rate) noexcept {
  return rate != 0 && below(1000) < rate;
}

} // namespace sluice::testing

#pragma once

// random_source: the numbers behind a simulated world. The same seed gives the
// same numbers on every machine and with every standard library, which the
// distributions of <random> do not promise.
//
// For tests. Thread rule: one thread at a time. Lifetime: a value.

#include "runtime/clock.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace sluice::testing {

/// xoshiro256** by D. Blackman and S. Vigna, seeded through splitmix64.
class random_source {
public:
  explicit random_source(std::uint64_t seed) noexcept;

  std::uint64_t next() noexcept;

  /// A number below `n`, each with the same chance. `n` must not be 0.
  std::uint64_t below(std::uint64_t n) noexcept;

  /// A number from `low` to `high`, both included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept;
  runtime::duration between(runtime::duration low,
                            runtime::duration high) noexcept;

  /// A size from `low` to `high` whose order of magnitude is drawn first: a
  /// buffer of 5 bytes is as likely as one of 5,000.
  std::size_t size_between(std::size_t low, std::size_t high) noexcept;

  /// True `rate` times in 1,000. A rate of 0 draws nothing.
  bool per_mille(unsigned rate) noexcept;

  /// Another source, independent of what this one gives from now on.
  random_source fork() noexcept { return random_source{next()}; }

  /// An element of a container with random access, which must not be empty.
  template <class Container>
  auto& pick(Container& from) noexcept {
    return from[below(from.size())];
  }

  /// Fisher-Yates.
  template <class T>
  void shuffle(std::span<T> items) noexcept {
    for (auto i = items.size(); i > 1; --i)
      std::swap(items[i - 1], items[below(i)]);
  }

private:
  std::uint64_t state_[4];
};

} // namespace sluice::testing

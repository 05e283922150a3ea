#pragma once

// trace: what happened in a simulated world, as a hash that is always kept and
// as text on request. Two runs with one seed must have the same hash.
//
// For tests. Thread rule: one thread at a time. Lifetime: belongs to its world.

#include "runtime/clock.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::testing {

class trace {
public:
  /// Times are written relative to `start`. If a single seed is replayed (see
  /// seeds.h), each line also goes to standard error at once.
  explicit trace(runtime::time_point start);

  /// Adds an event: its time, its name and up to three numbers.
  void note(runtime::time_point now, std::string_view what, std::int64_t a = 0,
            std::int64_t b = 0, std::int64_t c = 0);

  /// Of all events so far, in their order.
  std::uint64_t hash() const noexcept { return hash_; }

  /// From now on, keeps a line per event in `text`.
  void keep_text() noexcept { keep_text_ = true; }
  const std::string& text() const noexcept { return text_; }

private:
  void mix(std::uint64_t x) noexcept;

  runtime::time_point start_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  bool keep_text_ = false;
  bool print_ = false;
  std::string text_;
};

} // namespace sluice::testing

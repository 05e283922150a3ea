#pragma once

// recent_times: how long the commands of the last seconds took, as percentiles:
// of this period and the one before it, since a period that has just begun says
// little.
//
// Thread rule: one thread. Lifetime: the node's.

#include "runtime/clock.h"
#include "runtime/duration_histogram.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace sluice::examples::kv_cluster {

class recent_times {
public:
  static constexpr std::chrono::seconds period{3};

  void record(runtime::duration took) noexcept { now_.record(took); }

  /// Lets old ones go; to be called now and then.
  void tick(runtime::time_point now) noexcept {
    if (now - began_ < period)
      return;
    before_ = now - began_ < 2 * period ? now_ : runtime::duration_histogram{};
    now_ = {};
    began_ = now;
  }

  /// The time that `share` of them, from 0 to 1, did not exceed, in
  /// microseconds; none if there were no commands. Within a bucket of the
  /// histogram they are taken to be spread evenly.
  std::optional<std::uint64_t> quantile_us(double share) const noexcept {
    using histogram = runtime::duration_histogram;
    auto all = before_;
    all += now_;
    auto count = static_cast<double>(all.count());
    if (count == 0)
      return std::nullopt;
    auto wanted = share * count;
    double below = 0;
    double from_us = 0;
    for (std::size_t i = 0; i < histogram::bounded_buckets; ++i) {
      auto to_us =
          std::chrono::duration<double, std::micro>(histogram::bound(i))
              .count();
      auto here = static_cast<double>(all.count(i));
      if (here > 0 && below + here >= wanted)
        return static_cast<std::uint64_t>(
            from_us + (to_us - from_us) * (wanted - below) / here);
      below += here;
      from_us = to_us;
    }
    return static_cast<std::uint64_t>(from_us);
  }

private:
  runtime::time_point began_{};
  runtime::duration_histogram now_;
  runtime::duration_histogram before_;
};

} // namespace sluice::examples::kv_cluster

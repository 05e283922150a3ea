#pragma once

// family_list: metric families in the making, in prometheus-cpp's form: each
// name once, with its help, and its series in the order in which they came.
//
// Internal. Thread rule: none of its own. A value.

#include "runtime/duration_histogram.h"

#include <prometheus/metric_family.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::actors::metrics {

using labels = std::vector<std::pair<std::string_view, std::string>>;

class family_list {
public:
  /// A number that only grows; `name` ends in "_total".
  void counter(std::string_view name, std::string_view help, double value,
               const labels& of = {});

  /// A number that goes up and down.
  void gauge(std::string_view name, std::string_view help, double value,
             const labels& of = {});

  /// Durations, in seconds; `name` ends in "_seconds".
  void histogram(std::string_view name, std::string_view help,
                 const runtime::duration_histogram& value,
                 const labels& of = {});

  /// Families that somebody else made. One of a name that is there already is
  /// left out: a name may be described once.
  void append(std::vector<prometheus::MetricFamily> families);

  std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

private:
  prometheus::ClientMetric& series(std::string_view name, std::string_view help,
                                   prometheus::MetricType type,
                                   const labels& of);

  std::vector<prometheus::MetricFamily> families_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

/// For counters and gauges that are integers or durations.
inline double number(std::uint64_t x) {
  return static_cast<double>(x);
}

inline double seconds(runtime::duration x) {
  return std::chrono::duration<double>(x).count();
}

} // namespace sluice::actors::metrics

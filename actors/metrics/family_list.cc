#include "actors/metrics/family_list.h"

namespace sluice::actors::metrics {

using prometheus::ClientMetric;
using prometheus::MetricType;
using runtime::duration_histogram;

ClientMetric& family_list::series(std::string_view name, std::string_view help,
                                  MetricType type, const labels& of) {
  auto at = index_.find(name);
  if (at == index_.end()) {
    at = index_.emplace(std::string{name}, families_.size()).first;
    families_.push_back({std::string{name}, std::string{help}, type, {}});
  }
  auto& result = families_[at->second].metric.emplace_back();
  for (auto& [key, value] : of)
    result.label.push_back({std::string{key}, value});
  return result;
}

void family_list::counter(std::string_view name, std::string_view help,
                          double value, const labels& of) {
  series(name, help, MetricType::Counter, of).counter.value = value;
}

void family_list::gauge(std::string_view name, std::string_view help,
                        double value, const labels& of) {
  series(name, help, MetricType::Gauge, of).gauge.value = value;
}

void family_list::histogram(std::string_view name, std::string_view help,
                            const duration_histogram& value, const labels& of) {
  auto& to = series(name, help, MetricType::Histogram, of).histogram;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < duration_histogram::bounded_buckets; ++i) {
    below += value.count(i);
    to.bucket.push_back({below, seconds(duration_histogram::bound(i))});
  }
  // The bucket without a bound is what is left; prometheus-cpp adds its line.
  to.sample_count = value.count();
  to.sample_sum = value.sum_seconds();
}

void family_list::append(std::vector<prometheus::MetricFamily> families) {
  for (auto& x : families) {
    auto added = index_.emplace(x.name, families_.size()).second;
    if (added)
      families_.push_back(std::move(x));
  }
}

} // namespace sluice::actors::metrics

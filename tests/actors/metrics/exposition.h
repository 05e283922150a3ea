#pragma once

// exposition: reads Prometheus' text format 0.0.4 as strictly as it is written
// down (prometheus.io/docs/instrumenting/exposition_formats), and more: what is
// only good manners there is an error here.
//
// For tests. A value.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::testing {

class exposition {
public:
  /// Errors are in `errors`, each with its line.
  explicit exposition(std::string_view text);

  const std::vector<std::string>& errors() const noexcept { return errors_; }

  /// The value of a series as it is written, `name{a="b",c="d"}`, with the
  /// labels in the order of their names; none if there is no such series.
  std::optional<double> value(std::string_view series) const;

  /// The values of all series of that name, added up.
  double sum(std::string_view name) const;

  bool has_family(std::string_view name) const {
    return types_.contains(std::string{name});
  }

  /// Names of families, and the number of series.
  std::vector<std::string> families() const;
  std::size_t series() const noexcept { return values_.size(); }

private:
  using labels = std::map<std::string, std::string>;

  struct bucket_state {
    double last_bound = 0;
    double last_count = 0;
    bool any = false;
    bool infinite = false;
    std::optional<double> count;
    bool sum = false;
  };

  void read_comment(std::string_view line);
  void read_sample(std::string_view line);
  bool read_labels(std::string_view& rest, labels& out);
  void check_sample(const std::string& name, labels of, double value);
  void end_family();
  void fail(std::string what);

  std::size_t line_ = 0;
  std::string family_;
  std::string helped_; // the family whose HELP came last
  std::map<std::string, std::string> types_;
  std::map<std::string, double> values_;
  std::map<std::string, bucket_state> buckets_; // of the present histogram
  std::vector<std::string> errors_;
};

} // namespace sluice::testing

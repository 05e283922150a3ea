#pragma once

// path_parameters: what stood where a route's pattern has names, decoded.
//
// For users. Thread rule: a value.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net::http {

class path_parameters {
public:
  /// The text at {name}; empty if the pattern has no such name.
  std::string_view at(std::string_view name) const noexcept {
    for (auto& [key, value] : items_)
      if (key == name)
        return value;
    return {};
  }

  std::size_t size() const noexcept { return items_.size(); }

  void add(std::string name, std::string value) {
    items_.emplace_back(std::move(name), std::move(value));
  }

private:
  std::vector<std::pair<std::string, std::string>> items_;
};

} // namespace sluice::net::http

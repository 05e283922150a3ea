#pragma once

// fields: the names and values at the head of a message (RFC 9110, section 5),
// in their order. Names are compared without regard to case.
//
// For users. Thread rule: a value. Lifetime: views point into the object, until
// it changes.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::net::http {

/// True if two names of fields are the same.
bool same_name(std::string_view a, std::string_view b) noexcept;

class fields {
public:
  /// One line.
  class field {
  public:
    field(std::string_view name, std::string_view value)
        : name_(name), value_(value) {}

    std::string_view name() const noexcept { return name_; }
    std::string_view value() const noexcept { return value_; }

    bool operator==(const field&) const = default;

  private:
    std::string name_;
    std::string value_;
  };

  /// Appends a line, even if there is one of this name. What is not fit to be
  /// sent is found when it is about to be.
  void add(std::string_view name, std::string_view value) {
    lines_.emplace_back(name, value);
  }

  /// The value of the first line of this name.
  std::optional<std::string_view> find(std::string_view name) const noexcept;

  std::size_t size() const noexcept { return lines_.size(); }
  bool empty() const noexcept { return lines_.empty(); }

  auto begin() const noexcept { return lines_.begin(); }
  auto end() const noexcept { return lines_.end(); }

  bool operator==(const fields&) const = default;

private:
  std::vector<field> lines_;
};

} // namespace sluice::net::http

#pragma once

// route_table: which of the patterns of a router a path fits. Sans-I/O.
//
// A pattern is a path of which a part may be a name in braces, which stands for
// one part that is not empty, and the last one "*", which stands for any rest,
// slashes and all. A part that is written out goes before a name, and a name
// before the rest: "/things/new" before "/things/{id}" before "/things/*".
//
// Internal to router. Thread rule: const after it was filled; any thread.

#include "net/http/path_parameters.h"

#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::net::http {

class route_table {
public:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  struct match {
    std::size_t route = none;
    path_parameters parameters;
    /// What "*" stands for, as it was sent, from the slash on.
    std::string_view rest;
  };

  /// The number of a pattern: the same for the same pattern. Errors:
  /// errc::bad_setting naming the pattern.
  caf::expected<std::size_t> add(std::string_view pattern);

  /// The best fit for a path as it was sent. Errors: errc::malformed_frame for
  /// escapes that cannot be read.
  caf::expected<match> find(std::string_view path) const;

private:
  struct node {
    std::map<std::string, std::unique_ptr<node>, std::less<>> parts;
    std::unique_ptr<node> named;
    std::string name; // of `named`
    std::size_t here = none;
    std::size_t rest = none;
  };

  caf::error walk(const node& at, std::string_view path, match& into) const;

  node root_;
  std::size_t count_ = 0;
};

} // namespace sluice::net::http

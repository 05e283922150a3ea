#pragma once

// token: lists of words in the values of fields (RFC 9110, section 5.6).
//
// Internal. Thread rule: pure functions.

#include "net/http/fields.h"

#include <algorithm>
#include <string_view>

namespace sluice::net::http {

/// Without the spaces and tabs around it.
constexpr std::string_view trimmed(std::string_view x) noexcept {
  auto first = x.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return x.substr(first, x.find_last_not_of(" \t") - first + 1);
}

/// Calls `f` for each member of a list set off by commas, until it returns
/// true; says whether it did. Empty members are passed over.
template <class F>
bool any_member(std::string_view list, F f) {
  while (!list.empty()) {
    auto comma = std::min(list.find(','), list.size());
    if (auto x = trimmed(list.substr(0, comma)); !x.empty() && f(x))
      return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// True if `word`, in any case, is a member.
inline bool list_has(std::string_view list, std::string_view word) noexcept {
  return any_member(list, [word](auto x) { return same_name(x, word); });
}

} // namespace sluice::net::http

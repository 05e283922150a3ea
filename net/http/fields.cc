#include "net/http/fields.h"

#include <algorithm>

namespace sluice::net::http {

namespace {

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::optional<std::string_view>
fields::find(std::string_view name) const noexcept {
  for (auto& x : lines_)
    if (same_name(x.name(), name))
      return x.value();
  return std::nullopt;
}

} // namespace sluice::net::http

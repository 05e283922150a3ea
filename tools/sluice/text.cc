#include "tools/sluice/text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iterator>

namespace sluice::tools {

namespace {

bool is_continuation(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::string two_units(std::int64_t major, const char* major_unit,
                      std::int64_t minor, const char* minor_unit) {
  auto result = std::to_string(major) + " " + major_unit;
  if (minor != 0)
    result += " " + std::to_string(minor) + " " + minor_unit;
  return result;
}

} // namespace

std::string printable(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f')
      c = '?';
  return result;
}

std::size_t width_of(std::string_view text) noexcept {
  std::size_t result = 0;
  for (char c : text)
    result += !is_continuation(c);
  return result;
}

std::string duration_text(std::chrono::milliseconds x) {
  auto ms = std::max<std::int64_t>(x.count(), 0);
  auto s = ms / 1000;
  if (ms < 1000)
    return std::to_string(ms) + " ms";
  if (s < 10)
    return std::to_string(s) + "." + std::to_string(ms % 1000 / 100) + " s";
  if (s < 60)
    return std::to_string(s) + " s";
  if (s < 3600)
    return two_units(s / 60, "min", s % 60, "s");
  if (s < 86'400)
    return two_units(s / 3600, "h", s % 3600 / 60, "min");
  return two_units(s / 86'400, "d", s % 86'400 / 3600, "h");
}

std::string rate_text(double x) {
  static constexpr const char* units[] = {"B/s", "KB/s", "MB/s", "GB/s",
                                          "TB/s"};
  std::size_t unit = 0;
  if (!(x > 0))
    x = 0;
  // So that 999.6 is not printed as 1000.
  while (unit + 1 < std::size(units) && x >= 999.5) {
    x /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof(text),
                unit > 0 && x < 9.95 ? "%.1f %s" : "%.0f %s", x, units[unit]);
  return text;
}

std::string count_text(double x) {
  if (!(x > 0))
    x = 0;
  auto digits = std::to_string(
      static_cast<std::uint64_t>(std::llround(std::min(x, 9.0e18))));
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0;
       at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, '\'');
  return digits;
}

std::string signal_name(int number) {
  if (auto name = ::sigabbrev_np(number))
    return std::string{"SIG"} + name;
  return "signal " + std::to_string(number);
}

} // namespace sluice::tools

#include "actors/observe/json_text.h"

#include <cstdio>

namespace sluice::actors::observe {

namespace {

/// The length of the character that `x` begins with; 0 if that is none (RFC
/// 3629, section 4).
std::size_t character(std::string_view x) {
  auto at = [&](std::size_t i) { return static_cast<unsigned char>(x[i]); };
  auto first = at(0);
  std::size_t size = first < 0x80                     ? 1
                     : first >= 0xc2 && first <= 0xdf ? 2
                     : first >= 0xe0 && first <= 0xef ? 3
                     : first >= 0xf0 && first <= 0xf4 ? 4
                                                      : 0;
  if (size == 0 || x.size() < size)
    return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((at(i) & 0xc0) != 0x80)
      return 0;
  // Longer than need be, surrogates, and above U+10FFFF.
  if ((first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) > 0x9f)
      || (first == 0xf0 && at(1) < 0x90) || (first == 0xf4 && at(1) > 0x8f))
    return 0;
  return size;
}

} // namespace

void json_text::value(std::string_view x) {
  separate();
  text_ += '"';
  while (!x.empty()) {
    auto size = character(x);
    auto c = x.front();
    if (size == 0) {
      text_ += "\xef\xbf\xbd";
      size = 1;
    } else if (c == '"' || c == '\\') {
      text_ += '\\';
      text_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      text_ += escape;
    } else {
      text_ += x.substr(0, size);
    }
    x.remove_prefix(size);
  }
  text_ += '"';
}

void json_text::permille(std::string_view name, std::uint32_t x) {
  char number[24];
  std::snprintf(number, sizeof number, "%u.%03u", x / 1000, x % 1000);
  key(name);
  raw(number);
}

} // namespace sluice::actors::observe

#include "examples/kv/glob.h"

#include <algorithm>
#include <cstddef>

namespace sluice::examples::kv {

namespace {

// Matches one byte against the pattern's next element, which is no star, and
// moves `at` behind that element.
bool element_match(std::string_view pattern, std::size_t& at, char c) {
  auto left = [&] { return pattern.size() - at; };
  if (pattern[at] == '?') {
    ++at;
    return true;
  }
  if (pattern[at] != '[') {
    if (pattern[at] == '\\' && left() > 1)
      ++at;
    return pattern[at++] == c;
  }
  ++at;
  auto negated = left() > 0 && pattern[at] == '^';
  if (negated)
    ++at;
  auto found = false;
  for (; left() > 0 && pattern[at] != ']'; ++at) {
    if (pattern[at] == '\\' && left() > 1) {
      ++at;
      found |= pattern[at] == c;
    } else if (left() > 2 && pattern[at + 1] == '-') {
      auto [low, high] = std::minmax(pattern[at], pattern[at + 2]);
      found |= low <= c && c <= high;
      at += 2;
    } else {
      found |= pattern[at] == c;
    }
  }
  if (left() > 0)
    ++at;
  return found != negated;
}

} // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  // As Redis: of all stars only a single one matches nothing at all.
  if (text.empty())
    return pattern.empty() || pattern == "*";
  constexpr auto none = std::string_view::npos;
  std::size_t at = 0;
  std::size_t i = 0;
  // Where to go on when a match fails: behind the last star, which then takes
  // one byte more. Earlier stars need no second try.
  auto star = none;
  std::size_t star_text = 0;
  while (i < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = ++at;
      star_text = i;
    } else if (at < pattern.size() && element_match(pattern, at, text[i])) {
      ++i;
    } else if (star != none) {
      at = star;
      i = ++star_text;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*')
    ++at;
  return at == pattern.size();
}

} // namespace sluice::examples::kv

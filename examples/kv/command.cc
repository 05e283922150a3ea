#include "examples/kv/command.h"

#include <algorithm>
#include <charconv>

namespace sluice::examples::kv {

store::entry* call::read(std::string_view key) {
  auto found = find(key);
  ++(found ? home.hits : home.misses);
  return found;
}

bool call::integer_argument(std::size_t i, std::int64_t& result) {
  if (parse_integer(args[i], result))
    return true;
  error(message::not_an_integer);
  return false;
}

void call::wrong_arity(std::string_view name) {
  error("ERR wrong number of arguments for '" + std::string{name}
        + "' command");
}

bool parse_integer(std::string_view text, std::int64_t& result) {
  auto digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || (digits[0] == '0' && text.size() > 1))
    return false;
  auto end = text.data() + text.size();
  auto [stop, failure] = std::from_chars(text.data(), end, result);
  return failure == std::errc{} && stop == end;
}

bool equals(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char x, char y) {
                      return (x >= 'A' && x <= 'Z' ? x | 0x20 : x) == y;
                    });
}

} // namespace sluice::examples::kv

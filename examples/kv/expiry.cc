#include "examples/kv/expiry.h"

#include <algorithm>

namespace sluice::examples::kv {

std::optional<expiry_unit> parse_expiry_unit(std::string_view option) {
  if (equals(option, "ex"))
    return expiry_unit::seconds;
  if (equals(option, "px"))
    return expiry_unit::milliseconds;
  if (equals(option, "exat"))
    return expiry_unit::at_seconds;
  if (equals(option, "pxat"))
    return expiry_unit::at_milliseconds;
  return std::nullopt;
}

std::optional<time_ms> to_deadline(std::int64_t amount, expiry_unit unit,
                                   time_ms now) {
  auto scale = unit == expiry_unit::seconds || unit == expiry_unit::at_seconds
                   ? 1000
                   : 1;
  auto start = unit == expiry_unit::seconds || unit == expiry_unit::milliseconds
                   ? now
                   : 0;
  time_ms result;
  if (__builtin_mul_overflow(amount, scale, &result)
      || __builtin_add_overflow(result, start, &result))
    return std::nullopt;
  // `never` has a meaning of its own; nobody will miss the millisecond.
  return std::min(result, never - 1);
}

bool deadline_argument(call& c, std::size_t i, expiry_unit unit,
                       std::string_view name, time_ms& result) {
  std::int64_t amount;
  if (!c.integer_argument(i, amount))
    return false;
  auto deadline = to_deadline(amount, unit, c.now);
  if (amount <= 0 || !deadline) {
    invalid_expiry(c, name);
    return false;
  }
  result = *deadline;
  return true;
}

void invalid_expiry(call& c, std::string_view name) {
  c.error("ERR invalid expire time in '" + std::string{name} + "' command");
}

} // namespace sluice::examples::kv

#pragma once

// expiry: deadlines as commands give them.
//
// Internal to the example; functions of their arguments.

#include "examples/kv/command.h"

#include <optional>
#include <string_view>

namespace sluice::examples::kv {

/// EX, PX, EXAT and PXAT.
enum class expiry_unit { seconds, milliseconds, at_seconds, at_milliseconds };

/// The unit that an option of SET names, in any case.
std::optional<expiry_unit> parse_expiry_unit(std::string_view option);

/// Scales `amount` and adds the present to it where the unit is relative.
/// Nothing if the result does not fit.
std::optional<time_ms> to_deadline(std::int64_t amount, expiry_unit unit,
                                   time_ms now);

/// Reads argument `i` of the command `name` as a deadline, which for values
/// must be positive. Replies with an error and returns false if it is none.
bool deadline_argument(call& c, std::size_t i, expiry_unit unit,
                       std::string_view name, time_ms& result);

/// Replies that an expire time is none.
void invalid_expiry(call& c, std::string_view name);

} // namespace sluice::examples::kv

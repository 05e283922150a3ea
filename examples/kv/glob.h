#pragma once

// glob: the patterns of KEYS, SCAN and CONFIG GET: `*` any bytes, `?` one byte,
// `[a-c]` and `[^a-c]` one byte of a class, `\x` the byte x.
//
// A function of its arguments: any thread.

#include <string_view>

namespace sluice::examples::kv {

/// True if the whole of `text` matches `pattern`. Also decides as Redis does
/// where a pattern is odd: an open class ends with the pattern, a backslash at
/// the end stands for itself. Time is bounded by the product of the lengths,
/// whatever the pattern.
bool glob_match(std::string_view pattern, std::string_view text);

} // namespace sluice::examples::kv

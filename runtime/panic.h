#pragma once

// panic: the end of a process whose invariants are broken. Operating errors
// are values; this is for bugs only.
//
// Internal. Any thread.

#include <string_view>

namespace sluice::runtime {

/// Writes "sluice: broken invariant: {what}" to standard error and aborts.
[[noreturn]] void panic(std::string_view what) noexcept;

/// Panics with `what` unless `condition` holds. Stays on in every build.
inline void check(bool condition, const char* what) noexcept {
  if (!condition) [[unlikely]]
    panic(what);
}

} // namespace sluice::runtime

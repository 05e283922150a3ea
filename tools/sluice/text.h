#pragma once

// Numbers, times and other people's texts as they stand in tables and lines.
//
// Thread rule: pure functions.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::tools {

/// Without control characters, which must not reach a terminal: each becomes a
/// `?`. UTF-8 passes.
std::string printable(std::string_view text);

/// Characters of a text in UTF-8.
std::size_t width_of(std::string_view text) noexcept;

/// `250 ms`, `3.2 s`, `59 s`, `2 min 5 s`, `3 h 20 min`, `2 d 3 h`; negative
/// ones count as 0.
std::string duration_text(std::chrono::milliseconds x);

/// `0 B/s`, `999 B/s`, `1.2 KB/s`, `43 MB/s`; by thousands, as networks count.
std::string rate_text(double bytes_per_s);

/// As a whole number, groups of three parted by an apostrophe: 1'234'567.
std::string count_text(double x);

/// `SIGKILL`, or `signal 99`.
std::string signal_name(int number);

} // namespace sluice::tools

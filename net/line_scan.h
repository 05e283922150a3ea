#pragma once

// line_scan: finds the end of a line, once per byte however the line arrives.
//
// Internal to the codecs. Thread rule: pure functions.

#include "net/codec.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace sluice::net {

/// Where `byte` stands in `input` at or after `from`; input.size() if nowhere.
inline std::size_t find_byte(std::string_view input, std::size_t from,
                             char byte) noexcept {
  if (from >= input.size())
    return input.size();
  auto hit = std::memchr(input.data() + from, byte, input.size() - from);
  return hit == nullptr ? input.size()
                        : static_cast<std::size_t>(static_cast<const char*>(hit)
                                                   - input.data());
}

/// A line that ends in LF or CR LF as a frame, without its ending; too_long
/// with `detail` for one of more than `bytes_max` bytes. `scanned` is how far
/// earlier calls looked; 0 for a new line, and again after a frame.
inline decoded scan_line(std::string_view input, std::uint32_t& scanned,
                         std::size_t bytes_max, const char* detail) noexcept {
  // Behind the longest line stand CR and LF.
  auto window = input.substr(0, bytes_max + 2);
  auto end = find_byte(window, scanned, '\n');
  if (end < window.size()) {
    scanned = 0;
    auto size = end > 0 && window[end - 1] == '\r' ? end - 1 : end;
    return size > bytes_max ? decoded::too_long(detail)
                            : decoded::frame(0, size, end + 1);
  }
  if (window.size() == bytes_max + 2
      || (window.size() == bytes_max + 1 && window.back() != '\r'))
    return decoded::too_long(detail);
  scanned = static_cast<std::uint32_t>(window.size());
  return decoded::more();
}

} // namespace sluice::net

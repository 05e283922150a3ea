#pragma once

// pattern: bytes that tell where in a stream they belong, so that a test finds
// what was lost, doubled or swapped.
//
// For tests. Pure functions.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::testing {

/// The byte at `offset` of the stream `stream`. Neighbours differ, and the
/// period is far longer than any buffer.
inline char pattern_byte(std::uint64_t stream, std::uint64_t offset) {
  auto x = (offset + 1) * 0x9e3779b97f4a7c15 + stream * 0xbf58476d1ce4e5b9;
  x ^= x >> 31;
  return static_cast<char>((x * 0x94d049bb133111eb) >> 56);
}

inline std::string pattern(std::uint64_t stream, std::uint64_t offset,
                           std::size_t size) {
  std::string result(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    result[i] = pattern_byte(stream, offset + i);
  return result;
}

/// The first position in `bytes` that differs from the stream at `offset`, or
/// npos if they agree.
inline std::size_t mismatch(std::uint64_t stream, std::uint64_t offset,
                            std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (bytes[i] != pattern_byte(stream, offset + i))
      return i;
  return std::string_view::npos;
}

} // namespace sluice::testing

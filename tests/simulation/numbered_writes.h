#pragma once

// numbered_writes: writes that say who sent them and which one they are, so
// that a test finds each of them again: at the peer, or handed back.
//
// For tests. Pure functions and values.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::testing {

/// What stands in front of each write.
struct write_header {
  std::uint32_t sender = 0;
  std::uint32_t number = 0;
  std::uint32_t size = 0; // of the whole write
};

inline constexpr std::size_t header_bytes = sizeof(write_header);

/// A write of at least `header_bytes` bytes.
inline std::string make_write(std::uint32_t sender, std::uint32_t number,
                              std::size_t size) {
  size = size < header_bytes ? header_bytes : size;
  std::string result(size, '\0');
  write_header header{sender, number, static_cast<std::uint32_t>(size)};
  std::memcpy(result.data(), &header, header_bytes);
  for (std::size_t i = header_bytes; i < size; ++i)
    result[i] = static_cast<char>(sender * 31 + number * 7 + i);
  return result;
}

/// Takes the first write off `bytes`. False if there is no whole one, or if
/// what is there was never written like that (`torn` is then true).
inline bool take_write(std::string_view& bytes, write_header& header,
                       bool& torn) {
  torn = false;
  if (bytes.size() < header_bytes)
    return false;
  std::memcpy(&header, bytes.data(), header_bytes);
  torn = header.size < header_bytes || header.size > (1u << 24);
  if (torn || bytes.size() < header.size)
    return false;
  torn = bytes.substr(0, header.size)
         != make_write(header.sender, header.number, header.size);
  if (torn)
    return false;
  bytes.remove_prefix(header.size);
  return true;
}

} // namespace sluice::testing

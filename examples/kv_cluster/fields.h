#pragma once

// Fields of the nodes' own messages: numbers as they lie in memory, and texts
// with their length in front. Nodes of one cluster are of one kind of machine.
//
// Thread rule: functions of values.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace sluice::examples::kv_cluster {

template <class T>
void append_field(std::string& out, T x) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&x), sizeof x);
}

inline void append_text(std::string& out, std::string_view x) {
  append_field(out, static_cast<std::uint32_t>(x.size()));
  out.append(x);
}

/// Takes a number off the front of `rest`; false if there is none.
template <class T>
bool take_field(std::string_view& rest, T& x) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (rest.size() < sizeof x)
    return false;
  std::memcpy(&x, rest.data(), sizeof x);
  rest.remove_prefix(sizeof x);
  return true;
}

/// Takes a text off the front of `rest`; it stays where it is.
inline bool take_text(std::string_view& rest, std::string_view& x) {
  std::uint32_t size;
  if (!take_field(rest, size) || rest.size() < size)
    return false;
  x = rest.substr(0, size);
  rest.remove_prefix(size);
  return true;
}

} // namespace sluice::examples::kv_cluster

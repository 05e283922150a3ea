#pragma once

// What the tests of the two cores share: messages that say which they are.
//
// For tests. Pure functions.

#include "actors/channel/outlet_core.h"
#include "actors/channel/wire.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::channel::testing {

/// Message number `position`: its number, and as many bytes more as it takes.
inline std::string numbered(std::uint64_t position, std::size_t size) {
  auto result = std::to_string(position) + ":";
  if (result.size() < size)
    result.resize(size, static_cast<char>('a' + position % 26));
  return result;
}

inline std::uint64_t number_of(std::string_view item) {
  return std::stoull(std::string{item.substr(0, item.find(':'))});
}

/// The messages of what an outlet_core gave.
inline std::vector<std::string> items_of(const outlet_core::taken& x) {
  std::string all;
  for (auto& slice : x.slices)
    all.append(slice.view());
  std::vector<std::string> result;
  wire::item_reader rest{all};
  for (std::string_view item; rest.next(item);)
    result.emplace_back(item);
  return result;
}

} // namespace sluice::actors::channel::testing

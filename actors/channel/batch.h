#pragma once

// batch<T>: the messages of one frame, as the owner of an inlet gets them. Its
// lease is the right to hold that memory: when the last copy of the batch is
// gone, the outlet may send as much again.
//
//   [=](const batch<line>& lines) { for (auto& x : lines) use(x); }
//
// An actor that keeps single messages for long copies them, and so lets go of
// the batch; one that keeps the batch makes the sender wait.
//
// For users. Thread rule: a value. Stays within its process: not serializable.

#include "actors/channel/events.h"
#include "actors/channel/lease.h"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice::actors::channel {

template <class T>
struct batch {
  using value_type = T; // CAF asks types with begin() and end() for it

  /// Whose batch it is, for an owner of several inlets.
  end_id id = 0;
  /// The position of the first message.
  std::uint64_t first = 0;
  std::vector<T> items;
  lease_ptr lease{};

  std::size_t size() const noexcept { return items.size(); }
  auto begin() noexcept { return items.begin(); }
  auto end() noexcept { return items.end(); }
  auto begin() const noexcept { return items.begin(); }
  auto end() const noexcept { return items.end(); }

  /// The position after the last message.
  std::uint64_t next() const noexcept { return first + items.size(); }
};

} // namespace sluice::actors::channel

namespace caf {

template <class T>
struct allowed_unsafe_message_type<sluice::actors::channel::batch<T>>
    : std::true_type {};

} // namespace caf

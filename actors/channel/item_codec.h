#pragma once

// item_codec<T>: a message as it stands in a data frame. CAF's serialization,
// but for a byte_slice, which is its own bytes: neither end copies it.
//
// Internal. Thread rule: that of the port; `read` any thread.

#include "actors/channel/outlet_port.h"
#include "runtime/byte_slice.h"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/sec.hpp>

#include <cstddef>
#include <string_view>

namespace sluice::actors::channel {

template <class T>
struct item_codec {
  static caf::error push(outlet_port& port, const T& x) {
    auto& buffer = port.scratch();
    caf::binary_serializer sink{port.system(), buffer};
    if (auto err = sink(x))
      return err;
    return port.push_scratch();
  }

  /// Reads a message that lies in `memory`.
  static caf::error read(caf::actor_system& system, const runtime::byte_slice&,
                         std::string_view item, T& x) {
    caf::binary_deserializer source{system, item.data(), item.size()};
    if (auto err = source(x))
      return err;
    return source.remaining() == 0 ? caf::error{} : caf::sec::invalid_argument;
  }
};

template <>
struct item_codec<runtime::byte_slice> {
  static caf::error push(outlet_port& port, const runtime::byte_slice& x) {
    return port.push_slice(x);
  }

  static caf::error read(caf::actor_system&, const runtime::byte_slice& memory,
                         std::string_view item, runtime::byte_slice& x) {
    x = memory.sub(static_cast<std::size_t>(item.data() - memory.data()),
                   item.size());
    return {};
  }
};

} // namespace sluice::actors::channel

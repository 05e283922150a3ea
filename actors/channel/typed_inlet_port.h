#pragma once

// typed_inlet_port<T>: an inlet_port that knows what its messages are.
//
// Internal. Thread rule and lifetime: see inlet_port.h.

#include "actors/channel/batch.h"
#include "actors/channel/inlet_port.h"
#include "actors/channel/item_codec.h"
#include "actors/channel/wire.h"

#include <string_view>
#include <utility>

namespace sluice::actors::channel {

template <class T>
class typed_inlet_port final : public inlet_port {
public:
  using inlet_port::inlet_port;

protected:
  caf::expected<caf::mailbox_element_ptr> make_batch(std::uint64_t first,
                                                     std::uint32_t count,
                                                     const byte_slice& items,
                                                     lease_ptr held) override {
    batch<T> result{id(), first, {}, std::move(held)};
    result.items.reserve(count); // which the window bounds
    wire::item_reader rest{items.view()};
    for (std::string_view item; rest.next(item);) {
      if (auto err = item_codec<T>::read(system(), items, item,
                                         result.items.emplace_back()))
        return err;
    }
    return caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                     std::move(result));
  }
};

} // namespace sluice::actors::channel

#pragma once

// The publisher: an actor that publishes messages of one size, at a rate or as
// fast as the topic lets it. Being a flow_actor it stops when the topic tells
// it to, without a line about that.

#include "actors/flow_actor.h"

#include <caf/actor.hpp>

#include <cstddef>
#include <cstdint>

namespace sluice::examples::fanout {

struct publisher_options {
  std::size_t message_bytes = 1024;
  /// Messages a second; 0: as fast as the topic takes them.
  std::uint64_t rate = 100;
};

caf::behavior publisher(actors::flow_actor* self, const caf::actor& topic,
                        const publisher_options& options);

} // namespace sluice::examples::fanout

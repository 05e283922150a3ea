#pragma once

// The actors of a relay, one in each process: the source gets what a reader
// reads, hops pass it on, and the sink hands it to a writer. None of them has a
// word about pressure in it: who sends too much is paused.
//
// Thread rule and lifetime: behaviors of actors on the scheduler.

#include "actors/channel/host.h"
#include "actors/flow_actor.h"
#include "examples/relay/status.h"

#include <string>

namespace sluice::examples::relay {

/// Chunks that wait for the source: they are large, so few of them.
inline constexpr actors::mailbox_limits chunk_limits{.high = 4, .low = 2};

caf::behavior source(actors::flow_actor* self, actors::channel::host* channels,
                     const std::string& to, status* shared);

caf::behavior hop(actors::flow_actor* self, actors::channel::host* channels,
                  const std::string& to, status* shared);

/// Compares the SHA-256 of what came with what the source says.
caf::behavior sink(actors::flow_actor* self, actors::channel::host* channels,
                   const caf::actor& writer, status* shared);

/// For the live line: brings `status` up to date. Sent with high priority, so
/// that a paused actor does it, too.
struct look {};

} // namespace sluice::examples::relay

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::examples::relay::look)

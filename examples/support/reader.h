#pragma once

// reader: reads a descriptor. Reads a chunk, sends it on, and tells itself to
// go on. When the one that it sends to is full, the reader is paused: the "go
// on" waits, and nothing is read until it is released.
//
// Thread rule and lifetime: a broker's; ends at the end of the input.

#include "actors/flow_actor.h"
#include "examples/support/descriptor.h"
#include "examples/support/transfer.h"
#include "net/fd_broker.h"

namespace sluice::examples::support {

/// One read. Who cuts a chunk into pieces sends them all at once, so this also
/// bounds how far it can get past the mark of the next stage.
inline constexpr std::size_t chunk_bytes = 16 * 1024;

class reader final : public actors::pinned_flow<net::fd_broker> {
public:
  reader(caf::actor_config& cfg, net::event_loop& loop, int fd,
         net::ownership whose, const descriptor& input, caf::actor next,
         transfer& shared);

protected:
  caf::behavior make_behavior() override;

private:
  void read_some();
  void finish();

  descriptor input_;
  caf::actor next_;
  transfer& shared_;
};

/// Spawns a reader of `input` that sends to `next`.
caf::actor spawn_reader(net::event_loop& loop, const descriptor& input,
                        caf::actor next, transfer& shared);

} // namespace sluice::examples::support

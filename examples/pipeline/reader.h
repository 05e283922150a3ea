#pragma once

// reader: the first stage. Reads a chunk, sends it on, and tells itself to go
// on. When `parse` is full, the reader is paused: the "go on" waits, and
// nothing is read until it is released.
//
// Thread rule and lifetime: a broker's; ends at the end of the input.

#include "actors/flow_actor.h"
#include "examples/pipeline/descriptor.h"
#include "examples/pipeline/progress.h"
#include "net/fd_broker.h"

namespace sluice::examples::pipeline {

class reader final : public actors::pinned_flow<net::fd_broker> {
public:
  reader(caf::actor_config& cfg, net::event_loop& loop, int fd,
         net::ownership whose, const descriptor& input, caf::actor next,
         progress& shared);

protected:
  caf::behavior make_behavior() override;

private:
  void read_some();
  void finish();

  descriptor input_;
  caf::actor next_;
  progress& shared_;
};

/// Spawns a reader of `input` that sends to `next`.
caf::actor spawn_reader(net::event_loop& loop, const descriptor& input,
                        caf::actor next, progress& shared);

} // namespace sluice::examples::pipeline

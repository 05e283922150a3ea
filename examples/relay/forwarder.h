#pragma once

// forwarder: the part of an actor that sends to the next process. When the link
// is lost it opens the outlet again, for a while: what the next process has not
// got is sent again, and nothing twice.
//
// Thread rule and lifetime: its actor's.

#include "actors/channel/host.h"
#include "actors/flow_actor.h"
#include "examples/relay/part.h"
#include "examples/relay/status.h"

#include <chrono>
#include <string>

namespace sluice::examples::relay {

class forwarder {
public:
  /// Opens an outlet to the process that listens at `to`.
  forwarder(actors::flow_actor* self, actors::channel::host& channels,
            const std::string& to, status& shared);

  /// The outlet tells `self` to slow down when it has much: then `self` is
  /// paused, and so this need not wait for anything.
  void push(const part& x);

  /// Nothing follows. The process ends when the next one has handled it all.
  void finish();

  /// For status::bytes_pending.
  void look();

  /// What the outlet says, for the behavior of `self`.
  caf::message_handler events();

private:
  void on_closed(const actors::channel::outlet_closed& x);
  void retry();

  actors::flow_actor* self_;
  status& shared_;
  actors::channel::outlet<part> out_;
  std::chrono::steady_clock::time_point last_good_;
};

} // namespace sluice::examples::relay

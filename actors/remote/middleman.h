#pragma once

// middleman: CAF's middleman with flow control. Load it in place of CAF's:
//
//   cfg.load<sluice::actors::remote::middleman>();
//
// Everything else stays as it is: publish, remote_actor, remote_spawn, groups,
// brokers, and the protocol, which CAF's own middleman on the other node
// understands. What changes, and how to set it up: docs/adopt.md. In short:
//
// - A local actor that sends faster than a connection takes it gets
//   `backpressure`; a flow_actor is paused by it. So it is if the receiver is a
//   flow_actor whose mailbox is full, on whatever node.
// - What is sent in spite of that is bounded: at the cap it comes back to the
//   sender as rejected_message, and requests are answered with
//   errc::mailbox_full. Without a sender it is dropped, and counted. Responses,
//   high priority, links, exits, down messages and signals always pass.
// - Whoever was told to slow down is told to go on when the receiver, its node
//   or the connection is lost.
// - Heartbeats are on; a silent node counts as lost.
//
// For users. Thread rule and lifetime: as caf::io::middleman.

#include "actors/remote/multiplexer.h"
#include "actors/remote/remote_counts.h"

#include <caf/io/middleman.hpp>

#include <memory>

namespace sluice::actors::remote {

class middleman final : public caf::io::middleman {
public:
  explicit middleman(caf::actor_system& system);

  /// What `load` calls.
  static caf::actor_system::module* make(caf::actor_system& system,
                                         caf::detail::type_list<>);

  /// The one of `system`, or null if that has another one, or none.
  static middleman* of(caf::actor_system& system);

  void init(caf::actor_system_config& settings) override;
  void start() override;
  void stop() override;
  caf::io::network::multiplexer& backend() override { return backend_; }

  /// Any thread, after the system has started.
  remote_counts counts() const { return counters_->read(); }

private:
  multiplexer backend_;
  std::shared_ptr<const remote_counters> counters_;
};

} // namespace sluice::actors::remote

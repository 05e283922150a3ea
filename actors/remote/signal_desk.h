#pragma once

// signal_desk: takes in the signals that come from other nodes, and keeps what
// R5 (actors/flow_control.h) promises across nodes: an actor that was told
// *applied* is told *released* at the latest when the source has ended, its
// node is lost, or the connection to it.
//
// It is an actor without a mailbox: it does its work in `enqueue`, on the
// thread that brought the signal. So a signal waits for no turn of the
// scheduler, which the actors that it is about may keep busy.
//
// A signal stays what it was: that of a mailbox is not made `outward` because
// the mailbox is on another node. Two overloaded actors that send to each other
// would both obey at once, and wait for each other for ever: rule R1 has to
// hold between nodes as well.
//
// Invariants:
// 1. An actor is in the list of a source exactly while the last signal of that
//    source that was passed on to it was not *released*.
// 2. Signals are passed on under the lock: one source's keep their order, and
//    the *released* at its end comes last.
// 3. A source is watched once in its life, from its first *applied* on.
//
// Internal. Thread rule: any thread. Lifetime: the node's middleman; what it
// keeps lives until the last source has ended.

#include "actors/remote/remote_signal.h"

#include <caf/monitorable_actor.hpp>

#include <cstddef>
#include <memory>

namespace sluice::actors::remote {

class signal_desk final : public caf::monitorable_actor {
public:
  explicit signal_desk(caf::actor_config& cfg);
  ~signal_desk() override;

  /// Makes one and enters it into the registry, and takes it out again.
  static caf::strong_actor_ptr open(caf::actor_system& system);
  static void close(caf::actor_system& system);

  const char* name() const override { return "signal_desk"; }

  using abstract_actor::enqueue;
  /// Whatever is not a remote_signal for an actor of this node is dropped.
  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit* host) override;

  /// How many were told by sources on other nodes, counted for each source.
  std::size_t holding() const;

private:
  class table;
  std::shared_ptr<table> table_;
};

} // namespace sluice::actors::remote

#pragma once

// pressure_gate: the actor that the signals of an outlet come from. It does
// nothing. A link cannot be their source: an actor that owns several outlets on
// it would take the *released* of one for that of the others.
//
// Internal. Thread rule: any thread. Lifetime: as any actor; ends with the last
// reference.

#include <caf/local_actor.hpp>

namespace sluice::actors::channel {

class pressure_gate final : public caf::local_actor {
public:
  explicit pressure_gate(caf::actor_config& cfg) : caf::local_actor(cfg) {}

  const char* name() const override { return "outlet"; }
  void launch(caf::execution_unit*, bool, bool) override {}

  using caf::abstract_actor::enqueue;

  /// Requests are answered with an error, all else is dropped.
  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit*) override {
    bounce(x);
  }

  static caf::strong_actor_ptr make(caf::actor_system& system);
};

} // namespace sluice::actors::channel

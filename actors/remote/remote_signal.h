#pragma once

// remote_signal: a `backpressure` on its way to an actor on another node. It
// does not go to the actor itself but to the signal_desk of its node, which
// passes it on with high priority, and releases the actor if the source or its
// node is lost. A node without a signal_desk drops it.
//
// Internal. A value.

#include "runtime/backpressure.h"

#include <caf/atom.hpp>
#include <caf/meta/type_name.hpp>

namespace sluice::actors::remote {

/// The name of a node's signal_desk in its registry. Part of the wire format.
inline constexpr caf::atom_value signal_desk_name = caf::atom("SluiceSign");

struct remote_signal {
  caf::strong_actor_ptr receiver;
  runtime::backpressure signal;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, remote_signal& x) {
  return f(caf::meta::type_name("sluice.remote_signal"), x.receiver, x.signal);
}

} // namespace sluice::actors::remote

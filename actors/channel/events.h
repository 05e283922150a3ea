#pragma once

// What the owners of a channel's ends are told, as ordinary messages without a
// sender. The `id` is that of the end, `outlet::id()` or `inlet::id()`.
//
// A position counts the messages of a channel: the first one that is pushed has
// the outlet's start position (0 unless set), and "everything up to n" is all
// messages with a position below n.
//
//   outlet's owner: opened ... closed [reopen: opened ... closed]; with high
//                   priority, since a closed outlet has no credit and pauses
//                   its owner
//   inlet's owner:  opened, batch ... ended         all is there
//                   opened, batch ... interrupted   the link is lost; the inlet
//                                                   waits to be opened again
//                   ... closed                      it is over before the end
//
// A flow_actor whose mailbox is at its cap still gets the last event of an
// inlet, `ended` or `closed`; the other two would be dropped there, and
// counted.
//
// For users. Thread rule: values.

#include "actors/channel/end_reason.h"

#include <caf/actor_system_config.hpp>
#include <caf/error.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>

namespace sluice::actors::channel {

/// Names one end of a channel within this process.
using end_id = std::uint64_t;

// -- to the owner of an outlet ------------------------------------------------

/// The receiver is there, and has everything up to `position`. What it does not
/// have is sent (again) now.
struct outlet_opened {
  end_id id = 0;
  std::uint64_t position = 0;
};

/// The outlet is not open any more. Unless `reason` is *finished*, what was not
/// confirmed is still there, and the owner is under pressure until it decides:
/// `reopen` goes on with it, `take_unconfirmed` hands it back, and `fail` gives
/// it up, as does the end of the outlet. Not so if the host was stopped, which
/// is the end of all its outlets.
struct outlet_closed {
  end_id id = 0;
  end_reason reason = end_reason::finished;
  /// Empty if finished.
  caf::error error;
  /// The receiver has handled everything up to here, at least.
  std::uint64_t confirmed = 0;
  /// Messages that were pushed and not confirmed.
  std::uint64_t unconfirmed = 0;
};

// -- to the owner of an inlet -------------------------------------------------

/// An outlet feeds the inlet; the next message has `position`.
struct inlet_opened {
  end_id id = 0;
  std::uint64_t position = 0;
};

/// The link is lost; everything up to `position` has been delivered. The inlet
/// waits for an outlet that goes on from there.
struct inlet_interrupted {
  end_id id = 0;
  end_reason reason = end_reason::link_lost;
  caf::error error;
  std::uint64_t position = 0;
};

/// The end of the stream: the outlet was closed, and everything was delivered.
struct inlet_ended {
  end_id id = 0;
  std::uint64_t position = 0;
};

/// The stream failed: nothing comes after `position`. The inlet is over.
struct inlet_closed {
  end_id id = 0;
  end_reason reason = end_reason::dropped;
  caf::error error;
  std::uint64_t position = 0;
};

/// Makes the events known to a system; `actors::config` does it.
void add_event_types(caf::actor_system_config& cfg);

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, outlet_opened& x) {
  return f(caf::meta::type_name("sluice.outlet_opened"), x.id, x.position);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, outlet_closed& x) {
  return f(caf::meta::type_name("sluice.outlet_closed"), x.id, x.reason,
           x.error, x.confirmed, x.unconfirmed);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, inlet_opened& x) {
  return f(caf::meta::type_name("sluice.inlet_opened"), x.id, x.position);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, inlet_interrupted& x) {
  return f(caf::meta::type_name("sluice.inlet_interrupted"), x.id, x.reason,
           x.error, x.position);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, inlet_ended& x) {
  return f(caf::meta::type_name("sluice.inlet_ended"), x.id, x.position);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, inlet_closed& x) {
  return f(caf::meta::type_name("sluice.inlet_closed"), x.id, x.reason, x.error,
           x.position);
}

} // namespace sluice::actors::channel

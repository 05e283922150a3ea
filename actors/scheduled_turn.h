#pragma once

// scheduled_turn: one turn of a flow-controlled actor on CAF's scheduler, in
// place of caf::scheduled_actor::resume.
//
// Internal. Thread rule: whoever runs the actor.

#include "actors/flow_control.h"

#include <caf/resumable.hpp>
#include <caf/scheduled_actor.hpp>

#include <cstddef>

namespace sluice::actors {

/// Handles up to `messages` messages, ordinary ones only while the actor is
/// not paused.
caf::resumable::resume_result run_turn(caf::scheduled_actor& self,
                                       flow_control& flow,
                                       caf::execution_unit* host,
                                       std::size_t messages);

} // namespace sluice::actors

#pragma once

// The stages between reader and writer. None of them has a word about pressure
// in it, but for the last one: the mailboxes are bounded, and an actor whose
// receiver is full is paused.
//
// Thread rule and lifetime: behaviors of actors on the scheduler.

#include "actors/flow_actor.h"
#include "examples/pipeline/progress.h"

namespace sluice::examples::pipeline {

/// Cuts chunks into lines.
caf::behavior parse(actors::flow_actor* self, const caf::actor& next);

/// Numbers lines.
caf::behavior enrich(actors::flow_actor* self, const caf::actor& next,
                     progress* shared);

/// Hands lines to the writer, with their numbers before them if `numbers`.
caf::behavior sink(actors::flow_actor* self, const caf::actor& writer,
                   bool numbers, progress* shared);

} // namespace sluice::examples::pipeline

#pragma once

// The verbs that every process knows.
//
// Internal to actors/admin/server.cc. Thread rule: the server's loop.

#include "actors/admin/server.h"

namespace sluice::actors::admin {

/// Adds "verbs", "pressure" and "loops" to `verbs`, but for those that are
/// there.
void add_builtin_verbs(verb_table& verbs, caf::actor_system& system,
                       std::vector<runtime::event_loop*> loops);

} // namespace sluice::actors::admin

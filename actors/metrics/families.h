#pragma once

// families: a sample as Prometheus' metric families. Every metric of Sluice is
// named, described and filled here; docs/metrics.md lists them.
//
// Internal. Thread rule: any thread.

#include "actors/metrics/family_list.h"
#include "actors/metrics/sample.h"

namespace sluice::actors::metrics {

void add_loops(family_list& to, const sample& from);
void add_connections(family_list& to, const sample& from);
void add_datagrams(family_list& to, const sample& from);
void add_listeners(family_list& to, const sample& from);
void add_pressure(family_list& to, const sample& from);
void add_mailboxes(family_list& to, const sample& from);
void add_channels(family_list& to, const sample& from);
void add_membership(family_list& to, const sample& from);

/// All of these.
void add_sample(family_list& to, const sample& from);

} // namespace sluice::actors::metrics

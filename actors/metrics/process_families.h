#pragma once

// process_families: the process as the operating system sees it, under the
// names that Prometheus' client libraries have for it in every language.
//
// Internal. Thread rule: any thread but a loop's: reads files of /proc.

#include "actors/metrics/family_list.h"

namespace sluice::actors::metrics {

/// process_cpu_seconds_total, process_resident_memory_bytes,
/// process_virtual_memory_bytes, process_open_fds, process_max_fds,
/// process_threads and process_start_time_seconds. What /proc does not say is
/// left out. Source: proc(5).
void add_process(family_list& to);

} // namespace sluice::actors::metrics

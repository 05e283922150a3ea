#pragma once

// launch: from options to a running program: the system calls of a start.
//
// Internal. Thread rule: any thread; it waits until the program runs: one to a
// few milliseconds.

#include "actors/process/process_api.h"

namespace sluice::actors::process {

/// errc::process_not_started, e.g. "process '/no/such': execve: No such file
/// or directory (ENOENT)": names the program, the call that failed and why. For
/// a script without its interpreter the system says ENOENT, too.
caf::expected<launched> launch(const process_options& options);

} // namespace sluice::actors::process

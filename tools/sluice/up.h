#pragma once

// up: the process that keeps a cluster: in the foreground until Ctrl-C, or in
// the background.
//
// Thread rule: the main thread of a process that has no other yet: with
// `detach` it forks. Lifetime: returns when all nodes have ended, or with
// `detach`, in the first process, when they are members.

#include "tools/sluice/exit_code.h"
#include "tools/sluice/node_plan.h"

namespace sluice::tools {

/// Says on the standard error why, if it returns anything but `ok`.
exit_code run_up(up_options options);

/// Says `sluice: why` on the standard error; returns `code`.
exit_code fail(exit_code code, const std::string& why);

} // namespace sluice::tools

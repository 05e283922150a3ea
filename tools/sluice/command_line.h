#pragma once

// command_line: what the tool can be told, read with CLI11.
//
// Thread rule: the main thread.

#include "tools/sluice/exit_code.h"

namespace sluice::tools {

/// Reads the command line and does what it says. What is wrong with it is said
/// in one line on the standard error.
exit_code run_command_line(int argc, const char* const* argv);

} // namespace sluice::tools

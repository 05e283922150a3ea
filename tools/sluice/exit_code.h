#pragma once

// What the tool's exit code says. Documented in docs/cluster.md; the numbers
// are stable.
//
// Thread rule: values.

namespace sluice::tools {

enum class exit_code : int {
  ok = 0,
  failed = 1,           // what was asked for could not be done
  bad_command_line = 2, // also: there is no node of that name
  no_cluster = 3,       // none runs in the directory; for `up`: one does
  no_answer = 4,        // the launcher or a node is there and does not answer
};

} // namespace sluice::tools

#pragma once

// The commands of the tool but for `up` and `completion`: each asks the
// launcher, prints what came of it, and says so in its exit code.
//
// Thread rule: the main thread. Lifetime: the place outlives the call.

#include "tools/sluice/exit_code.h"
#include "tools/sluice/place.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::tools {

struct view_options {
  bool json = false;
  /// Again and again, until Ctrl-C.
  bool repeat = false;
  unsigned interval_ms = 1000;
};

exit_code run_status(const place& where, const view_options& options);
exit_code run_top(const place& where, const view_options& options);

/// The names of the nodes, one a line.
exit_code run_nodes(const place& where);

exit_code run_down(const place& where);

/// `signal` is KILL, STOP or CONT.
exit_code run_signal(const place& where, const std::string& node,
                     const std::string& signal);
exit_code run_start(const place& where, const std::string& node);
exit_code run_leave(const place& where, const std::string& node);

/// 0: no limit any more.
exit_code run_slow(const place& where, const std::string& node,
                   std::uint64_t bytes_per_s);
exit_code run_cut(const place& where, const std::string& a,
                  const std::string& b);

/// Both empty: everything that was cut.
exit_code run_heal(const place& where, const std::string& a,
                   const std::string& b);

} // namespace sluice::tools

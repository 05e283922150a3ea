#pragma once

// meter: makes a report of what a node has counted: rates of two counts, and
// how long a link has been as it is.
//
// Internal. Thread rule: one thread. Lifetime: as long as reports are made; the
// first one has no rates.

#include "actors/observe/report.h"
#include "runtime/clock.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::actors::observe {

/// The way to one other node, as counted since it was made.
struct link_counters {
  std::string to{};
  /// None: it is being dialled, and as it was before.
  std::optional<link_state> state{};
  bool told = false;               // a sender is told to slow down
  bool needs_credit = false;       // something waits, and may not be sent yet
  std::uint64_t waiting = 0;       // messages that were not sent
  std::uint64_t sent = 0;          // messages, and not known to have been taken
  std::uint64_t taken = 0;         // messages
  std::uint64_t queued_bytes = 0;  // that the operating system has not taken
  std::uint64_t written_bytes = 0; // that it has
};

struct row_counters {
  row_report row{}; // all but the rates
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
};

/// The time that a loop's thread has used, and how long that loop has run, in
/// nanoseconds.
struct loop_time {
  std::uint64_t used = 0;
  /// False if it did not answer in time: it counts as busy.
  bool answered = true;
};

/// What a node has counted since it began, and the levels of now.
struct node_counters {
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t messages = 0;
  std::uint64_t requests = 0;
  /// Levels, as they go into the report.
  node_load levels{};
  std::vector<loop_time> loops{};
  std::vector<link_counters> links{};
  std::vector<hold_report> holds{};
  std::vector<row_counters> rows{};
  std::vector<closed_count> closed{};
};

class meter {
public:
  /// Bounded, see `bound`. `now` never goes back.
  node_report measure(runtime::time_point now, node_counters x);

private:
  struct totals {
    std::uint64_t in = 0;
    std::uint64_t out = 0;
  };

  struct link_memory {
    link_counters last;
    bool pressed = false;
    runtime::time_point state_since{};
    runtime::time_point pressed_since{};
    runtime::time_point moved{}; // the last time that something was taken
  };

  using row_key = std::pair<row_kind, std::uint64_t>;

  std::uint64_t rate(std::uint64_t before, std::uint64_t after) const;
  link_report judge(runtime::time_point now, const link_counters& x);
  std::uint32_t busy(const std::vector<loop_time>& loops);

  std::uint64_t number_ = 0;
  std::optional<runtime::time_point> last_;
  double seconds_ = 0; // since the last report; 0: none
  node_counters before_;
  std::map<std::string, link_memory> links_;
  std::map<row_key, totals> rows_;
};

} // namespace sluice::actors::observe

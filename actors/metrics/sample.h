#pragma once

// sample: everything that the metrics are made of, as it was at one moment of
// each loop.
//
// Internal. Values.

#include "actors/channel/report.h"
#include "actors/cluster/node_messages.h"
#include "actors/mailbox_table.h"
#include "net/net_totals.h"
#include "runtime/event_loop.h"
#include "runtime/pressure_table.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::actors::metrics {

/// What one loop said. Copied on its thread.
struct loop_sample {
  runtime::loop_stats stats;
  std::uint64_t actors = 0;
  net::stream_totals streams;
  net::datagram_totals datagrams;
  net::listener_totals listeners;

  static loop_sample of(runtime::event_loop& loop);
};

/// One loop in one collection.
struct loop_answer {
  std::string name;
  /// Whether it answered this time, and how long it took to.
  bool up = false;
  runtime::duration took{};
  /// What it said last, maybe an earlier time; sums over all loops are made of
  /// these, so that they do not fall when a loop is silent.
  std::optional<loop_sample> last;
};

struct sample {
  std::vector<loop_answer> loops;
  std::uint64_t refused_at_door = 0;
  std::array<runtime::pressure_totals, runtime::pressure_kinds> pressure;
  std::vector<mailbox_totals> mailboxes;
  std::vector<channel::host_report> channels;
  std::optional<cluster::membership_report> membership;
};

} // namespace sluice::actors::metrics

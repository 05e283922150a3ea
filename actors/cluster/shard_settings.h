#pragma once

// shard_settings: what all keepers of one set of shards agree on, and their
// times.
//
// For users. Thread rule: a value.

#include "runtime/clock.h"
#include "runtime/limits.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace sluice::actors::cluster {

struct shard_settings {
  /// The same on all nodes, 1 to shards_max. Whoever says something else is
  /// not listened to.
  std::uint32_t shards = runtime::limits::shards_default;
  /// 1 or 2: of each shard.
  std::uint32_t copies = 2;
  /// Of the members that hold shards; empty: all of them.
  std::string role;
  /// How often each node tells the planner how it is.
  runtime::duration report = runtime::limits::shard_report;
  /// When to ask about what is not acknowledged.
  runtime::duration ask_after = runtime::limits::shard_ask_after;
  /// For how long a node may act as a member at most after the others have
  /// gone on without it, if they did not count it as down.
  runtime::duration gone_after = runtime::limits::cluster_down_after;
  /// Of one shard and one copy of it, sent and not acknowledged: above, there
  /// is no room for writes.
  std::size_t unacknowledged_bytes_max =
      runtime::limits::shard_unacknowledged_bytes_max;
  /// Of one shard, on their way to a node that catches up, before there are
  /// more chunks.
  std::size_t window_bytes = runtime::limits::shard_window_bytes;
  /// At how many shards a node may catch up, or be copied from, at a time.
  std::uint32_t transfers_max = runtime::limits::shard_transfers_max;
  /// Whether the user of a keeper has something to do before a shard moves; see
  /// shard_stopping.
  bool asks_before_release = false;
};

} // namespace sluice::actors::cluster

#pragma once

// shard_moves: what a planner changes in a table: functions of values.
//
// 1. Who is gone holds nothing. If that was the primary, the backup is it; if
//    there is none, then the next one, if the primary had one already. Both
//    have all that was acknowledged. Else the shard is lost, and begins anew.
// 2. There is no other way in which a primary changes but that it has released
//    the shard.
// 3. A copy is given up only when there are as many in sync without it as there
//    shall be, or as there can be.
// 4. A node catches up with, or is copied from for, at most `transfers_max`
//    shards at a time; those with one copy only come first.
//
// Internal. Thread rule: functions of values.

#include "actors/cluster/member.h"
#include "actors/cluster/shard_settings.h"
#include "actors/cluster/shard_table.h"

#include <cstdint>
#include <set>
#include <vector>

namespace sluice::actors::cluster {

/// What the primary of a shard has said, and in which epoch.
struct shard_standing {
  holder from;
  std::uint64_t epoch = 0;
  bool in_sync = false;
  bool released = false;
};

struct shard_situation {
  /// That have the role.
  std::vector<member> members;
  /// Not members any more, nor do they act as if they were. Who is neither a
  /// member nor gone may do so; nothing is decided about it.
  std::set<holder> gone;
  /// By shard.
  std::vector<shard_standing> standings;
};

/// Changes the entries as the situation demands; true if it changed any. The
/// first time it makes them.
bool move_shards(shard_table& table, const shard_situation& x,
                 const shard_settings& settings);

} // namespace sluice::actors::cluster

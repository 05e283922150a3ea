// What a new table means for the shards of this node.

#include "actors/cluster/shard_keeper.h"

#include <algorithm>
#include <utility>

namespace sluice::actors::cluster {

void shard_keeper::restart(const holder& self) {
  for (std::uint32_t i = 0; i < shards_.size(); ++i) {
    give_up(i, shard_end::rejoined);
    forget(i);
  }
  self_ = self;
  list_ = {};
  table_ = {};
  promised_ = {};
  ++lapse_;
  is_confirmed_ = is_drained_ = false;
  acks_.clear();
  own_.clear();
  letters_.clear();
  planner_.restart(self);
}

void shard_keeper::accept(time_point now, const shard_table& x) {
  table_version term{x.at.term, x.at.planner, 0};
  if (x.entries.size() != settings_.shards || x.at <= table_.at
      || term < promised_ || x.members_term < list_.at.term)
    return;
  promised_ = term;
  auto before = std::exchange(table_, x);
  for (std::uint32_t i = 0; i < shards_.size(); ++i) {
    auto& entry = table_.entries[i];
    if (!before.entries.empty()) {
      if (entry.losses > before.entries[i].losses)
        events_.emplace_back(shard_lost{i, entry.losses});
      if (entry == before.entries[i])
        continue;
    }
    auto& y = shards_[i];
    if (y.reign != 0 && y.reign != entry.reign) {
      auto in_order =
          y.released_epoch != 0 && y.released_epoch == before.entries[i].epoch;
      give_up(i, in_order ? shard_end::moved : shard_end::replaced);
    }
    take_up(i);
  }
  routes_changed_ = true;
  // After a break of the lease it waits for more than the table; see rule 1.
  // And those that want to leave wait until all have it.
  has_news_ |=
      (!is_confirmed_ && now < lease_until_) || !table_.draining.empty();
}

void shard_keeper::take_up(std::uint32_t shard) {
  auto& entry = table_.entries[shard];
  auto& x = shards_[shard];
  if (entry.primary == self_) {
    if (x.reign == 0)
      become_primary(shard);
    update_streams(shard);
    fill(shard);
    settle(shard);
    note_stopping(shard);
    note_claims(shard);
    return;
  }
  if (!entry.has(self_))
    return forget(shard);
  if (std::exchange(x.copied_reign, entry.reign) != entry.reign)
    x.stream = x.seq = 0;
}

void shard_keeper::become_primary(std::uint32_t shard) {
  auto& entry = table_.entries[shard];
  auto& x = shards_[shard];
  auto empty = !x.has_data || x.losses != entry.losses;
  if (empty)
    forget(shard);
  x.has_data = true;
  x.losses = entry.losses;
  x.reign = entry.reign;
  x.copied_reign = x.stream = x.seq = 0;
  events_.emplace_back(shard_activated{shard, empty});
}

void shard_keeper::update_streams(std::uint32_t shard) {
  auto& entry = table_.entries[shard];
  auto& x = shards_[shard];
  auto is_backup = [&](auto& y) {
    return y.to() == entry.backup && y.since() == entry.backup_since;
  };
  auto is_joining = [&](auto& y) {
    return y.to() == entry.joining && y.since() == entry.joining_since;
  };
  std::erase_if(x.streams,
                [&](auto& y) { return !is_backup(y) && !is_joining(y); });
  // Whoever is the backup has all, and is the backup of the primary before if
  // it has had no stream of this one.
  if (entry.backup && std::ranges::none_of(x.streams, is_backup))
    x.streams.emplace_back(entry.backup, entry.backup_since, ++last_stream_,
                           false, x.position);
  if (entry.joining && std::ranges::none_of(x.streams, is_joining))
    x.streams.emplace_back(entry.joining, entry.joining_since, ++last_stream_,
                           true, x.position);
  for (auto& y : x.streams)
    y.is_required |= is_backup(y);
}

/// It is not the primary any more.
void shard_keeper::give_up(std::uint32_t shard, shard_end why) {
  auto& x = shards_[shard];
  if (std::exchange(x.reign, 0) == 0)
    return;
  x.streams.clear();
  x.settled = x.position;
  x.in_sync_epoch = x.released_epoch = 0;
  x.is_stopping = x.is_stopped = false;
  events_.emplace_back(shard_deactivated{shard, why});
}

void shard_keeper::forget(std::uint32_t shard) {
  auto& x = shards_[shard];
  x.copied_reign = x.stream = x.seq = 0;
  if (std::exchange(x.has_data, false))
    data_.clear(shard);
}

void shard_keeper::note_stopping(std::uint32_t shard) {
  auto& x = shards_[shard];
  auto stops = settings_.asks_before_release
               && static_cast<bool>(table_.entries[shard].next);
  if (stops && !x.is_stopping)
    events_.emplace_back(shard_stopping{shard});
  x.is_stopping = stops;
  x.is_stopped = x.is_stopped && stops;
}

void shard_keeper::note_drained() {
  if (is_draining_ && !std::exchange(is_drained_, true))
    events_.emplace_back(shard_drained{});
}

} // namespace sluice::actors::cluster

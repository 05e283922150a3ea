// How a shard is copied: what a primary sends, and what a copy does with it.

#include "actors/cluster/shard_keeper.h"
#include "runtime/limits.h"

#include <algorithm>
#include <utility>

namespace sluice::actors::cluster {

namespace limits = runtime::limits;

// -- as a copy ----------------------------------------------------------------

/// See rule 5.
bool shard_keeper::listens(const holder& from, std::uint32_t shard,
                           std::uint64_t reign) const {
  if (shard >= table_.entries.size())
    return false;
  auto& entry = table_.entries[shard];
  return entry.primary == from && entry.reign == reign && entry.has(self_)
         && from != self_;
}

/// Whoever has the newer table tells the other one.
bool shard_keeper::is_current(const holder& from, const table_version& at) {
  if (at > table_.at) {
    say(from, shard_outdated{table_.at});
    return false;
  }
  if (at < table_.at)
    say(from, shard_news{table_});
  return true;
}

void shard_keeper::handle(time_point, const holder& from,
                          const shard_copies& x) {
  auto is_ignored = false;
  for (auto& y : x.segments) {
    // The backup has all. If it is to begin anew, there is a newer table.
    if (listens(from, y.shard, y.reign)
        && !(y.fresh && table_.entries[y.shard].backup == self_))
      acks_[from].acks.push_back(take(y));
    else
      is_ignored = true;
  }
  if (is_ignored)
    is_current(from, x.at);
}

shard_ack shard_keeper::take(const shard_segment& x) {
  auto& y = shards_[x.shard];
  if (x.stream > y.stream && x.seq == 1) {
    if (x.fresh) {
      auto reign = y.copied_reign;
      forget(x.shard);
      y.copied_reign = reign;
      y.losses = table_.entries[x.shard].losses;
      y.has_data = true;
    }
    y.stream = x.stream;
    y.seq = 0;
  }
  shard_ack result{x.shard, x.stream, 0, 0, false};
  if (x.stream != y.stream) {
    result.gap = true;
    return result;
  }
  if (x.seq == y.seq + 1) {
    apply(x.shard, x.operations.view());
    ++y.seq;
  }
  result.seq = y.seq;
  result.gap = x.seq > y.seq;
  return result;
}

void shard_keeper::apply(std::uint32_t shard, std::string_view operations) {
  while (operations.size() >= 4) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i)
      size |= std::size_t{static_cast<unsigned char>(operations[i])} << 8 * i;
    operations.remove_prefix(4);
    if (size > operations.size())
      return;
    if (size > 0)
      data_.apply(shard, operations.substr(0, size));
    operations.remove_prefix(size);
  }
}

void shard_keeper::handle(time_point, const holder& from,
                          const shard_probe& x) {
  auto is_ignored = false;
  for (auto& y : x.questions) {
    if (!listens(from, y.shard, y.reign)) {
      is_ignored = true;
      continue;
    }
    auto& z = shards_[y.shard];
    auto seq = z.stream == y.stream ? z.seq : 0;
    acks_[from].acks.push_back({y.shard, y.stream, seq, y.number, false});
  }
  if (is_ignored)
    is_current(from, x.at);
}

// -- as the primary -----------------------------------------------------------

void shard_keeper::handle(time_point now, const holder& from,
                          const shard_acks& x) {
  for (auto& y : x.acks) {
    if (y.shard >= shards_.size())
      continue;
    auto& z = shards_[y.shard];
    auto found = std::ranges::find(z.streams, from, &shard_stream::to);
    if (found == z.streams.end())
      continue;
    auto outcome = found->acknowledged(now, y);
    if (outcome == shard_stream::outcome::forgotten && !found->is_required)
      *found = shard_stream{from, found->since(), ++last_stream_, true, 0};
    if (outcome != shard_stream::outcome::nothing) {
      fill(y.shard);
      settle(y.shard);
      note_claims(y.shard);
    }
    mark(y.shard);
    if (z.is_awaited && has_room(y.shard)) {
      z.is_awaited = false;
      routes_changed_ = true;
    }
  }
}

void shard_keeper::handle(time_point now, const holder& from,
                          const shard_outdated& x) {
  if (x.have >= table_.at)
    return;
  say(from, shard_news{table_});
  on_broken_stream(now, from.name);
}

/// Chunks for those that catch up, as far as the window goes.
void shard_keeper::fill(std::uint32_t shard) {
  auto& x = shards_[shard];
  for (auto& y : x.streams) {
    while (y.wants_chunk() && y.bytes() < settings_.window_bytes) {
      auto chunk = data_.next_chunk(shard, y.cursor(),
                                    limits::shard_segment_bytes_max / 2);
      y.append_chunk(chunk.operation, std::move(chunk.cursor), chunk.last,
                     x.position);
      mark(shard);
    }
    // From here on writes wait for it, too; see rule 2.
    if (y.is_copied() && !y.is_required) {
      y.is_required = true;
      y.mark = x.settled;
    }
  }
}

void shard_keeper::settle(std::uint32_t shard) {
  auto& x = shards_[shard];
  auto all = x.position;
  for (auto& y : x.streams)
    if (y.is_required)
      all = std::min(all, y.position());
  if (all <= x.settled)
    return;
  x.settled = all;
  events_.emplace_back(shard_settled{shard, all});
}

void shard_keeper::note_claims(std::uint32_t shard) {
  auto& entry = table_.entries[shard];
  auto& x = shards_[shard];
  for (auto& y : x.streams)
    if (y.to() == entry.joining && y.is_in_sync())
      has_news_ |= std::exchange(x.in_sync_epoch, entry.epoch) != entry.epoch;
  if (entry.next && (!settings_.asks_before_release || x.is_stopped)
      && std::ranges::all_of(x.streams, &shard_stream::empty))
    has_news_ |= std::exchange(x.released_epoch, entry.epoch) != entry.epoch;
}

void shard_keeper::mark(std::uint32_t shard) {
  if (!std::exchange(shards_[shard].is_dirty, true))
    dirty_.push_back(shard);
}

void shard_keeper::flush() {
  std::map<holder, parcel> parcels;
  for (auto shard : std::exchange(dirty_, {})) {
    shards_[shard].is_dirty = false;
    flush(shard, parcels);
  }
  for (auto& [to, x] : parcels)
    post(to, x);
  for (auto& [to, x] : std::exchange(acks_, {}))
    say(to, std::move(x));
}

void shard_keeper::flush(std::uint32_t shard,
                         std::map<holder, parcel>& parcels) {
  auto& x = shards_[shard];
  for (auto& y : x.streams) {
    auto& to = parcels[y.to()];
    if (auto number = y.next_question(now_, settings_.ask_after))
      to.probe.questions.push_back({shard, x.reign, y.id(), *number});
    while (auto segment = y.next_segment(now_)) {
      segment->shard = shard;
      segment->reign = x.reign;
      if (to.bytes + segment->operations.size()
          > limits::shard_segment_bytes_max)
        post(y.to(), to);
      to.bytes += segment->operations.size();
      to.copies.segments.push_back(std::move(*segment));
    }
  }
}

void shard_keeper::post(const holder& to, parcel& x) {
  x.copies.at = x.probe.at = table_.at;
  if (!x.copies.segments.empty())
    say(to, std::exchange(x.copies, {}));
  if (!x.probe.questions.empty())
    say(to, std::exchange(x.probe, {}));
  x.bytes = 0;
}

} // namespace sluice::actors::cluster

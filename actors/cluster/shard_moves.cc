#include "actors/cluster/shard_moves.h"

#include "actors/cluster/placement.h"

#include <algorithm>
#include <map>
#include <utility>

namespace sluice::actors::cluster {

namespace {

class mover {
public:
  mover(shard_table& table, const shard_situation& x,
        const shard_settings& settings)
      : table_(table), situation_(x), settings_(settings) {
    for (auto& y : x.members) {
      here_.insert(holder{y});
      if (!table.is_draining(holder{y}))
        candidates_.push_back(y);
    }
    // There is nowhere to go when all want to leave.
    if (candidates_.empty())
      candidates_ = x.members;
    for (auto& y : table.entries)
      count_transfer(y, 1);
  }

  bool run() {
    auto changed = false;
    // Those with one copy come first; see 4.
    for (auto only_bare : {true, false})
      for (std::size_t i = 0; i < table_.entries.size(); ++i) {
        auto& x = table_.entries[i];
        if (only_bare == (x.backup && settings_.copies > 1))
          continue;
        changed |= update(static_cast<std::uint32_t>(i), x);
      }
    return changed;
  }

private:
  void count_transfer(const shard_entry& x, int step) {
    if (!x.joining)
      return;
    transfers_[x.joining] += step;
    transfers_[x.primary] += step;
  }

  bool is_here(const holder& x) const { return here_.contains(x); }

  bool is_gone(const holder& x) const { return situation_.gone.contains(x); }

  bool update(std::uint32_t shard, shard_entry& x) {
    auto before = x;
    auto ranked = rank(shard, candidates_, {}, settings_.copies);
    auto first = ranked.empty() ? holder{} : holder{ranked[0]};
    auto second = ranked.size() < 2 ? holder{} : holder{ranked[1]};
    if (!x.primary)
      begin(x, first);
    else if (!bury(x, first))
      move(shard, x, first, second);
    if (x == before)
      return false;
    ++x.epoch;
    if (x.primary != before.primary || x.losses != before.losses)
      x.reign = x.epoch;
    count_transfer(before, -1);
    count_transfer(x, 1);
    return true;
  }

  static void drop_joining(shard_entry& x) {
    if (x.next == x.joining)
      x.next = {};
    x.joining = {};
  }

  static void begin(shard_entry& x, const holder& first) { x.primary = first; }

  /// See 1. True if it is not the time for anything else.
  bool bury(shard_entry& x, const holder& first) {
    auto changed = false;
    if (is_gone(x.joining)) {
      drop_joining(x);
      changed = true;
    }
    if (is_gone(x.backup)) {
      if (x.next == x.backup)
        x.next = {};
      x.backup = {};
      changed = true;
    }
    if (!is_gone(x.primary))
      return changed || !is_here(x.primary);
    if (x.backup) {
      x.primary = std::exchange(x.backup, {});
    } else if (x.next) {
      x.primary = std::exchange(x.joining, {});
    } else if (first) {
      x.primary = first;
      ++x.losses;
      if (x.joining == first)
        drop_joining(x);
    }
    x.next = {};
    return true;
  }

  void move(std::uint32_t shard, shard_entry& x, const holder& first,
            const holder& second) {
    auto& said = situation_.standings[shard];
    auto is_news = said.from == x.primary && said.epoch == x.epoch;
    if (x.next && is_news && said.released)
      return change_primary(x);
    if (x.next && x.next != first)
      x.next = {};
    if (x.joining && x.joining != first && x.joining != second)
      drop_joining(x);
    if (x.joining) {
      if (is_news && said.in_sync && !x.next)
        take_in(x, first, second);
    } else if (!x.next) {
      begin_move(x, first, second);
    }
  }

  /// The old one has all that the new one has.
  void change_primary(shard_entry& x) {
    auto old = std::exchange(x.primary, x.next);
    if (x.next == x.joining)
      x.joining = {};
    if (x.backup == x.primary || !x.backup) {
      x.backup = settings_.copies > 1 ? old : holder{};
      x.backup_since = x.epoch + 1;
    }
    x.next = {};
  }

  void take_in(shard_entry& x, const holder& first, const holder& second) {
    if (x.joining == first
        && (settings_.copies == 1 || (x.backup && x.backup == second)))
      x.next = x.joining;
    else if (settings_.copies > 1) {
      x.backup = std::exchange(x.joining, {});
      x.backup_since = x.joining_since;
    }
  }

  void begin_move(shard_entry& x, const holder& first, const holder& second) {
    if (!first)
      return;
    if (x.primary != first) {
      if (x.backup == first)
        x.next = first;
      else
        begin_transfer(x, first);
    } else if (second) {
      if (x.backup != second)
        begin_transfer(x, second);
    } else {
      x.backup = {}; // there is nobody for it
    }
  }

  void begin_transfer(shard_entry& x, const holder& to) {
    auto most = static_cast<int>(settings_.transfers_max);
    if (transfers_[to] >= most || transfers_[x.primary] >= most)
      return;
    x.joining = to;
    x.joining_since = x.epoch + 1;
  }

  shard_table& table_;
  const shard_situation& situation_;
  const shard_settings& settings_;
  std::set<holder> here_;
  std::vector<member> candidates_;
  std::map<holder, int> transfers_;
};

} // namespace

bool move_shards(shard_table& table, const shard_situation& x,
                 const shard_settings& settings) {
  auto is_new = table.entries.empty();
  if (is_new)
    table.entries.resize(settings.shards);
  return mover{table, x, settings}.run() || is_new;
}

} // namespace sluice::actors::cluster

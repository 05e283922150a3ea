#include "actors/cluster/shard_planner.h"

#include "actors/cluster/placement.h"

#include <algorithm>
#include <tuple>

namespace sluice::actors::cluster {

using runtime::time_point;

const member* eldest(const view& list, const std::string& role) noexcept {
  const member* result = nullptr;
  for (auto& x : list.members)
    if (has_role(x.who, role)
        && (result == nullptr
            || std::tie(x.who.incarnation, x.who.name)
                   < std::tie(result->incarnation, result->name)))
      result = &x.who;
  return result;
}

shard_planner::shard_planner(shard_settings settings)
    : settings_(std::move(settings)) {
}

void shard_planner::restart(const holder& self) {
  self_ = self;
  state_ = state::idle;
  list_ = {};
  members_.clear();
  known_term_ = 0;
  table_ = {};
  members_term_ = later_term_ = 0;
  promises_.clear();
  listeners_.clear();
  gone_from_.clear();
  draining_.clear();
  letters_.clear();
}

// -- whether ------------------------------------------------------------------

void shard_planner::on_view(time_point now, const view& list) {
  // See 4. Changes that come with one version are of one kind.
  if (list.at != list_.at)
    is_term_new_ = list.at.term != list_.at.term;
  for (auto& x : list_.members)
    if (!list.has(x.who)) {
      auto is_later_life = list.find(x.who.name) != nullptr;
      gone_from_[holder{x.who}] =
          is_term_new_ && !is_later_life ? now + settings_.gone_after : now;
    }
  list_ = list;
  members_term_ = std::max(members_term_, list_.at.term);
  for (auto& x : list_.members)
    gone_from_.erase(holder{x.who});
  members_.clear();
  for (auto& x : list_.members)
    if (has_role(x.who, settings_.role))
      members_.push_back(x.who);
  // One that plans from now on waits for those again; see note_missing.
  std::erase_if(gone_from_, [&](auto& x) {
    return x.second + 10 * settings_.gone_after < now;
  });
  auto left = [&](auto& x) { return !is_here(x); };
  std::erase_if(listeners_, left);
  std::erase_if(draining_, left);
  std::erase_if(have_, [&](auto& x) { return left(x.first); });
  std::erase_if(empty_since_, [&](auto& x) { return left(x.first); });
  look(now);
}

void shard_planner::on_lease(time_point now, bool has_lease) {
  if (has_lease_ == has_lease)
    return;
  has_lease_ = has_lease;
  later_term_ = members_term_;
  look(now);
}

void shard_planner::look(time_point now) {
  auto first = eldest(list_, settings_.role);
  if (!has_lease_ || first == nullptr || holder{*first} != self_) {
    state_ = state::idle;
    return;
  }
  switch (state_) {
  case state::idle:
    return collect(now);
  case state::collecting:
    ask(now);
    return count_promises(now);
  case state::active:
    return plan(now);
  }
}

bool shard_planner::is_here(const holder& x) const {
  auto found = list_.find(x.name);
  return found != nullptr && found->who.incarnation == x.incarnation;
}

// -- taking over --------------------------------------------------------------

void shard_planner::collect(time_point now) {
  state_ = state::collecting;
  term_ = {++known_term_, self_, 0};
  promises_.clear();
  ask(now);
}

void shard_planner::ask(time_point now) {
  next_ = now + settings_.report;
  for (auto& x : members_)
    if (!promises_.contains(holder{x}))
      letters_.emplace_back(holder{x}, shard_collect{term_, members_term_});
}

void shard_planner::receive(time_point now, const holder& from,
                            const shard_promise& x) {
  if (state_ != state::collecting || x.term != term_
      || (!x.table.entries.empty()
          && x.table.entries.size() != settings_.shards))
    return;
  if (x.table.at > term_)
    return receive(now, from, shard_refusal{x.table.at});
  promises_[from] = x.table;
  count_promises(now);
}

void shard_planner::receive(time_point now, const holder&,
                            const shard_refusal& x) {
  if (x.promised.term < known_term_)
    return;
  known_term_ = x.promised.term;
  if (state_ != state::idle && x.promised > term_)
    collect(now);
}

void shard_planner::count_promises(time_point now) {
  for (auto& x : members_)
    if (!promises_.contains(holder{x}))
      return;
  table_ = {};
  for (auto& [who, x] : promises_)
    if (x.at > table_.at)
      table_ = x;
  promises_.clear();
  state_ = state::active;
  standings_.assign(settings_.shards, {});
  empty_since_.clear();
  have_.clear();
  table_.at = term_;
  table_.members_term = members_term_;
  draining_.insert(table_.draining.begin(), table_.draining.end());
  std::erase_if(draining_, [&](auto& x) { return !is_here(x); });
  plan(now);
  if (table_.at == term_)
    publish();
}

// -- planning -----------------------------------------------------------------

void shard_planner::plan(time_point now) {
  next_ = now + settings_.report;
  note_missing(now);
  shard_situation x;
  x.members = members_;
  x.standings = standings_;
  for (auto& [who, when] : gone_from_)
    if (when <= now)
      x.gone.insert(who);
  auto changed = table_.members_term != members_term_;
  table_.members_term = members_term_;
  std::vector<holder> draining{draining_.begin(), draining_.end()};
  changed |= draining != table_.draining;
  table_.draining = std::move(draining);
  changed |= move_shards(table_, x, settings_);
  if (changed)
    publish();
  for (auto& who : draining_)
    if (table_.holds_any(who))
      empty_since_.erase(who);
    else
      empty_since_.try_emplace(who, table_.at);
}

/// See 6.
bool shard_planner::is_drained(const holder& x) const {
  auto found = empty_since_.find(x);
  return found != empty_since_.end()
         && std::ranges::all_of(members_, [&](auto& y) {
              auto has = have_.find(holder{y});
              return holder{y} == x
                     || (has != have_.end() && has->second >= found->second);
            });
}

/// Holders that this node has never seen as members; see 4.
void shard_planner::note_missing(time_point now) {
  std::set<holder> missing;
  for (auto& x : table_.entries)
    for (auto who : {&x.primary, &x.backup, &x.joining})
      if (*who && !is_here(*who))
        missing.insert(*who);
  std::erase_if(gone_from_,
                [&](auto& x) { return !missing.contains(x.first); });
  for (auto& x : missing) {
    // Who is back in a later life is not there in the one before.
    auto is_over = list_.find(x.name) != nullptr;
    gone_from_.try_emplace(x, is_over ? now : now + settings_.gone_after);
  }
}

/// See 5.
void shard_planner::note_term(time_point now, std::uint64_t members_term) {
  if (members_term > std::max(later_term_, members_term_)) {
    later_term_ = members_term;
    later_since_ = now;
  }
  if (later_term_ <= members_term_ || !has_lease_
      || now - later_since_ < 2 * settings_.gone_after)
    return;
  members_term_ = later_term_;
  look(now);
}

void shard_planner::publish() {
  ++table_.at.seq;
  for (auto& x : members_)
    letters_.emplace_back(holder{x}, shard_news{table_});
  for (auto& x : listeners_)
    letters_.emplace_back(x, shard_news{table_});
}

void shard_planner::receive(time_point now, const holder& from,
                            const shard_report& x) {
  auto newest =
      std::max(x.promised, table_version{x.have.term, x.have.planner, 0});
  known_term_ = std::max(known_term_, newest.term);
  if (state_ == state::idle || !is_here(from))
    return;
  note_term(now, x.members_term);
  if (newest > term_)
    return collect(now);
  // See 5: what it answers counts for the life that the list of members gives.
  if (state_ != state::active || x.members_term > members_term_)
    return;
  have_[from] = x.have;
  auto has_role =
      std::ranges::any_of(members_, [&](auto& y) { return holder{y} == from; });
  if (!has_role)
    listeners_.insert(from);
  auto is_news = x.draining && has_role && draining_.insert(from).second;
  auto note = [&](const shard_claim& y, bool shard_standing::*what) {
    if (y.shard >= table_.entries.size())
      return;
    auto& entry = table_.entries[y.shard];
    if (entry.primary != from || entry.epoch != y.epoch)
      return;
    auto& known = standings_[y.shard];
    if (known.from != from || known.epoch != y.epoch)
      known = {from, y.epoch, false, false};
    is_news |= !std::exchange(known.*what, true);
  };
  for (auto& y : x.in_sync)
    note(y, &shard_standing::in_sync);
  for (auto& y : x.released)
    note(y, &shard_standing::released);
  auto before = table_.at;
  if (is_news)
    plan(now);
  if (x.have != table_.at && table_.at == before)
    letters_.emplace_back(from, shard_news{table_});
  letters_.emplace_back(from,
                        shard_answer{x.nonce, table_.at, is_drained(from)});
}

time_point shard_planner::tick(time_point now) {
  if (state_ == state::idle)
    return time_point::max();
  if (now >= next_) {
    if (state_ == state::collecting)
      ask(now);
    else
      plan(now);
  }
  return next_;
}

std::vector<shard_planner::outgoing> shard_planner::take_letters() {
  return std::exchange(letters_, {});
}

} // namespace sluice::actors::cluster

#include "actors/cluster/shard_keeper.h"

#include "actors/cluster/placement.h"
#include "runtime/limits.h"
#include "runtime/panic.h"

#include <algorithm>
#include <utility>

namespace sluice::actors::cluster {

namespace limits = runtime::limits;

shard_keeper::shard_keeper(shard_settings settings, shard_data& data)
    : settings_(std::move(settings)), data_(data), planner_(settings_) {
  runtime::check(settings_.shards > 0 && settings_.shards <= limits::shards_max,
                 "shard_settings: shards out of range");
  runtime::check(settings_.copies == 1 || settings_.copies == 2,
                 "shard_settings: there are 1 or 2 copies");
  shards_.resize(settings_.shards);
}

// -- what happens -------------------------------------------------------------

void shard_keeper::on_view(time_point now, const view& list,
                           const member& self) {
  now_ = now;
  if (self_ != holder{self})
    restart(holder{self});
  auto planner = eldest(list_, settings_.role);
  auto before = planner != nullptr ? holder{*planner} : holder{};
  list_ = list;
  planner_.on_view(now, list);
  planner = eldest(list_, settings_.role);
  has_news_ |= planner != nullptr && holder{*planner} != before;
  routes_changed_ = true;
  work_off(now);
}

void shard_keeper::on_lease(time_point now, time_point until) {
  now_ = now;
  if (now >= lease_until_) {
    ++lapse_;
    is_confirmed_ = false;
    planner_.on_lease(now, false);
    has_news_ |= now < until;
  }
  lease_until_ = until;
  planner_.on_lease(now, now < until);
  work_off(now);
}

void shard_keeper::receive(time_point now, const shard_letter& x) {
  now_ = now;
  std::visit([&](auto& body) { handle(now, x.from, body); }, x.body);
  work_off(now);
}

void shard_keeper::on_broken_stream(time_point now, const std::string& name) {
  now_ = now;
  for (std::uint32_t i = 0; i < shards_.size(); ++i)
    for (auto& x : shards_[i].streams)
      if (x.to().name == name) {
        x.doubt();
        mark(i);
      }
}

time_point shard_keeper::tick(time_point now) {
  now_ = now;
  if (now >= next_report_)
    has_news_ = true;
  auto next = planner_.tick(now);
  for (std::uint32_t i = 0; i < shards_.size(); ++i)
    for (auto& x : shards_[i].streams) {
      auto due = x.question_due(settings_.ask_after);
      if (due <= now)
        mark(i);
      else
        next = std::min(next, due);
    }
  work_off(now);
  return std::min(next, next_report_);
}

void shard_keeper::drain(time_point now) {
  now_ = now;
  is_draining_ = has_news_ = true;
  // Who has no role has no shards.
  auto me = list_.find(self_.name);
  if (me != nullptr && !has_role(me->who, settings_.role))
    note_drained();
  work_off(now);
}

// -- clients ------------------------------------------------------------------

shard_route shard_keeper::route(time_point now,
                                std::uint32_t shard) const noexcept {
  if (table_.entries.empty())
    return {};
  auto& x = table_.entries[shard];
  if (shards_[shard].reign != 0) {
    auto serves = !x.next && is_confirmed_ && now < lease_until_;
    return {serves ? route_kind::here : route_kind::hold, nullptr};
  }
  if (!x.primary)
    return {};
  auto found = list_.find(x.primary.name);
  if (x.next == self_ || found == nullptr
      || found->who.incarnation != x.primary.incarnation)
    return {route_kind::hold, nullptr};
  return {route_kind::elsewhere, &found->who};
}

shard_route shard_keeper::route(time_point now, std::uint32_t shard,
                                const table_version& at_least) const noexcept {
  if (at_least > table_.at)
    return {route_kind::hold, nullptr};
  return route(now, shard);
}

bool shard_keeper::has_room(std::uint32_t shard) const noexcept {
  auto& x = shards_[shard];
  for (auto& y : x.streams)
    if (y.bytes() >= settings_.unacknowledged_bytes_max) {
      x.is_awaited = true;
      return false;
    }
  return true;
}

std::uint64_t shard_keeper::wrote(std::uint32_t shard,
                                  std::string_view operation) {
  auto& x = shards_[shard];
  runtime::check(x.reign != 0, "a write to a shard that is not here");
  runtime::check(operation.size() <= limits::shard_operation_bytes_max,
                 "an operation on a shard that is too long");
  ++x.position;
  auto waits = false;
  for (auto& y : x.streams) {
    y.append(operation, x.position);
    waits |= y.is_required;
  }
  if (!waits)
    x.settled = x.position;
  if (!x.streams.empty())
    mark(shard);
  return x.position;
}

void shard_keeper::stopped(time_point now, std::uint32_t shard) {
  now_ = now;
  auto& x = shards_[shard];
  if (!x.is_stopping)
    return;
  x.is_stopped = true;
  note_claims(shard);
  work_off(now);
}

// -- what comes of it ---------------------------------------------------------

std::vector<shard_keeper::outgoing> shard_keeper::take_letters() {
  flush();
  return std::exchange(letters_, {});
}

std::vector<shard_event> shard_keeper::take_events() {
  if (std::exchange(routes_changed_, false))
    events_.emplace_back(shard_routes_changed{});
  return std::exchange(events_, {});
}

// -- the planner --------------------------------------------------------------

void shard_keeper::say(const holder& to, shard_letter_body what) {
  shard_letter x{self_, std::move(what)};
  if (to == self_)
    own_.push_back(std::move(x));
  else
    letters_.push_back({to, std::move(x)});
}

void shard_keeper::say_report(time_point now) {
  next_report_ = now + settings_.report;
  has_news_ = false;
  auto planner = eldest(list_, settings_.role);
  if (planner == nullptr || !self_)
    return;
  shard_report x;
  x.have = table_.at;
  x.promised = promised_;
  x.members_term = list_.at.term;
  x.nonce = lapse_;
  x.draining = is_draining_;
  for (std::uint32_t i = 0; i < table_.entries.size(); ++i) {
    auto epoch = table_.entries[i].epoch;
    if (shards_[i].in_sync_epoch == epoch)
      x.in_sync.push_back({i, epoch});
    if (shards_[i].released_epoch == epoch)
      x.released.push_back({i, epoch});
  }
  say(holder{*planner}, std::move(x));
}

/// What this node says to itself, and what follows from it.
void shard_keeper::work_off(time_point now) {
  do {
    if (has_news_)
      say_report(now);
    for (auto& [to, what] : planner_.take_letters())
      say(to, std::move(what));
    if (own_.empty())
      return;
    auto x = std::move(own_.front());
    own_.pop_front();
    std::visit([&](auto& body) { handle(now, x.from, body); }, x.body);
  } while (true);
}

void shard_keeper::handle(time_point now, const holder& from,
                          const shard_report& x) {
  planner_.receive(now, from, x);
}

void shard_keeper::handle(time_point now, const holder& from,
                          const shard_promise& x) {
  planner_.receive(now, from, x);
}

void shard_keeper::handle(time_point now, const holder& from,
                          const shard_refusal& x) {
  planner_.receive(now, from, x);
}

void shard_keeper::handle(time_point, const holder& from,
                          const shard_answer& x) {
  if (x.nonce != lapse_ || from != x.at.planner || table_.at < x.at)
    return;
  if (x.drained)
    note_drained();
  if (!std::exchange(is_confirmed_, true))
    routes_changed_ = true;
}

void shard_keeper::handle(time_point now, const holder&, const shard_news& x) {
  accept(now, x.table);
}

void shard_keeper::handle(time_point, const holder& from,
                          const shard_collect& x) {
  if (x.members_term < list_.at.term)
    return;
  if (x.term < promised_)
    return say(from, shard_refusal{promised_});
  promised_ = x.term;
  say(from, shard_promise{x.term, table_});
}

} // namespace sluice::actors::cluster

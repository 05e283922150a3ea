#include "actors/cluster/roster.h"

#include <algorithm>
#include <utility>

namespace sluice::actors::cluster {

/// See 6: the first of the seeds that seek, this one included.
void roster::choose(time_point now) {
  if (now < chosen_)
    return;
  chosen_ = now + 2 * times_.found_after;
  choice_.clear();
  for (auto& x : seeds_) {
    auto found = seekers_.find(x);
    auto seeks = found != seekers_.end()
                 && now - found->second.when <= times_.found_after;
    if (x != self_.endpoint && !seeks)
      continue;
    choice_ = x;
    return;
  }
}

bool roster::is_seed(const std::string& endpoint) const {
  return std::ranges::find(seeds_, endpoint) != seeds_.end();
}

bool roster::may_found(time_point now) {
  choose(now);
  if (choice_ != self_.endpoint)
    return false;
  std::size_t count = 1;
  for (auto& [where, x] : seekers_)
    count += x.choice == self_.endpoint && where != self_.endpoint
             && now - x.when <= times_.found_after;
  return 2 * count > seeds_.size();
}

void roster::found(time_point now) {
  auto term = list_.at.term + 1;
  for (auto& x : difference(list_, {{term, 0}, {}, {}}))
    events_.emplace_back(x);
  lead(now, term, {});
  publish(now, change_kind::joined, self_);
  set_in_touch(true, "");
}

/// Asks the seeds, and whom it knew before.
void roster::try_to_join(time_point now) {
  next_ = now + times_.retry;
  auto known = seeds_;
  for (auto& x : list_.members)
    known.push_back(x.who.endpoint);
  std::ranges::sort(known);
  known.erase(std::ranges::unique(known).begin(), known.end());
  for (auto& x : known)
    if (x != self_.endpoint)
      say(x, join_request{});
}

/// See 5. What it knew stays until it has another list.
void roster::join_again(time_point now, const char* why) {
  set_in_touch(false, why);
  ++self_.incarnation;
  votes_.clear();
  heard_.clear();
  dead_.clear();
  voted_term_ = 0;
  state_ = state::joining;
  next_ = now;
  until_ = now + times_.down_after;
  seekers_.clear();
  choice_.clear();
  chosen_ = now + times_.found_after / 2;
}

/// A list of somebody else, and of which this node is a member.
void roster::adopt(time_point now, const whole_list& x) {
  auto& list = x.list;
  if (list.seed == self_.name) // of an earlier life
    return join_again(now, "it has lost what it knew");
  for (auto& y : difference(list_, list))
    events_.emplace_back(y);
  list_ = list;
  voted_term_ = std::max(voted_term_, list.at.term);
  seed_stamp_ = x.seed_stamp;
  state_ = state::following;
  adopted_ = now;
  if (now - answered_ >= times_.down_after)
    set_in_touch(false, "the others have another seed");
  votes_.clear();
  heard_.clear();
  dead_.clear();
  if (auto keeper = list_.keeper())
    return beat_to(now, keeper->endpoint);
  lose_seed(now);
}

void roster::handle(time_point now, const member& from, const seeking& x) {
  if (is_seed(from.endpoint))
    seekers_[from.endpoint] = {now, x.choice};
}

void roster::handle(time_point, const member&, const join_refused& x) {
  if (state_ != state::joining)
    return;
  state_ = state::refused;
  refusal_ = x.why;
}

void roster::handle(time_point now, const member&, const redirect& x) {
  if (x.endpoint == self_.endpoint)
    return;
  if (state_ == state::joining) {
    say(x.endpoint, join_request{});
    // There is a cluster: no time to begin another one.
    until_ = std::max(until_, now + times_.found_after);
  } else if (x.at.term > list_.at.term)
    beat_to(now, x.endpoint);
}

/// Two that began with the same term know nothing of each other: one of them
/// has to give way.
bool roster::is_newer(const view& other) const {
  // Who is not in it follows nobody by joining anew.
  if (other.at.term < voted_term_ && other.has(self_))
    return false;
  if (other.at.term != list_.at.term)
    return other.at.term > list_.at.term;
  if (other.seed == list_.seed)
    return state_ != state::leading && other.at > list_.at;
  return std::pair{other.at, other.seed} > std::pair{list_.at, list_.seed};
}

void roster::handle(time_point now, const member& from, const whole_list& x) {
  auto mine = x.list.has(self_);
  switch (state_) {
  case state::joining:
    if (mine)
      adopt(now, x);
    return;
  case state::following:
  case state::voting:
  case state::leading: {
    if (is_newer(x.list))
      return mine ? adopt(now, x)
                  : join_again(now, "the others count it as down");
    if (x.list.seed != list_.seed)
      if (auto keeper = list_.keeper())
        say(from.endpoint, redirect{list_.at, keeper->endpoint});
    return;
  }
  case state::leaving:
    if (!mine)
      state_ = state::left;
    return;
  default:
    return;
  }
}

} // namespace sluice::actors::cluster

#include "actors/cluster/roster.h"

#include "actors/cluster/roster_stamp.h"

#include <algorithm>
#include <utility>

namespace sluice::actors::cluster {

/// Who is known to be dead cannot follow somebody else.
std::size_t roster::possible_voters(const view& list) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      list.members, [&](auto& x) { return !is_dead(x.who); }));
}

bool roster::is_dead(const member& x) const {
  auto found = dead_.find(x.name);
  return found != dead_.end() && found->second == x.incarnation;
}

void roster::lead(time_point now, std::uint64_t term, view list) {
  list_ = std::move(list);
  list_.at = {term, 0};
  voted_term_ = term;
  list_.seed = self_.name;
  state_ = state::leading;
  next_ = now + times_.beat;
  changed_ = probed_ = now;
  votes_.clear();
  heard_.clear();
  for (auto& x : list_.members)
    heard_[x.who.name] = {now};
}

void roster::publish(time_point now, change_kind what, member who) {
  change x{{list_.at.term, list_.at.seq + 1}, what, std::move(who)};
  list_.apply(x);
  changed_ = now;
  if (what == change_kind::joined)
    heard_[x.who.name] = {now, false, now};
  else if (what != change_kind::suspected && what != change_kind::trusted)
    heard_.erase(x.who.name);
  say_to_all(list_changed{x});
  events_.emplace_back(std::move(x));
}

bool roster::is_silent(time_point now, const listed& x, duration limit) const {
  auto found = heard_.find(x.who.name);
  return x.who.name != self_.name && found != heard_.end()
         && (found->second.gone || now - found->second.when >= limit);
}

bool roster::has_half(time_point now) const {
  auto count = std::ranges::count_if(list_.members, [&](auto& x) {
    auto found = heard_.find(x.who.name);
    return x.who.name == self_.name
           || (found != heard_.end() && !found->second.gone
               && found->second.proved > now - times_.down_after / 2);
  });
  return 2 * static_cast<std::size_t>(count) >= possible_voters(list_);
}

void roster::look_at_silence(time_point now) {
  next_ = now + times_.beat;
  auto members = list_.members; // `publish` changes it
  for (auto& x : members)
    if (!x.suspected && is_silent(now, x, times_.suspect_after))
      publish(now, change_kind::suspected, x.who);
  auto most = has_half(now);
  set_in_touch(most, "more than half of the members are silent");
  // The others may have another seed by now: they answer who.
  if (!most)
    return say_list_to_all(now);
  for (auto& x : members)
    if (is_silent(now, x, times_.down_after) && has_half(now))
      publish(now, change_kind::down, x.who);
  // A seed that is no member may have a cluster of its own.
  if (now - probed_ < times_.found_after)
    return;
  probed_ = now;
  for (auto& x : seeds_)
    if (std::ranges::none_of(list_.members,
                             [&](auto& y) { return y.who.endpoint == x; }))
      say_list(now, x);
}

/// Two cannot listen at one endpoint: the life before is over. True if so.
bool roster::note_life(const member& x) {
  auto old = list_.find(x.name);
  if (!old || old->who.endpoint != x.endpoint || same(old->who, x))
    return false;
  dead_[x.name] = old->who.incarnation;
  return true;
}

void roster::handle(time_point now, const member& from, const join_request&) {
  if (state_ == state::joining) {
    if (is_seed(from.endpoint))
      seekers_[from.endpoint].when = now;
    choose(now);
    return say(from.endpoint, seeking{choice_});
  }
  if (state_ == state::following || state_ == state::voting) {
    if (note_life(from) && state_ == state::following
        && from.name == list_.seed)
      lose_seed(now);
    auto keeper = list_.keeper();
    if (state_ == state::following && keeper)
      say(from.endpoint, redirect{list_.at, keeper->endpoint});
    else
      say(from.endpoint, redirect{list_.at, self_.endpoint});
    return;
  }
  if (state_ != state::leading)
    return;
  note_life(from);
  if (!in_touch_)
    return;
  if (auto old = list_.find(from.name)) {
    if (same(old->who, from))
      return say_list(now, from.endpoint);
    auto lives = !is_silent(now, *old, times_.suspect_after);
    if (from.name == self_.name
        || (lives && old->who.endpoint != from.endpoint))
      return say(from.endpoint, join_refused{"the name \"" + from.name
                                             + "\" is that of the node at "
                                             + old->who.endpoint});
    // Another life of the same node.
    publish(now, change_kind::down, old->who);
  }
  publish(now, change_kind::joined, from);
  say_list(now, from.endpoint);
}

void roster::handle(time_point now, const member& from, const beat& x) {
  if (state_ == state::joining) // the sender takes it for who it was before
    return say(from.endpoint, join_request{});
  if (state_ == state::voting && x.term > voted_term_ && list_.has(from))
    return vote_in(now, x.term);
  if (state_ != state::leading) {
    auto keeper = list_.keeper();
    if (keeper && list_.at.term > x.at.term)
      say(from.endpoint, redirect{list_.at, keeper->endpoint});
    return;
  }
  if (!list_.has(from))
    return x.at.term > list_.at.term
               ? join_again(now, "the others have another seed")
               : say_list(now, from.endpoint);
  if (x.term > list_.at.term)
    return hear_of_term(now, x.term);
  auto& is_heard = heard_[from.name];
  is_heard.when = now;
  is_heard.gone = false;
  if (x.at.term == list_.at.term && x.seed_stamp <= stamp_of(now))
    is_heard.proved = std::max(is_heard.proved, time_of(x.seed_stamp));
  if (!in_touch_ && has_half(now))
    look_at_silence(now);
  if (list_.find(from.name)->suspected)
    publish(now, change_kind::trusted, from);
  // Whoever is not in touch gives no touch, but needs what proves it.
  say(from.endpoint, beat_answer{in_touch_ ? x.stamp : 0, stamp_of(now)});
  // What was told just now may be under way.
  if (x.at.term != list_.at.term
      || (x.at != list_.at && now - changed_ >= 2 * times_.beat))
    say_list(now, from.endpoint);
}

void roster::handle(time_point now, const member& from, const leave_request&) {
  if (state_ != state::leading || !in_touch_)
    return;
  if (list_.has(from))
    publish(now, change_kind::left, from);
  say_list(now, from.endpoint);
}

} // namespace sluice::actors::cluster

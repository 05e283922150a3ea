#include "actors/cluster/roster.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>
#include <utility>

namespace sluice::actors::cluster {

namespace {

std::uint64_t stamp_of(time_point x) noexcept {
  return static_cast<std::uint64_t>(x.time_since_epoch().count());
}

time_point time_of(std::uint64_t stamp) noexcept {
  return time_point{duration{static_cast<duration::rep>(stamp)}};
}

} // namespace

roster::roster(member self, std::vector<std::string> seeds, roster_times times)
    : self_(std::move(self)), seeds_(std::move(seeds)), times_(times) {
}

// -- what happens -------------------------------------------------------------

void roster::start(time_point now) {
  auto others =
      std::ranges::any_of(seeds_, [&](auto& x) { return x != self_.endpoint; });
  if (!others)
    return found(now);
  state_ = state::joining;
  next_ = now;
  until_ = now + times_.found_after;
  chosen_ = now + times_.found_after / 2;
}

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

time_point roster::tick(time_point now) {
  switch (state_) {
  case state::idle:
  case state::left:
  case state::refused:
    return time_point::max();
  case state::joining:
    if (now >= until_ && may_found(now))
      found(now);
    else if (now >= next_)
      try_to_join(now);
    break;
  case state::following:
    if (now - answered_ >= times_.down_after)
      set_in_touch(false, "the seed does not answer");
    if (now - std::max(answered_, adopted_) >= times_.down_after)
      lose_seed(now);
    else if (now >= next_)
      beat_to(now, list_.keeper()->endpoint);
    break;
  case state::voting:
    if (now - answered_ >= times_.down_after)
      set_in_touch(false, "the seed is lost");
    if (now >= until_)
      vote_in(now, voted_term_ + 1);
    else if (now >= next_)
      cast(now);
    break;
  case state::leading:
    if (now >= next_)
      look_at_silence(now);
    break;
  case state::leaving:
    if (now >= until_) {
      state_ = state::left;
    } else if (now >= next_) {
      next_ = now + times_.beat;
      if (auto keeper = list_.keeper())
        say(keeper->endpoint, leave_request{});
    }
    break;
  }
  return state_ == state::voting || state_ == state::leaving
             ? std::min(next_, until_)
             : next_;
}

void roster::receive(time_point now, const letter& x) {
  // One's own, or that of an earlier life.
  if (x.from.name == self_.name && x.from.endpoint == self_.endpoint)
    return;
  if (state_ == state::idle || state_ == state::left
      || state_ == state::refused)
    return;
  std::visit([&](auto& body) { handle(now, x.from, body); }, x.body);
}

void roster::unreachable(time_point now, const std::string& endpoint) {
  switch (state_) {
  case state::leading: {
    auto is_news = false;
    for (auto& x : list_.members)
      if (x.who.endpoint == endpoint && x.who.name != self_.name)
        is_news |= !std::exchange(heard_[x.who.name].gone, true);
    if (is_news)
      look_at_silence(now);
    return;
  }
  case state::following:
    if (list_.keeper()->endpoint == endpoint)
      lose_seed(now);
    return;
  case state::voting:
    // With the next beat, so that nobody is tried in a tight circle.
    if (candidate_.endpoint == endpoint)
      until_ = std::min(until_, next_);
    return;
  default:
    return;
  }
}

void roster::leave(time_point now) {
  auto alone = list_.members.size() < 2;
  switch (state_) {
  case state::left:
  case state::leaving:
  case state::refused:
    return;
  case state::leading:
    if (!alone)
      publish(now, change_kind::left, self_);
    [[fallthrough]];
  case state::idle:
  case state::joining:
    state_ = state::left;
    break;
  case state::following:
  case state::voting:
    state_ = state::leaving;
    next_ = now;
    until_ = now + times_.suspect_after;
    tick(now);
    break;
  }
  set_in_touch(false, "it has left");
}

std::vector<roster::outgoing> roster::take_letters() {
  return std::exchange(letters_, {});
}

std::vector<roster::event> roster::take_events() {
  return std::exchange(events_, {});
}

time_point roster::touch_until() const {
  if (!in_touch_)
    return time_point::min();
  if (state_ != state::leading)
    return answered_ + times_.down_after;
  // The others that it takes to have half, those first that were heard last.
  std::vector<time_point> proofs;
  for (auto& x : list_.members)
    if (auto found = heard_.find(x.who.name); x.who.name != self_.name
                                              && found != heard_.end()
                                              && !found->second.gone)
      proofs.push_back(found->second.proved);
  auto needed = (possible_voters(list_) + 1) / 2 - 1;
  if (needed == 0)
    return time_point::max();
  if (proofs.size() < needed)
    return time_point::min();
  std::ranges::nth_element(proofs, proofs.begin() + (needed - 1),
                           std::greater{});
  auto last = proofs[needed - 1];
  return last == time_point::min() ? last : last + times_.down_after / 2;
}

// -- saying -------------------------------------------------------------------

void roster::say(const std::string& to, letter_body what) {
  letters_.push_back({to, {self_, std::move(what)}});
}

void roster::say_to_all(const letter_body& what) {
  for (auto& x : list_.members)
    if (x.who.name != self_.name)
      say(x.who.endpoint, what);
}

void roster::say_list(time_point now, const std::string& to) {
  say(to, whole_list{list_, stamp_of(now)});
}

void roster::say_list_to_all(time_point now) {
  say_to_all(whole_list{list_, stamp_of(now)});
}

void roster::beat_to(time_point now, const std::string& endpoint) {
  next_ = now + times_.beat;
  say(endpoint, beat{list_.at, stamp_of(now), seed_stamp_, voted_term_});
}

void roster::set_in_touch(bool now_in_touch, const char* why) {
  if (std::exchange(in_touch_, now_in_touch) == now_in_touch)
    return;
  if (now_in_touch)
    events_.emplace_back(membership_gained{self_, list_.at});
  else
    events_.emplace_back(membership_lost{why});
}

// -- joining ------------------------------------------------------------------

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

// -- following ----------------------------------------------------------------

void roster::handle(time_point now, const member& from, const beat_answer& x) {
  if (state_ != state::following || from.name != list_.seed)
    return;
  seed_stamp_ = std::max(seed_stamp_, x.seed_stamp);
  auto sent = time_of(x.stamp);
  if (sent > now || sent <= answered_)
    return;
  answered_ = sent;
  if (now - answered_ < times_.down_after)
    set_in_touch(true, "");
}

void roster::handle(time_point now, const member& from, const list_changed& x) {
  auto& what = x.what;
  if (from.name != list_.seed)
    return;
  if (state_ == state::leaving && same(what.who, self_)
      && what.what == change_kind::left) {
    state_ = state::left;
    return;
  }
  // What is missing comes as a whole list, when the seed sees the next beat.
  auto next = version{list_.at.term, list_.at.seq + 1};
  if (state_ != state::following || what.at != next)
    return;
  list_.apply(what);
  events_.emplace_back(what);
  if (same(what.who, self_) && what.what == change_kind::down)
    return join_again(now, "the others count it as down");
  if (list_.keeper() == nullptr) // it has left
    lose_seed(now);
}

// -- voting -------------------------------------------------------------------

void roster::lose_seed(time_point now) {
  state_ = state::voting;
  vote_in(now, std::max(voted_term_, list_.at.term) + 1);
}

void roster::vote_in(time_point now, std::uint64_t term) {
  std::vector<member> candidates;
  for (auto& x : list_.members)
    if (x.who.name == self_.name
        || (x.who.name != list_.seed && !is_dead(x.who)))
      candidates.push_back(x.who);
  voted_term_ = term;
  candidate_ = candidates[term % candidates.size()]; // one is this node
  until_ = now + 2 * times_.retry;
  cast(now);
}

void roster::cast(time_point now) {
  next_ = now + times_.beat;
  // It may be back. But this node proves nothing to it any more.
  if (auto keeper = list_.keeper(); keeper && keeper->name != self_.name)
    say(keeper->endpoint, beat{list_.at, 0, 0, voted_term_});
  if (candidate_.name == self_.name)
    count_votes(now);
  else
    say(candidate_.endpoint, vote{voted_term_, list_});
}

/// A seed hears that somebody has voted in a later term.
void roster::hear_of_term(time_point now, std::uint64_t term) {
  if (!has_half(now)) {
    voted_term_ = std::max(voted_term_, term);
    set_in_touch(false, "more than half of the members are silent");
    state_ = state::voting;
    return vote_in(now, voted_term_);
  }
  voted_term_ = term + 1;
  list_.at = {voted_term_, 0};
  changed_ = now;
  say_list_to_all(now);
}

void roster::handle(time_point now, const member& from, const vote& x) {
  if (!list_.has(from))
    return;
  if (state_ == state::leading) {
    if (x.term > list_.at.term)
      return hear_of_term(now, x.term);
    return say_list(now, from.endpoint); // the voter does not know yet
  }
  if ((state_ != state::following && state_ != state::voting)
      || !x.last.has(self_))
    return;
  votes_[from.name] = {x.term, now, x.last};
  if (state_ != state::voting)
    return;
  if (x.term < voted_term_) // it has to catch up
    say(from.endpoint, beat{list_.at, 0, 0, voted_term_});
  // Votes are for somebody: who has one in a later term stands for election.
  if (x.term > voted_term_) {
    voted_term_ = x.term;
    candidate_ = self_;
    until_ = now + 2 * times_.retry;
  }
  if (candidate_.name == self_.name)
    count_votes(now);
}

void roster::count_votes(time_point now) {
  std::size_t count = 1;
  auto best = &list_;
  for (auto& [name, x] : votes_) {
    if (x.term != voted_term_ || now - x.when > 2 * times_.beat)
      continue;
    ++count;
    if (x.last.at > best->at)
      best = &x.last;
  }
  if (2 * count <= possible_voters(*best))
    return;
  if (!best->has(self_))
    return join_again(now, "the others count it as down");
  auto old = best->keeper() ? std::optional{*best->keeper()} : std::nullopt;
  for (auto& x : difference(list_, *best))
    events_.emplace_back(x);
  lead(now, voted_term_, *best);
  // Out of touch until enough of them follow; see look_at_silence.
  if (old)
    heard_[old->name].gone = true;
  if (list_.find(self_.name)->suspected)
    publish(now, change_kind::trusted, self_);
  set_in_touch(false, "its seed was lost");
  say_list_to_all(now);
  look_at_silence(now);
}

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

// -- leading ------------------------------------------------------------------

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

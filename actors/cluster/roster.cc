#include "actors/cluster/roster.h"

#include "actors/cluster/roster_stamp.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace sluice::actors::cluster {

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

} // namespace sluice::actors::cluster

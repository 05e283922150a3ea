#include "actors/cluster/roster.h"

#include <optional>
#include <utility>

namespace sluice::actors::cluster {

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

} // namespace sluice::actors::cluster

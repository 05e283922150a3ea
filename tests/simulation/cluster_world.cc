#include "tests/simulation/cluster_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace sluice::testing {

using namespace actors::cluster;

cluster_world::cluster_world(std::uint64_t seed, std::size_t nodes)
    : random_(seed) {
  for (std::size_t i = 0; i < nodes; ++i) {
    machine x;
    x.index = i;
    x.name = "n" + std::to_string(i + 1);
    x.endpoint = "tcp://10.0.0." + std::to_string(i + 1) + ":1";
    machines_.push_back(std::move(x));
    seeds_.push_back(machines_.back().endpoint);
  }
}

cluster_world::~cluster_world() = default;

// -- what happens to them -----------------------------------------------------

void cluster_world::start(machine& x) {
  if (x.node)
    kill(x);
  x.stopped = false;
  x.lives += 1;
  x.told = {};
  x.node = std::make_unique<roster>(
      member{x.name, x.lives * 1'000, x.endpoint, {}, {}}, seeds_);
  on_started(x);
  x.node->start(now_);
  x.due = now_ + 1ms;
  gather(x);
}

void cluster_world::kill(machine& x) {
  x.node.reset();
  x.stopped = false;
  x.waiting.clear();
  on_killed(x);
}

void cluster_world::leave(machine& x) {
  x.node->leave(now_);
  tick_soon(x);
  gather(x);
}

void cluster_world::go_on(machine& x) {
  x.stopped = false;
  on_going_on(x);
  x.node->tick(now_);
  x.due = now_ + 1ms;
  gather(x);
  for (auto& arrive : std::exchange(x.waiting, {}))
    arrive();
}

void cluster_world::cut(const machine& x, const machine& y) {
  cuts_.insert({&x, &y});
  cuts_.insert({&y, &x});
}

void cluster_world::lose(const machine& x, const machine& y) {
  std::erase_if(flying_, [&](auto& z) {
    auto& what = z.second;
    return (what.from == &x && what.to == &y)
           || (what.from == &y && what.to == &x);
  });
}

// -- time ---------------------------------------------------------------------

void cluster_world::during(duration span) {
  auto end = now_ + span;
  while (!::testing::Test::HasFailure()) {
    auto next = end;
    for (auto& x : machines_)
      if (x.node && !x.stopped)
        next = std::min(next, x.due);
    if (!flying_.empty())
      next = std::min(next, flying_.begin()->first);
    now_ = std::max(now_, next);
    if (now_ >= end)
      return;
    step();
    check();
  }
}

bool cluster_world::until(duration span, const std::function<bool()>& done) {
  auto end = now_ + span;
  while (now_ < end && !::testing::Test::HasFailure()) {
    if (done())
      return true;
    during(50ms);
  }
  return done();
}

void cluster_world::step() {
  for (auto& x : machines_)
    if (x.node && !x.stopped && x.due <= now_) {
      x.due = std::max(std::min(x.node->tick(now_), on_tick(x)), now_ + 1ms);
      gather(x);
    }
  while (!flying_.empty() && flying_.begin()->first <= now_) {
    auto x = flying_.extract(flying_.begin()).mapped();
    if (x.to == nullptr)
      x.arrive();
    else if (x.to->stopped)
      x.to->waiting.push_back(std::move(x.arrive));
    else if (x.to->node)
      x.arrive();
  }
}

// -- letters ------------------------------------------------------------------

bool cluster_world::send(const machine& from, machine& to, kind what,
                         std::function<void()> arrive) {
  if (cuts_.contains({&from, &to}))
    return true;
  if (!to.node)
    return false;
  if (random_.per_mille(lost_per_mille))
    return true;
  auto when = now_ + random_.between(duration{1us}, delay_max);
  // A connection keeps the order.
  auto& last = last_[what][{&from, &to}];
  last = when = std::max(when, last + 1us);
  flying_.emplace(when, flight{&from, &to, std::move(arrive)});
  return true;
}

void cluster_world::after(duration span, std::function<void()> what) {
  flying_.emplace(now_ + span, flight{nullptr, nullptr, std::move(what)});
}

machine& cluster_world::at(const std::string& endpoint) {
  return *std::ranges::find(machines_, endpoint, &machine::endpoint);
}

/// Takes what a node has said and told.
void cluster_world::gather(machine& x) {
  auto letters = x.node->take_letters();
  auto version_before = x.told.at;
  for (auto& e : x.node->take_events()) {
    auto what = std::get_if<change>(&e);
    if (what == nullptr)
      continue;
    // The list of another seed may lack members that were never counted as
    // down: their joining was taken back.
    if (what->what == change_kind::down && what->at.term == x.told.at.term
        && what->at > x.told.at)
      expect_no_lease(*what);
    // In another life it may have another cluster, which counts anew.
    auto life = x.node->self().incarnation;
    if (std::exchange(x.last_life, life) == life) {
      EXPECT_GE(what->at, x.told.at) << x.name;
    }
    x.told.apply(*what);
    on_change(x);
  }
  x.touched |= x.told.at != version_before || x.node->list().at != x.told.at;
  auto refused = false;
  for (auto& y : letters) {
    auto& to = at(y.to);
    auto arrive = [this, &to, what = std::move(y.what)] {
      to.node->receive(now_, what);
      tick_soon(to);
      gather(to);
    };
    if (!send(x, to, roster_letter, std::move(arrive))) {
      x.node->unreachable(now_, y.to);
      refused = true;
    }
  }
  if (refused) {
    tick_soon(x);
    return gather(x);
  }
  on_roster(x);
}

// -- what must hold -----------------------------------------------------------

/// How many are in its list, and have it for the one who keeps theirs.
std::size_t cluster_world::followers_of(const machine& x) const {
  return static_cast<std::size_t>(
      std::ranges::count_if(machines_, [&](auto& y) {
        return y.node && x.node->list().has(y.node->self())
               && (&x == &y
                   || (y.node->where() != roster::state::joining
                       && y.node->list().seed == x.name));
      }));
}

std::size_t cluster_world::leaders() const {
  return static_cast<std::size_t>(std::ranges::count_if(machines_, [](auto& x) {
    return x.node && x.node->where() == roster::state::leading
           && x.node->in_touch();
  }));
}

/// Whoever is counted as down cannot take itself for a member any more, not
/// even in the middle of what it was doing when it was stopped.
void cluster_world::expect_no_lease(const change& what) const {
  // Two clusters may be there when most nodes have forgotten their votes, as
  // they were started anew; see rule 6 of the roster.
  if (leaders() > 1)
    return;
  // Who has a list of a later version may have joined again, in the same life:
  // it need not have known that it was a member before.
  for (auto& x : machines_)
    if (x.node && same(x.node->self(), what.who)
        && x.node->list().at <= what.at) {
      EXPECT_LE(x.node->touch_until(), now_) << x.name << '\n' << text();
    }
}

void cluster_world::check() {
  std::size_t keepers = 0;
  for (auto& x : machines_) {
    if (!x.node || x.stopped)
      continue;
    auto& list = x.node->list();
    keepers += x.node->where() == roster::state::leading && x.node->in_touch()
               && 2 * followers_of(x) > seeds_.size();
    if (!std::exchange(x.touched, false))
      continue;
    EXPECT_TRUE(std::ranges::is_permutation(x.told.members, list.members))
        << x.name << " has told something else\n"
        << text();
    if (list.at == version{})
      continue;
    auto keeper = list.keeper();
    auto name = list.seed + "/"
                + std::to_string(keeper != nullptr ? keeper->incarnation : 0);
    auto [known, is_new] = lists_.try_emplace({list.at, name}, list);
    EXPECT_EQ(known->second.members, list.members)
        << x.name << " has another list of that version\n"
        << text();
  }
  EXPECT_LE(keepers, 1u) << text();
}

bool cluster_world::settled() const {
  std::optional<view> common;
  std::size_t living = 0;
  for (auto& x : machines_) {
    if (!x.node)
      continue;
    ++living;
    if (!x.node->in_touch() || (common && x.node->list() != *common))
      return false;
    common = x.node->list();
  }
  return common && common->members.size() == living
         && std::ranges::all_of(
             machines_,
             [&](auto& x) { return !x.node || common->has(x.node->self()); })
         && std::ranges::none_of(common->members,
                                 [](auto& x) { return x.suspected; });
}

std::string cluster_world::text() const {
  std::string result;
  for (auto& x : machines_) {
    result += x.name + ":";
    if (!x.node) {
      result += " dead\n";
      continue;
    }
    auto& list = x.node->list();
    result += " life " + std::to_string(x.node->self().incarnation) + " state "
              + std::to_string(static_cast<int>(x.node->where()))
              + (x.stopped ? " stopped" : "")
              + (x.node->in_touch() ? " in touch" : " alone") + ", "
              + std::to_string(list.at.term) + "." + std::to_string(list.at.seq)
              + " of " + list.seed + ":";
    for (auto& y : list.members)
      result += " " + y.who.name + "/" + std::to_string(y.who.incarnation)
                + (y.suspected ? "?" : "");
    result += "\n";
  }
  return result;
}

} // namespace sluice::testing

// Rosters of five nodes on a network that delays, loses, cuts, and on machines
// that are killed, stopped, and started again. The transport is replaced by
// letters that arrive or do not.
//
// What must hold at every moment: at most one node is in touch and keeps a list
// with more than half of the seeds (but those that keep one themselves); who
// has the list of a version has the same one as everybody else with that
// version; what a node tells its subscribers adds up to its list, with versions
// that only grow in one life of the node. And in the end, when nothing fails
// any more: all that live are in touch and agree on a list of exactly
// themselves.

#include "actors/cluster/roster.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;
using namespace actors::cluster;

struct machine {
  std::string name;
  std::string endpoint;
  std::unique_ptr<roster> node;
  bool stopped = false;
  bool touched = false; // since the last check
  std::uint64_t lives = 0;
  std::uint64_t last_life = 0;
  view told;                   // what its events add up to
  std::vector<letter> waiting; // while it is stopped
};

class cluster_world {
public:
  cluster_world(std::uint64_t seed, std::size_t nodes) : random_(seed) {
    for (std::size_t i = 0; i < nodes; ++i) {
      machine x;
      x.name = "n" + std::to_string(i + 1);
      x.endpoint = "tcp://10.0.0." + std::to_string(i + 1) + ":1";
      machines_.push_back(std::move(x));
      seeds_.push_back(machines_.back().endpoint);
    }
  }

  std::vector<machine>& machines() { return machines_; }
  time_point now() const { return now_; }
  random_source& random() { return random_; }

  void start(machine& x) {
    x.lives += 1;
    x.told = {};
    x.waiting.clear();
    x.stopped = false;
    x.node = std::make_unique<roster>(
        member{x.name, x.lives * 1'000, x.endpoint, {}, {}}, seeds_);
    x.node->start(now_);
    gather(x);
  }

  void kill(machine& x) {
    x.node.reset();
    x.stopped = false;
  }

  void leave(machine& x) {
    x.node->leave(now_);
    gather(x);
  }

  void stop(machine& x) { x.stopped = true; }

  void go_on(machine& x) {
    x.stopped = false;
    x.node->tick(now_);
    gather(x);
    for (auto& y : std::exchange(x.waiting, {})) {
      x.node->receive(now_, y);
      gather(x);
    }
  }

  /// Nothing passes between the two any more, or again.
  void cut(const machine& x, const machine& y) {
    cuts_.insert({x.name, y.name});
    cuts_.insert({y.name, x.name});
  }

  void heal() { cuts_.clear(); }

  unsigned lost_per_mille = 0;
  duration delay_max = 20ms;

  void during(duration span) {
    auto end = now_ + span;
    while (!::testing::Test::HasFailure()) {
      auto next = end;
      for (auto& x : machines_)
        if (x.node && !x.stopped)
          next = std::min(next, due_[x.name]);
      if (!flying_.empty())
        next = std::min(next, flying_.begin()->first);
      now_ = std::max(now_, next);
      if (now_ >= end)
        return;
      step();
      check();
    }
  }

  /// Steps until `done`, or for so long.
  bool until(duration span, const std::function<bool()>& done) {
    auto end = now_ + span;
    while (now_ < end && !::testing::Test::HasFailure()) {
      if (done())
        return true;
      during(50ms);
    }
    return done();
  }

  bool settled() const {
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

  std::string text() const {
    std::string result;
    for (auto& x : machines_) {
      result += x.name + ":";
      if (!x.node) {
        result += " dead\n";
        continue;
      }
      auto& list = x.node->list();
      result += " life " + std::to_string(x.node->self().incarnation)
                + " state " + std::to_string(static_cast<int>(x.node->where()))
                + (x.node->in_touch() ? " in touch" : " alone") + ", "
                + std::to_string(list.at.term) + "."
                + std::to_string(list.at.seq) + " of " + list.seed + ":";
      for (auto& y : list.members)
        result += " " + y.who.name + "/" + std::to_string(y.who.incarnation)
                  + (y.suspected ? "?" : "");
      result += "\n";
    }
    return result;
  }

private:
  struct flight {
    std::string to;
    letter what;
  };

  /// How many are in its list and keep none themselves, with itself.
  std::size_t followers_of(const machine& x) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(machines_, [&](auto& y) {
          return y.node && x.node->list().has(y.node->self())
                 && (&x == &y || y.node->where() != roster::state::leading);
        }));
  }

  static std::string keeper_of(const view& list) {
    auto keeper = list.keeper();
    return list.seed + "/"
           + std::to_string(keeper != nullptr ? keeper->incarnation : 0);
  }

  machine& at(const std::string& endpoint) {
    return *std::ranges::find(machines_, endpoint, &machine::endpoint);
  }

  void step() {
    for (auto& x : machines_)
      if (x.node && !x.stopped && due_[x.name] <= now_) {
        due_[x.name] = std::max(x.node->tick(now_), now_ + 1ms);
        gather(x);
      }
    while (!flying_.empty() && flying_.begin()->first <= now_) {
      auto x = flying_.extract(flying_.begin()).mapped();
      auto& to = at(x.to);
      if (!to.node)
        continue;
      if (to.stopped) {
        to.waiting.push_back(x.what);
        continue;
      }
      to.node->receive(now_, x.what);
      gather(to);
    }
  }

  /// Whoever is counted as down cannot take itself for a member any more, not
  /// even in the middle of what it was doing when it was stopped.
  void expect_no_lease(const member& who) const {
    for (auto& x : machines_)
      if (x.node && same(x.node->self(), who)) {
        EXPECT_LE(x.node->touch_until(), now_) << who.name << '\n' << text();
      }
  }

  /// Takes what a node has said and told.
  void gather(machine& x) {
    auto letters = x.node->take_letters();
    auto version_before = x.told.at;
    for (auto& e : x.node->take_events()) {
      auto what = std::get_if<change>(&e);
      if (what == nullptr)
        continue;
      if (what->what == change_kind::down)
        expect_no_lease(what->who);
      // In another life it may have another cluster, which counts anew.
      auto life = x.node->self().incarnation;
      if (std::exchange(x.last_life, life) == life) {
        EXPECT_GE(what->at, x.told.at) << x.name;
      }
      x.told.apply(*what);
    }
    x.touched |= x.told.at != version_before || x.node->list().at != x.told.at;
    due_[x.name] = now_ + 1ms;
    auto refused = false;
    for (auto& y : letters) {
      auto& to = at(y.to);
      if (cuts_.contains({x.name, to.name}))
        continue;
      if (!to.node) {
        x.node->unreachable(now_, y.to);
        refused = true;
        continue;
      }
      if (random_.per_mille(lost_per_mille))
        continue;
      auto when = now_ + random_.between(duration{1us}, delay_max);
      // A connection keeps the order.
      auto& last = last_[x.name + y.to];
      last = when = std::max(when, last + 1us);
      flying_.emplace(when, flight{y.to, std::move(y.what)});
    }
    if (refused)
      gather(x);
  }

  void check() {
    std::size_t keepers = 0;
    for (auto& x : machines_) {
      if (!x.node || x.stopped)
        continue;
      auto& list = x.node->list();
      keepers += x.node->where() == roster::state::leading && x.node->in_touch()
                 && 2 * followers_of(x) > seeds_.size();
      if (!std::exchange(x.touched, false))
        continue;
      auto& told = x.told;
      EXPECT_TRUE(std::ranges::is_permutation(told.members, list.members))
          << x.name << " has told something else\n"
          << text();
      if (list.at == version{})
        continue;
      auto [known, is_new] =
          lists_.try_emplace({list.at, keeper_of(list)}, list);
      EXPECT_EQ(known->second.members, list.members)
          << x.name << " has another list of that version\n"
          << text();
    }
    EXPECT_LE(keepers, 1u) << text();
  }

  random_source random_;
  time_point now_{1h};
  std::vector<machine> machines_;
  std::vector<std::string> seeds_;
  std::map<std::string, time_point> due_;
  std::multimap<time_point, flight> flying_;
  std::map<std::string, time_point> last_;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::map<std::pair<version, std::string>, view> lists_;
};

void start_all(cluster_world& world) {
  for (auto& x : world.machines())
    world.start(x);
  ASSERT_TRUE(world.until(30s, [&] { return world.settled(); }))
      << world.text();
}

TEST(roster_simulation, nodes_find_each_other) {
  for_each_seed(100, [](std::uint64_t seed) {
    cluster_world world{seed, 5};
    start_all(world);
  });
}

TEST(roster_simulation, killed_seed_is_replaced_within_two_seconds) {
  for_each_seed(100, [](std::uint64_t seed) {
    cluster_world world{seed, 3};
    start_all(world);
    auto& m = world.machines();
    auto lost = std::ranges::find(m, m[0].node->list().seed, &machine::name);
    world.kill(*lost);
    EXPECT_TRUE(world.until(2s, [&] { return world.settled(); }))
        << world.text();
  });
}

TEST(roster_simulation, stopped_node_is_down_in_time_and_comes_back) {
  for_each_seed(100, [](std::uint64_t seed) {
    cluster_world world{seed, 3};
    start_all(world);
    auto& m = world.machines();
    auto& x = world.random().pick(m);
    auto was_seed = m[0].node->list().seed == x.name;
    world.stop(x);
    auto& other = x.name == m[0].name ? m[1] : m[0];
    auto gone = [&] { return other.node->list().find(x.name) == nullptr; };
    // A seed is missed after as long, and then the votes are counted.
    EXPECT_TRUE(world.until(was_seed ? 14s : 11s, gone)) << world.text();
    world.go_on(x);
    EXPECT_FALSE(x.node->in_touch());
    EXPECT_TRUE(world.until(10s, [&] { return world.settled(); }))
        << world.text();
  });
}

TEST(roster_simulation, smaller_part_knows_that_it_is_cut_off) {
  for_each_seed(50, [](std::uint64_t seed) {
    cluster_world world{seed, 5};
    start_all(world);
    auto& m = world.machines();
    world.random().shuffle(std::span{m});
    for (std::size_t i = 0; i < 2; ++i)
      for (std::size_t j = 2; j < 5; ++j)
        world.cut(m[i], m[j]);
    auto apart = [&] {
      return std::ranges::count_if(m,
                                   [](auto& x) { return x.node->in_touch(); })
                 == 3
             && m[2].node->list().members.size() == 3;
    };
    EXPECT_TRUE(world.until(30s, apart)) << world.text();
    EXPECT_FALSE(m[0].node->in_touch());
    EXPECT_FALSE(m[1].node->in_touch());
    world.heal();
    EXPECT_TRUE(world.until(20s, [&] { return world.settled(); }))
        << world.text();
  });
}

TEST(roster_simulation, nodes_that_leave_are_not_missed) {
  for_each_seed(100, [](std::uint64_t seed) {
    cluster_world world{seed, 4};
    start_all(world);
    for (std::size_t i = 0; i < 3; ++i) {
      auto& x = world.random().pick(world.machines());
      if (!x.node)
        continue;
      world.leave(x);
      auto left = [&] { return x.node->where() == roster::state::left; };
      EXPECT_TRUE(world.until(4s, left)) << world.text();
      world.kill(x);
      EXPECT_TRUE(world.until(3s, [&] { return world.settled(); }))
          << world.text();
    }
  });
}

TEST(roster_simulation, whatever_happens_they_agree_in_the_end) {
  for_each_seed(300, [](std::uint64_t seed) {
    cluster_world world{seed, 5};
    auto& random = world.random();
    auto& m = world.machines();
    world.lost_per_mille = random.per_mille(500) ? 50 : 0;
    world.delay_max = random.per_mille(300) ? 1'500ms : 20ms;
    for (auto& x : m)
      world.start(x);
    for (auto faults = random.between(1, 15); faults > 0; --faults) {
      world.during(random.between(duration{0ms}, duration{12s}));
      auto& x = random.pick(m);
      switch (random.below(6)) {
      case 0:
        if (x.node)
          world.kill(x);
        break;
      case 1:
        if (!x.node || random.per_mille(300))
          world.start(x);
        break;
      case 2:
        if (x.node && !x.stopped)
          world.stop(x);
        break;
      case 3:
        if (x.node && x.stopped)
          world.go_on(x);
        break;
      case 4:
        world.cut(x, random.pick(m));
        break;
      default:
        world.heal();
      }
    }
    world.heal();
    world.lost_per_mille = 0;
    world.delay_max = 20ms;
    for (auto& x : m)
      if (!x.node)
        world.start(x);
      else if (x.stopped)
        world.go_on(x);
    EXPECT_TRUE(world.until(90s, [&] { return world.settled(); }))
        << world.text();
  });
}

} // namespace
} // namespace sluice::testing

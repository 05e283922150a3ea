// Rosters of five nodes on a network that delays, loses, cuts, and on machines
// that are killed, stopped, and started again. What must hold at every moment
// is in cluster_world.h; in the end, when nothing fails any more, all that live
// are in touch and agree on a list of exactly themselves.

#include "tests/simulation/cluster_world.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>

namespace sluice::testing {
namespace {

using namespace actors::cluster;

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

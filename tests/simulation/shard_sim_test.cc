// Shards on five nodes, with clients, while one node at a time fails in some
// way, or several do. What must hold at every moment is in shard_world.h; in
// the end, when nothing fails any more, all shards are where placement wants
// them, their copies are equal, nothing that was acknowledged is missing, and
// nothing is left over.

#include "tests/simulation/shard_world.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

namespace sluice::testing {
namespace {

using namespace actors::cluster;

shard_settings small() {
  shard_settings result;
  result.shards = 12;
  result.window_bytes = 8;
  result.unacknowledged_bytes_max = 200;
  return result;
}

void start_all(shard_world& world) {
  for (auto& x : world.machines())
    world.start(x);
  ASSERT_TRUE(world.until(40s, [&] {
    return world.settled() && world.balanced();
  })) << world.text();
}

void finish(shard_world& world) {
  world.stop_clients();
  EXPECT_TRUE(world.until(60s, [&] {
    return world.settled() && world.balanced();
  })) << world.text();
  world.during(6s); // requests that nobody waits for any more
  if (!::testing::Test::HasFailure())
    world.expect_equal_copies();
}

TEST(shard_simulation, each_shard_has_two_equal_copies) {
  for_each_seed(50, [](std::uint64_t seed) {
    shard_world world{seed, 5, small()};
    start_all(world);
    world.start_clients(4);
    world.during(5s);
    finish(world);
    EXPECT_GT(world.replies(), 100u);
  });
}

TEST(shard_simulation, shards_of_a_killed_node_are_readable_within_5_s) {
  for_each_seed(100, [](std::uint64_t seed) {
    shard_world world{seed, 3, small()};
    start_all(world);
    world.start_clients(4);
    world.during(2s);
    world.kill(world.random().pick(world.machines()));
    EXPECT_TRUE(world.until(5s, [&] { return world.readable(); }))
        << world.text();
    finish(world);
  });
}

void expect_no_loss(shard_world& world) {
  EXPECT_EQ(world.table().losses(), 0u) << world.text();
}

/// Fails one machine in some way, for some time.
void fail_one(shard_world& world) {
  auto& random = world.random();
  auto& m = world.machines();
  auto& x = random.pick(m);
  auto span = [&](duration most) {
    return random.between(duration{1ms}, most);
  };
  switch (random.below(6)) {
  case 0:
    world.kill(x);
    EXPECT_TRUE(world.until(5s, [&] { return world.readable(); }))
        << world.text();
    world.during(span(12s));
    return world.start(x);
  case 1: // so fast that the others see the next life first
    world.kill(x);
    return world.start(x);
  case 2:
    world.stop(x);
    world.during(span(random.per_mille(500) ? 3s : 20s));
    return world.go_on(x);
  case 3: {
    // One that keeps the list would count those as down that it is cut from.
    auto all = x.node->where() == roster::state::leading;
    for (auto& y : m)
      if (&x != &y && (all || !random.per_mille(300)))
        world.cut(x, y);
    world.during(span(random.per_mille(500) ? 3s : 20s));
    return world.heal();
  }
  case 4:
    for (auto n = random.between(1, 10); n > 0; --n) {
      world.lose(x, random.pick(m));
      world.during(span(1s));
    }
    return;
  default:
    world.drain(x);
    EXPECT_TRUE(world.until(20s, [&] { return world.site(x).is_drained; }))
        << x.name << '\n'
        << world.text();
    world.leave(x);
    world.during(span(2s));
    world.start(x);
  }
}

TEST(shard_simulation, nothing_is_lost_while_one_node_at_a_time_fails) {
  for_each_seed(100, [](std::uint64_t seed) {
    shard_world world{seed, 5, small()};
    auto& random = world.random();
    start_all(world);
    world.start_clients(4);
    world.delay_max = random.per_mille(300) ? 300ms : 20ms;
    world.lost_per_mille = random.per_mille(300) ? 20 : 0;
    for (auto faults = random.between(2, 5); faults > 0; --faults) {
      fail_one(world);
      EXPECT_TRUE(world.until(60s, [&] {
        return world.settled() && world.replicated();
      })) << world.text();
      if (::testing::Test::HasFailure())
        return;
      world.during(random.between(duration{0ms}, duration{1s}));
    }
    world.lost_per_mille = 0;
    finish(world);
    expect_no_loss(world);
  });
}

TEST(shard_simulation, what_several_failures_lose_is_told) {
  for_each_seed(50, [](std::uint64_t seed) {
    shard_world world{seed, 5, small()};
    world.may_lose = true;
    auto& random = world.random();
    auto& m = world.machines();
    start_all(world);
    world.start_clients(4);
    for (auto faults = random.between(2, 8); faults > 0; --faults) {
      world.during(random.between(duration{0ms}, duration{8s}));
      auto& x = random.pick(m);
      switch (random.below(6)) {
      case 0:
        if (x.node)
          world.kill(x);
        break;
      case 1:
        world.start(x);
        break;
      case 2:
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
    for (auto& x : m)
      if (!x.node)
        world.start(x);
      else if (x.stopped)
        world.go_on(x);
    finish(world);
  });
}

TEST(shard_simulation, single_copies_move_without_loss) {
  for_each_seed(50, [](std::uint64_t seed) {
    auto settings = small();
    settings.copies = 1;
    shard_world world{seed, 4, settings};
    auto& random = world.random();
    start_all(world);
    world.start_clients(4);
    for (auto moves = random.between(1, 5); moves > 0; --moves) {
      auto& x = random.pick(world.machines());
      world.drain(x);
      EXPECT_TRUE(world.until(20s, [&] { return world.site(x).is_drained; }))
          << x.name << '\n'
          << world.text();
      world.leave(x);
      world.during(random.between(duration{0ms}, duration{3s}));
      world.start(x);
      EXPECT_TRUE(world.until(30s, [&] {
        return world.settled() && world.balanced();
      })) << world.text();
      world.lose(x, random.pick(world.machines()));
    }
    finish(world);
    expect_no_loss(world);
  });
}

} // namespace
} // namespace sluice::testing

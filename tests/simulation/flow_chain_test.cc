// Chains from socket to socket with slow ends on the simulated kernel, through
// thousands of seeds: what comes out is what went in, nothing grows, the first
// peer is held back, and nobody waits for ever. See chain_world for the oracle.

#include "tests/simulation/chain_world.h"
#include "tests/support/seeds.h"

#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

// Far more than a chain of these tests and the kernel's buffers hold.
constexpr std::size_t much_bytes = 200'000;

/// Three stages on two loops and on the scheduler, to a sink that never reads
/// before its slow time is over.
chain_plan three_stages() {
  stage_plan pinned;
  pinned.pinned = true;
  auto result = chain_plan::line({stage_plan{}, pinned, stage_plan{}});
  result.sources.front().offered_bytes = much_bytes;
  return result;
}

/// Lets the chain fill until nothing moves any more.
void fill(chain_world& chain) {
  chain.start();
  chain.during(1min);
}

/// What a chain and the kernel take of a stream before all stands still.
std::size_t taken_when_full(std::uint64_t seed, std::size_t offered_bytes) {
  auto plan = three_stages();
  plan.sources.front().offered_bytes = offered_bytes;
  chain_world chain{seed, plan};
  fill(chain);
  return chain.near(0).sent();
}

TEST(flow_chain_simulation, everything_is_bounded_and_arrives_or_comes_back) {
  std::uint64_t parks = 0;
  double fullest = 0;
  for_each_seed(2'000, [&](std::uint64_t seed) {
    random_source random{seed};
    chain_world chain{seed, chain_plan::drawn(random)};
    EXPECT_EQ(chain.run(), "");
    parks += chain.parks();
    fullest = std::max(fullest, chain.fullest());
  });
  if (replayed_seed())
    return;
  EXPECT_GT(parks, 1'000u) << "hardly anybody was ever paused";
  EXPECT_GT(fullest, 0.9) << "the bounds are wider than they must be";
}

TEST(flow_chain_simulation, same_seed_gives_the_same_run) {
  auto trace_of = [](std::uint64_t seed) {
    random_source random{seed};
    chain_world chain{seed, chain_plan::drawn(random)};
    chain.run();
    return chain.world().log().hash();
  };
  for_each_seed(100, [&](std::uint64_t seed) {
    EXPECT_EQ(trace_of(seed), trace_of(seed));
  });
  EXPECT_NE(trace_of(1), trace_of(2));
}

// -- fixed situations ---------------------------------------------------------

TEST(flow_chain_simulation, sink_that_never_reads_stops_the_first_peer) {
  chain_world chain{1, three_stages()};
  fill(chain);
  auto sent = chain.near(0).sent();
  EXPECT_GT(sent, 0u);
  EXPECT_LT(sent, much_bytes / 2);
  EXPECT_TRUE(chain.flow_of(0).paused());
  EXPECT_TRUE(chain.flow_of(1).paused());
  EXPECT_TRUE(chain.flow_of(2).paused());
  chain.during(1h);
  EXPECT_EQ(chain.near(0).sent(), sent) << "the peer goes on";
  EXPECT_EQ(chain.fault(), "");
}

TEST(flow_chain_simulation, sink_that_reads_at_last_gets_everything) {
  chain_world chain{2, three_stages()};
  fill(chain);
  ASSERT_LT(chain.near(0).sent(), much_bytes / 2);
  chain.finish();
  EXPECT_EQ(chain.fault(), "");
  EXPECT_EQ(chain.arrived(0, 0), much_bytes);
}

TEST(flow_chain_simulation, a_longer_stream_does_not_fill_the_chain_more) {
  EXPECT_EQ(taken_when_full(3, much_bytes), taken_when_full(3, 5 * much_bytes));
}

TEST(flow_chain_simulation, sink_that_resets_while_all_is_full_frees_all) {
  auto plan = three_stages();
  plan.sinks.front().act = far_act::reset;
  plan.slow_time = 30s; // it resets at some moment of that
  chain_world chain{4, plan};
  fill(chain);
  ASSERT_TRUE(chain.far(0).closed());
  EXPECT_EQ(chain.near(0).sent(), much_bytes) << "the source is held still";
  chain.finish();
  EXPECT_EQ(chain.fault(), "");
  auto& counts = chain.sink_at(0).counts();
  EXPECT_GT(counts.returned, 0u);
  EXPECT_EQ(counts.accepted, counts.written + counts.returned);
}

TEST(flow_chain_simulation, what_comes_back_passes_a_mailbox_at_its_cap) {
  auto plan = three_stages();
  plan.stages.front().limits = {.high = 2, .low = 1, .cap = 3};
  plan.sources.front().piece_bytes = 8;
  plan.sinks.front().act = far_act::reset;
  plan.slow_time = 30s;
  chain_world chain{4, plan};
  fill(chain);
  ASSERT_GT(chain.sink_at(0).counts().returned, 0u);
  chain.finish();
  EXPECT_EQ(chain.fault(), "");
  EXPECT_EQ(chain.flow_of(0).counts().dropped, 0u);
}

TEST(flow_chain_simulation, middle_actor_killed_while_paused_frees_the_source) {
  chain_world chain{5, three_stages()};
  fill(chain);
  ASSERT_TRUE(chain.flow_of(1).paused());
  ASSERT_GT(chain.flow_of(2).held_by(), 0u);
  chain.kill(1);
  chain.during(1min);
  EXPECT_EQ(chain.flow_of(2).held_by(), 0u);
  EXPECT_EQ(chain.near(0).sent(), much_bytes);
  chain.finish();
  EXPECT_EQ(chain.fault(), "");
}

TEST(flow_chain_simulation, killed_actor_takes_linked_connections_along) {
  auto plan = three_stages();
  plan.linked = true;
  chain_world chain{6, plan};
  fill(chain);
  chain.kill(1);
  chain.during(1min);
  EXPECT_TRUE(chain.near(0).closed());
  EXPECT_EQ(chain.sink_at(0).state(), net::stream_state::closed);
  EXPECT_LT(chain.near(0).sent(), much_bytes / 2);
  chain.finish();
  EXPECT_EQ(chain.fault(), "");
}

TEST(flow_chain_simulation, source_that_ends_while_all_is_full_loses_nothing) {
  auto plan = three_stages();
  auto taken = taken_when_full(7, much_bytes);
  plan.sources.front().offered_bytes = taken;
  chain_world chain{7, plan};
  fill(chain);
  ASSERT_TRUE(chain.flow_of(0).paused());
  EXPECT_TRUE(chain.flow_of(2).paused());
  EXPECT_EQ(chain.near(0).unsent(), 0u) << "the peer could not end";
  EXPECT_EQ(chain.arrived(0, 0), 0u);
  chain.finish();
  EXPECT_EQ(chain.fault(), "");
  EXPECT_EQ(chain.arrived(0, 0), taken);
}

TEST(flow_chain_simulation, slow_one_of_two_sinks_holds_back_both) {
  chain_plan plan;
  plan.sinks.resize(2);
  plan.sinks[1].read_bytes_max = 4'000;
  plan.stages.emplace_back();
  plan.stages.front().next = {{true, 0}, {true, 1}};
  plan.sources.emplace_back();
  plan.sources.front().offered_bytes = much_bytes;
  chain_world chain{9, plan};
  fill(chain);
  EXPECT_LT(chain.near(0).sent(), much_bytes / 2);
  chain.finish();
  EXPECT_EQ(chain.fault(), "");
  EXPECT_EQ(chain.arrived(0, 0), much_bytes);
  EXPECT_EQ(chain.arrived(1, 0), much_bytes);
}

// -- what the oracle would find -----------------------------------------------

TEST(flow_chain_simulation, stage_that_does_not_obey_exceeds_the_next_bound) {
  auto plan = three_stages();
  plan.stages[1].limits.pause = false;
  chain_world chain{1, plan};
  EXPECT_EQ(chain.run().substr(0, 13), "stage 0 holds");
}

TEST(flow_chain_simulation, no_stage_that_obeys_lets_the_first_peer_go_on) {
  auto plan = three_stages();
  for (auto& x : plan.stages)
    x.limits.pause = false;
  chain_world chain{1, plan};
  fill(chain);
  EXPECT_EQ(chain.near(0).sent(), much_bytes);
  EXPECT_NE(chain.fault(), "");
}

TEST(flow_chain_simulation, stage_that_drops_a_byte_is_found) {
  auto plan = three_stages();
  plan.stages[1].drops_a_byte = true;
  chain_world chain{1, plan};
  EXPECT_EQ(chain.run().substr(0, 25), "sink 0 got something else");
}

TEST(flow_chain_simulation, stage_that_never_goes_on_is_found) {
  auto plan = three_stages();
  plan.stages[1].brake_per_mille = 1'000;
  plan.stages[1].brake.min = runtime::duration::max();
  chain_world chain{1, plan};
  EXPECT_EQ(chain.run(), "a source waits for ever");
}

} // namespace
} // namespace sluice::testing

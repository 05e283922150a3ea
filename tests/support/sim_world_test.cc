#include "tests/support/sim_world.h"

#include "tests/support/sim_clock.h"
#include "tests/support/sim_socket_api.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>
#include <string>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

struct sim_world_test : ::testing::Test {
  sim_world world{1, sim_settings::calm()};
  sim_clock clock{world};
  runtime::time_point start = world.now();
};

using sim_world_death_test = sim_world_test;

TEST_F(sim_world_test, time_moves_only_when_told) {
  EXPECT_TRUE(world.idle());
  EXPECT_EQ(world.next_event_time(), std::nullopt);
  EXPECT_FALSE(world.run_one());
  EXPECT_EQ(clock.now(), start);
  world.advance(3s);
  EXPECT_EQ(clock.now(), start + 3s);
  world.advance_to(start);
  EXPECT_EQ(clock.now(), start + 3s);
}

TEST_F(sim_world_test, advancing_runs_what_is_due_at_its_time) {
  std::string ran;
  auto note = [&](char x) {
    return [&, x] {
      ran += x;
      ran += std::to_string((clock.now() - start) / 1s);
    };
  };
  world.after(1s, note('a'));
  world.at(start + 2s, note('b'));
  auto ticket = world.after(2s, note('x'));
  world.after(4s, note('c'));
  world.cancel(ticket);
  EXPECT_EQ(world.next_event_time(), start + 1s);
  world.advance(3s);
  EXPECT_EQ(ran, "a1b2");
  EXPECT_FALSE(world.idle());
  world.settle();
  EXPECT_EQ(ran, "a1b2c4");
  EXPECT_TRUE(world.idle());
}

TEST_F(sim_world_test, closed_sockets_leave_the_world) {
  sim_socket_api api{world};
  for (auto type : {SOCK_STREAM, SOCK_DGRAM})
    for (auto family : {AF_INET, AF_INET6, AF_UNIX}) {
      auto fd = api.open(family, type);
      EXPECT_EQ(world.sockets(), 1u);
      EXPECT_EQ(world.host().open_descriptors(), 1u);
      api.close(fd, false);
      EXPECT_EQ(world.sockets(), 0u);
      EXPECT_EQ(world.host().open_descriptors(), 0u);
    }
}

TEST_F(sim_world_test, trace_is_kept_on_request) {
  sim_world other{1, sim_settings::calm()};
  EXPECT_EQ(world.log().hash(), other.log().hash());
  world.log().keep_text();
  world.advance(1500us);
  world.note("something", 1, 2, 3);
  EXPECT_NE(world.log().hash(), other.log().hash());
  EXPECT_EQ(world.log().text(), "    1500.000 us something        1 2 3\n");
  other.advance(1500us);
  other.note("something", 1, 2, 3);
  EXPECT_EQ(world.log().hash(), other.log().hash());
  EXPECT_EQ(other.log().text(), "");
}

TEST_F(sim_world_test, seeds_draw_different_worlds) {
  std::set<std::size_t> sizes;
  std::map<bool, int> with_interruptions;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    sim_world x{seed};
    EXPECT_EQ(x.seed(), seed);
    const auto& s = x.settings();
    EXPECT_GE(s.send_buffer_bytes.min, 1u);
    EXPECT_LE(s.send_buffer_bytes.min, s.send_buffer_bytes.max);
    EXPECT_LE(s.latency.min, s.latency.max);
    EXPECT_GE(s.easy_bytes(), 200u);
    sizes.insert(s.send_buffer_bytes.max);
    ++with_interruptions[s.faults.interrupted != 0];
  }
  EXPECT_GT(sizes.size(), 50u);
  EXPECT_GT(with_interruptions[true], 25);
  EXPECT_GT(with_interruptions[false], 25);
}

TEST_F(sim_world_test, kernel_and_test_draw_from_different_sources) {
  sim_world other{1, sim_settings::calm()};
  world.kernel_random().next();
  EXPECT_EQ(world.random().next(), other.random().next());
}

TEST_F(sim_world_death_test, world_that_never_settles_aborts) {
  std::function<void()> again = [&] { world.after(1s, again); };
  again();
  EXPECT_DEATH(world.settle(), "does not settle");
}

TEST_F(sim_world_death_test, event_must_not_run_the_world) {
  world.after(1s, [&] { world.run_one(); });
  EXPECT_DEATH(world.run_one(), "an event of the simulated world runs it");
}

TEST_F(sim_world_death_test, closing_a_descriptor_twice_aborts) {
  sim_socket_api api{world};
  auto fd = api.open(AF_INET, SOCK_STREAM);
  api.close(fd, false);
  EXPECT_DEATH(api.close(fd, false), "descriptor 1000, which is not open");
}

} // namespace
} // namespace sluice::testing

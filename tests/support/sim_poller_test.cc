// What the simulated poller adds to the contract: see poller_agreement_test.cc
// for the contract itself.

#include "tests/support/sim_poller.h"

#include "tests/support/sim_peer.h"
#include "tests/support/sim_server.h"
#include "tests/support/sim_socket_api.h"
#include "tests/support/socket_text.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;
using runtime::interest;

struct recorder final : runtime::io_handler {
  void on_ready(runtime::readiness what) override { seen = flags_text(what); }

  std::string seen;
};

struct sim_poller_test : ::testing::Test {
  /// Waits once and tells the handlers.
  std::size_t wait(runtime::duration timeout = 0s) {
    auto n = poller.wait(events, timeout);
    for (std::size_t i = 0; i < n; ++i)
      events[i].handler->on_ready(events[i].what);
    return n;
  }

  /// A descriptor connected to `server`'s last peer.
  int connected() {
    auto fd = api.open(AF_INET, SOCK_STREAM);
    api.connect(fd, server.address());
    world.settle();
    return fd;
  }

  sim_world world{1, sim_settings::calm()};
  sim_socket_api api{world};
  sim_poller poller{world};
  sim_server server{world, at("127.0.0.1", 7000)};
  std::array<runtime::ready_event, 16> events;
  recorder handler;
};

using sim_poller_death_test = sim_poller_test;

TEST_F(sim_poller_test, wait_returns_at_once_and_tells_its_deadline) {
  auto start = world.now();
  EXPECT_EQ(wait(3s), 0u);
  EXPECT_EQ(world.now(), start);
  EXPECT_EQ(poller.deadline(), start + 3s);
  wait(-1s);
  EXPECT_EQ(poller.deadline(), std::nullopt);
  wait(0s);
  EXPECT_EQ(poller.deadline(), start);
  wait(runtime::duration::max());
  EXPECT_EQ(poller.deadline(), runtime::time_point::max());
}

TEST_F(sim_poller_test, idle_until_something_is_ready) {
  auto fd = connected();
  ASSERT_FALSE(poller.add(fd, interest::read, handler));
  EXPECT_EQ(poller.watched(), 1u);
  EXPECT_TRUE(poller.idle());
  server.last().send("x");
  EXPECT_TRUE(poller.idle()); // still under way
  world.settle();
  EXPECT_FALSE(poller.idle());
  EXPECT_EQ(wait(), 1u);
  EXPECT_FALSE(poller.idle());
  recv_text(api, fd);
  EXPECT_TRUE(poller.idle());
  poller.remove(fd);
}

TEST_F(sim_poller_test, wake_makes_one_wait_busy) {
  poller.wake();
  EXPECT_FALSE(poller.idle());
  EXPECT_EQ(wait(), 0u);
  EXPECT_TRUE(poller.idle());
}

TEST_F(sim_poller_test, interrupted_wait_keeps_the_wake_up) {
  world.settings().faults.interrupted = 1000;
  poller.wake();
  EXPECT_EQ(wait(), 0u);
  EXPECT_FALSE(poller.idle());
}

TEST_F(sim_poller_test, interruption_hides_events_for_one_wait) {
  auto fd = connected();
  ASSERT_FALSE(poller.add(fd, interest::write, handler));
  world.settings().faults.interrupted = 500;
  std::set<std::size_t> counts;
  for (int i = 0; i < 100; ++i)
    counts.insert(wait());
  EXPECT_EQ(counts, (std::set<std::size_t>{0, 1}));
  EXPECT_FALSE(poller.idle());
}

TEST_F(sim_poller_test, order_of_events_is_drawn) {
  std::vector<recorder> handlers(4);
  for (auto& x : handlers) {
    ASSERT_FALSE(poller.add(connected(), interest::write, x));
  }
  std::set<std::vector<runtime::io_handler*>> orders;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(wait(), 4u);
    orders.insert({events[0].handler, events[1].handler, events[2].handler,
                   events[3].handler});
  }
  EXPECT_EQ(orders.size(), 24u);
}

TEST_F(sim_poller_test, spurious_readiness_does_no_harm) {
  world.settings().faults.spurious = 1000;
  auto fd = connected();
  ASSERT_FALSE(poller.add(fd, interest::read, handler));
  EXPECT_EQ(wait(), 1u);
  EXPECT_EQ(handler.seen, "in");
  EXPECT_EQ(recv_text(api, fd), "(EAGAIN)");
  EXPECT_TRUE(poller.idle());
  // Only what interests.
  ASSERT_FALSE(poller.modify(fd, interest::none, handler));
  EXPECT_EQ(wait(), 0u);
}

TEST_F(sim_poller_test, full_socket_may_seem_writable) {
  auto fd = connected();
  server.last().stop_reading();
  while (send_text(api, fd, std::string(10'000, 'x')) != "(EAGAIN)")
    world.settle();
  ASSERT_FALSE(poller.add(fd, interest::write, handler));
  EXPECT_EQ(wait(), 0u);
  world.settings().faults.spurious = 1000;
  EXPECT_EQ(wait(), 1u);
  EXPECT_EQ(handler.seen, "out");
  EXPECT_EQ(send_text(api, fd, "x"), "(EAGAIN)");
  poller.remove(fd);
}

TEST_F(sim_poller_test, spurious_readiness_never_fakes_a_connection) {
  world.settings().faults.spurious = 1000;
  auto fd = api.open(AF_INET, SOCK_STREAM);
  api.connect(fd, server.address());
  ASSERT_FALSE(poller.add(fd, interest::both, handler));
  EXPECT_EQ(wait(), 0u);
  world.settle();
  EXPECT_EQ(wait(), 1u);
  EXPECT_EQ(handler.seen, "in out");
  EXPECT_EQ(error_text(api, fd), "0");
}

TEST_F(sim_poller_test, dead_poller_lets_go_of_its_descriptors) {
  auto fd = connected();
  {
    sim_poller other{world};
    ASSERT_FALSE(other.add(fd, interest::read, handler));
  }
  api.close(fd, false);
}

TEST_F(sim_poller_death_test, closing_a_watched_descriptor_aborts) {
  auto fd = connected();
  ASSERT_FALSE(poller.add(fd, interest::read, handler));
  EXPECT_DEATH(api.close(fd, false), "which a poller still watches");
}

} // namespace
} // namespace sluice::testing

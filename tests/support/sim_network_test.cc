// Cuts, stalls and held connections, and what TCP makes of them.

#include "tests/support/sim_network.h"

#include "tests/support/sim_peer.h"
#include "tests/support/sim_server.h"
#include "tests/support/sim_world.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

/// Two hosts; the server's is 10.0.0.1.
struct sim_network_test : ::testing::Test {
  void connect() {
    ASSERT_EQ(client.connect(at("10.0.0.1", 80)), -EINPROGRESS);
    world.settle();
    ASSERT_TRUE(client.connected());
    server = &listener.last();
  }

  sim_world world{1, sim_settings::calm()};
  sim_host& here = world.network().add_host({"10.0.0.2"});
  sim_host& there = world.network().add_host({"10.0.0.1"});
  sim_server listener{there, at("10.0.0.1", 80)};
  sim_peer client{here};
  sim_peer* server = nullptr;
  runtime::time_point start = world.now();
};

TEST_F(sim_network_test, cut_holds_bytes_back_until_it_heals) {
  connect();
  client.send("one ");
  world.network().cut(here, there);
  EXPECT_TRUE(world.network().is_cut(there, here));
  client.send("two ");
  world.advance(10s);
  client.send("three");
  world.advance(10s);
  EXPECT_EQ(server->received(), "");
  world.network().heal(here, there);
  world.settle();
  EXPECT_EQ(server->received(), "one two three");
  EXPECT_LT(world.now() - start, 21s); // and no timer is left
}

TEST_F(sim_network_test, one_way_cut_lets_the_other_direction_through) {
  connect();
  world.network().cut_one_way(here, there);
  client.send("lost for now");
  server->send("hello");
  world.advance(1s);
  EXPECT_EQ(server->received(), "");
  EXPECT_EQ(client.received(), "hello");
  EXPECT_EQ(server->socket()->unacknowledged(), 5u);
}

TEST_F(sim_network_test, stall_ends_by_itself) {
  connect();
  world.network().stall(here, there, 5s);
  client.send("late");
  world.advance(4s);
  EXPECT_EQ(server->received(), "");
  world.settle();
  EXPECT_EQ(server->received(), "late");
}

TEST_F(sim_network_test, cut_between_others_does_not_matter) {
  connect();
  auto& third = world.network().add_host({"10.0.0.3"});
  world.network().cut(here, third);
  world.network().cut(here, here);
  client.send("hello");
  world.settle();
  EXPECT_EQ(server->received(), "hello");
}

TEST_F(sim_network_test, sender_gives_up_after_fifteen_minutes) {
  connect();
  world.network().cut(here, there);
  client.send("never arrives");
  world.advance(924s);
  EXPECT_EQ(client.error(), 0);
  world.advance(2s);
  EXPECT_EQ(client.error(), ETIMEDOUT);
  EXPECT_EQ(server->error(), 0); // and the other end knows nothing
  world.network().heal(here, there);
  server->send("hello?");
  world.settle();
  EXPECT_EQ(server->error(), ECONNRESET);
}

TEST_F(sim_network_test, missing_acknowledgements_are_a_timeout_too) {
  connect();
  world.network().cut_one_way(there, here);
  client.send("arrives");
  world.settle();
  EXPECT_EQ(server->received(), "arrives");
  EXPECT_EQ(client.error(), ETIMEDOUT);
}

TEST_F(sim_network_test, what_is_sent_behind_a_cut_has_a_limit_of_its_own) {
  connect();
  client.stop_reading();
  server->send("hello");
  world.settle();
  world.network().cut_one_way(here, there);
  client.read_all(); // opens the window, which nobody waits for
  world.settle();
  EXPECT_EQ(client.error(), 0);
  client.send("never arrives");
  world.settle();
  EXPECT_EQ(client.error(), ETIMEDOUT);
  EXPECT_EQ(server->error(), 0);
}

TEST_F(sim_network_test, lost_answer_to_a_syn_ends_both_sides) {
  world.settings().latency = {10ms, 10ms};
  client.connect(at("10.0.0.1", 80));
  world.advance(15ms); // the SYN has arrived, its answer has not
  world.network().cut(here, there);
  world.advance(126s);
  EXPECT_EQ(client.error(), 0);
  world.advance(1s);
  EXPECT_EQ(client.error(), ETIMEDOUT);
  world.settle();
  EXPECT_EQ(listener.last().error(), ETIMEDOUT);
}

TEST_F(sim_network_test, answer_of_a_closed_peer_needs_a_way_back) {
  connect();
  world.network().cut_one_way(there, here);
  server->reset();
  client.send("into the void");
  world.advance(1s);
  EXPECT_EQ(client.error(), 0);
  world.network().heal(here, there);
  world.settle();
  EXPECT_EQ(client.error(), ECONNRESET);
}

TEST_F(sim_network_test, closed_socket_gives_up_too) {
  connect();
  client.send("never arrives");
  world.network().cut(here, there);
  client.close();
  world.settle();
  server->send("nor does this");
  world.settle();
  EXPECT_EQ(server->error(), ETIMEDOUT);
  server->close();
  world.settle();
  EXPECT_EQ(world.sockets(), 1u); // the listener
}

TEST_F(sim_network_test, reset_at_a_cut_is_forgotten_in_the_end) {
  connect();
  world.network().cut(here, there);
  client.reset();
  server->reset();
  world.settle();
  EXPECT_EQ(world.sockets(), 1u); // the listener
}

TEST_F(sim_network_test, idle_connection_outlives_a_cut) {
  connect();
  world.network().cut(here, there);
  world.advance(24h);
  world.network().heal(here, there);
  client.send("still here");
  world.settle();
  EXPECT_EQ(server->received(), "still here");
}

TEST_F(sim_network_test, held_connection_stalls_alone) {
  connect();
  sim_peer other{here};
  other.connect(at("10.0.0.1", 80));
  world.settle();
  client.hold();
  client.send("slow");
  server->send("slow too");
  other.send("quick");
  world.advance(1s);
  EXPECT_EQ(server->received(), "");
  EXPECT_EQ(client.received(), "");
  EXPECT_EQ(listener.last().received(), "quick");
  client.release();
  world.settle();
  EXPECT_EQ(server->received(), "slow");
  EXPECT_EQ(client.received(), "slow too");
}

TEST_F(sim_network_test, hold_stops_an_attempt_to_connect) {
  client.connect(at("10.0.0.1", 80));
  client.hold();
  world.advance(5s);
  EXPECT_FALSE(client.connected());
  client.release();
  world.settle();
  EXPECT_TRUE(client.connected());
}

TEST_F(sim_network_test, reset_behind_a_hold_arrives_with_its_release) {
  connect();
  client.hold();
  client.reset();
  world.advance(1s);
  EXPECT_EQ(server->error(), 0);
  client.release();
  world.settle();
  EXPECT_EQ(server->error(), ECONNRESET);
}

} // namespace
} // namespace sluice::testing

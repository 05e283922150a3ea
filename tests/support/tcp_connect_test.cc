// How attempts to connect fail on a network, and what belongs to which host.

#include "tests/support/sim_peer.h"
#include "tests/support/sim_server.h"
#include "tests/support/sim_world.h"
#include "tests/support/tcp_socket.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

struct tcp_connect_test : ::testing::Test {
  /// How long an attempt took that has failed or not, in seconds.
  std::int64_t attempt(const std::string& host, std::uint16_t port = 80) {
    auto start = world.now();
    result = client.connect(at(host, port));
    while (client.error() == 0 && !client.connected() && world.run_one()) {
    }
    return (world.now() - start) / 1s;
  }

  sim_world world{1, sim_settings::calm()};
  sim_host& here = world.network().add_host({"10.0.0.2"});
  sim_host& there = world.network().add_host({"10.0.0.1", "fd00::1"});
  sim_peer client{here};
  int result = 0;
};

using tcp_connect_death_test = tcp_connect_test;

TEST_F(tcp_connect_test, port_without_a_listener_refuses) {
  EXPECT_EQ(attempt("10.0.0.1"), 0);
  EXPECT_EQ(result, -EINPROGRESS);
  EXPECT_EQ(client.error(), ECONNREFUSED);
}

TEST_F(tcp_connect_test, address_of_nobody_is_unreachable) {
  EXPECT_EQ(attempt("10.0.0.99"), 0);
  EXPECT_EQ(result, -EINPROGRESS);
  EXPECT_EQ(client.error(), EHOSTUNREACH);
}

TEST_F(tcp_connect_test, silent_address_times_out_after_127_seconds) {
  world.network().set_absence("10.0.0.99", absence::silent);
  EXPECT_EQ(attempt("10.0.0.99"), 127);
  EXPECT_EQ(client.error(), ETIMEDOUT);
}

TEST_F(tcp_connect_test, address_without_a_route_fails_at_once) {
  world.network().set_absence("10.0.0.99", absence::no_route);
  EXPECT_EQ(attempt("10.0.0.99"), 0);
  EXPECT_EQ(result, -ENETUNREACH);
  EXPECT_EQ(client.error(), ENETUNREACH);
}

TEST_F(tcp_connect_test, host_without_ipv6_has_no_route_to_it) {
  sim_server listener{there, at("fd00::1", 80)};
  EXPECT_EQ(attempt("fd00::1"), 0);
  EXPECT_EQ(result, -ENETUNREACH);
}

TEST_F(tcp_connect_test, cut_host_times_out) {
  sim_server listener{there, at("10.0.0.1", 80)};
  world.network().cut_one_way(there, here);
  EXPECT_EQ(attempt("10.0.0.1"), 127);
  EXPECT_EQ(client.error(), ETIMEDOUT);
  EXPECT_TRUE(listener.peers().empty());
}

TEST_F(tcp_connect_test, healed_host_answers_the_next_syn) {
  sim_server listener{there, at("10.0.0.1", 80)};
  world.network().stall(here, there, 5s);
  EXPECT_EQ(attempt("10.0.0.1"), 7); // SYNs after 0, 1, 3, 7 s
  EXPECT_TRUE(client.connected());
}

TEST_F(tcp_connect_test, full_queue_drops_the_syn) {
  sim_server listener{there, at("10.0.0.1", 80), 0};
  listener.pause();
  sim_peer first{here};
  first.connect(at("10.0.0.1", 80));
  world.settle();
  ASSERT_TRUE(first.connected());
  world.after(500ms, [&] { listener.resume(); });
  EXPECT_EQ(attempt("10.0.0.1"), 1);
  EXPECT_TRUE(client.connected());
  EXPECT_EQ(listener.peers().size(), 2u);
}

TEST_F(tcp_connect_test, attempt_that_was_closed_leaves_nothing) {
  sim_server listener{there, at("10.0.0.1", 80)};
  client.connect(at("10.0.0.1", 80));
  client.close();
  world.settle();
  EXPECT_TRUE(listener.peers().empty());
  EXPECT_EQ(world.sockets(), 1u);
}

TEST_F(tcp_connect_test, second_attempt_after_a_half_close_is_one_attempt) {
  sim_server listener{there, at("10.0.0.1", 80)};
  auto& socket = world.adopt(std::make_unique<tcp_socket>(here, AF_INET));
  auto where = sim_address::from(at("10.0.0.1", 80));
  EXPECT_EQ(socket.connect(where), -EINPROGRESS);
  EXPECT_EQ(socket.shutdown_write(), 0);
  EXPECT_EQ(socket.take_error(), ECONNRESET);
  EXPECT_EQ(socket.connect(where), -EINPROGRESS);
  world.settle();
  EXPECT_EQ(socket.state(), stream_state::established);
  EXPECT_EQ(listener.peers().size(), 1u);
}

TEST_F(tcp_connect_test, syn_ack_for_nobody_is_answered_with_a_reset) {
  world.settings().latency = {10ms, 10ms};
  sim_server listener{there, at("10.0.0.1", 80)};
  client.connect(at("10.0.0.1", 80));
  world.advance(15ms); // the SYN has arrived, its answer has not
  client.close();
  world.settle();
  ASSERT_EQ(listener.peers().size(), 1u);
  EXPECT_EQ(listener.last().error(), ECONNRESET);
}

TEST_F(tcp_connect_test, connection_may_stand_at_once) {
  sim_server listener{there, at("10.0.0.1", 80)};
  world.settings().faults.connected_at_once = 1000;
  EXPECT_EQ(client.connect(at("10.0.0.1", 80)), 0);
  EXPECT_TRUE(client.connected());
  client.send("hello");
  world.settle();
  EXPECT_EQ(listener.last().received(), "hello");
  sim_peer refused{here};
  EXPECT_EQ(refused.connect(at("10.0.0.1", 81)), -EINPROGRESS);
  world.settle();
  EXPECT_EQ(refused.error(), ECONNREFUSED);
}

// -- hosts --------------------------------------------------------------------

TEST_F(tcp_connect_test, loopback_is_the_own_hosts) {
  sim_server listener{there, at("127.0.0.1", 80)};
  attempt("127.0.0.1");
  EXPECT_EQ(client.error(), ECONNREFUSED);
  sim_peer neighbour{there};
  neighbour.connect(at("127.0.0.1", 80));
  world.settle();
  EXPECT_TRUE(neighbour.connected());
}

TEST_F(tcp_connect_test, wildcard_listens_on_all_addresses_of_its_host) {
  sim_server listener{there, at("0.0.0.0", 80)};
  sim_server own{here, at("0.0.0.0", 80)}; // another host, another port 80
  attempt("10.0.0.1");
  EXPECT_TRUE(client.connected());
  EXPECT_EQ(listener.peers().size(), 1u);
  EXPECT_EQ(to_string(listener.last().socket()->local()), "10.0.0.1:80");
}

TEST_F(tcp_connect_test, ports_are_given_out_once) {
  std::vector<std::unique_ptr<sim_server>> servers;
  std::vector<std::string> addresses;
  for (int i = 0; i < 100; ++i) {
    servers.push_back(std::make_unique<sim_server>(here, at("127.0.0.1", 0)));
    addresses.push_back(
        to_string(sim_address::from(servers.back()->address())));
  }
  std::ranges::sort(addresses);
  EXPECT_EQ(std::ranges::adjacent_find(addresses), addresses.end());
}

TEST_F(tcp_connect_death_test, one_address_belongs_to_one_host) {
  EXPECT_DEATH(world.network().add_host({"10.0.0.1"}),
               "two hosts with one address");
}

} // namespace
} // namespace sluice::testing

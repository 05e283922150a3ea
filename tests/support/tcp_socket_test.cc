// What TCP does over a network: time, buffers and windows.
// See tcp_end_agreement_test.cc for what a real kernel shows as well.

#include "tests/support/tcp_socket.h"

#include "tests/support/pattern.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_server.h"
#include "tests/support/sim_world.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

sim_settings slow_network() {
  auto result = sim_settings::calm();
  result.latency = {10ms, 10ms};
  return result;
}

/// Two hosts; the server's is 10.0.0.1.
struct tcp_socket_test : ::testing::Test {
  void connect() {
    ASSERT_EQ(client.connect(at("10.0.0.1", 80)), -EINPROGRESS);
    world.settle();
    ASSERT_TRUE(client.connected());
    server = &listener.last();
  }

  sim_world world{1, slow_network()};
  sim_host& here = world.network().add_host({"10.0.0.2"});
  sim_host& there = world.network().add_host({"10.0.0.1", "fd00::1"});
  sim_server listener{there, at("10.0.0.1", 80)};
  sim_peer client{here};
  sim_peer* server = nullptr;
};

// -- time ---------------------------------------------------------------------

TEST_F(tcp_socket_test, connecting_takes_a_round_trip) {
  client.connect(at("10.0.0.1", 80));
  world.advance(19ms);
  EXPECT_FALSE(client.connected());
  EXPECT_EQ(listener.peers().size(), 1u);
  world.advance(1ms);
  EXPECT_TRUE(client.connected());
  EXPECT_EQ(to_string(client.socket()->remote()), "10.0.0.1:80");
  EXPECT_EQ(client.socket()->local().host, "10.0.0.2");
}

TEST_F(tcp_socket_test, bytes_take_the_latency) {
  connect();
  client.send("hello");
  world.advance(9ms);
  EXPECT_EQ(server->received(), "");
  EXPECT_EQ(client.socket()->unacknowledged(), 5u);
  world.advance(1ms);
  EXPECT_EQ(server->received(), "hello");
  world.advance(10ms);
  EXPECT_EQ(client.socket()->unacknowledged(), 0u);
}

TEST_F(tcp_socket_test, segments_keep_their_order_whatever_they_take) {
  connect();
  world.settings().latency = {1us, 1s};
  world.settings().segment_bytes = {1, 100};
  world.settings().faults.slow_segment = 300;
  client.send(pattern(7, 0, 10'000));
  world.settle();
  EXPECT_EQ(server->received(), pattern(7, 0, 10'000));
}

TEST_F(tcp_socket_test, slow_segments_are_late_as_retransmissions_are) {
  connect();
  world.settings().faults.slow_segment = 1000;
  client.send("hello");
  world.advance(199ms);
  EXPECT_EQ(server->received(), "");
  world.advance(3s);
  EXPECT_EQ(server->received(), "hello");
}

// -- buffers ------------------------------------------------------------------

TEST_F(tcp_socket_test, peer_that_does_not_read_closes_its_window) {
  world.settings().send_buffer_bytes = {1000, 1000};
  world.settings().receive_buffer_bytes = {500, 500};
  connect();
  server->stop_reading();
  client.send(std::string(5000, 'x'));
  world.settle();
  EXPECT_EQ(server->unread(), 500u);
  EXPECT_EQ(client.sent(), 1500u); // their buffer and ours
  EXPECT_FALSE(client.socket()->ready().writable);
  server->read_more(100);
  world.settle();
  EXPECT_EQ(client.sent(), 1600u);
  EXPECT_EQ(server->unread(), 500u);
  server->read_all();
  world.settle();
  EXPECT_EQ(server->received().size(), 5000u);
}

TEST_F(tcp_socket_test, writable_waits_for_a_third_of_the_buffer) {
  world.settings().send_buffer_bytes = {90, 90};
  world.settings().receive_buffer_bytes = {10, 10};
  connect();
  server->stop_reading();
  client.send(std::string(100, 'x'));
  world.settle();
  auto& socket = *client.socket();
  EXPECT_EQ(socket.unacknowledged(), 90u);
  server->read_more(29);
  world.settle();
  EXPECT_EQ(socket.unacknowledged(), 61u);
  EXPECT_FALSE(socket.ready().writable);
  char byte = 'y';
  iovec part{&byte, 1};
  EXPECT_EQ(socket.send({&part, 1}), 1); // taken all the same
  server->read_more(2);
  world.settle();
  EXPECT_EQ(socket.unacknowledged(), 60u);
  EXPECT_TRUE(socket.ready().writable);
}

TEST_F(tcp_socket_test, buffers_of_one_byte_move_everything) {
  world.settings().send_buffer_bytes = {1, 1};
  world.settings().receive_buffer_bytes = {1, 1};
  connect();
  client.send(pattern(1, 0, 300));
  server->send(pattern(2, 0, 300));
  world.settle();
  EXPECT_EQ(server->received(), pattern(1, 0, 300));
  EXPECT_EQ(client.received(), pattern(2, 0, 300));
}

TEST_F(tcp_socket_test, fin_waits_behind_unsent_bytes) {
  world.settings().receive_buffer_bytes = {10, 10};
  connect();
  server->stop_reading();
  client.send(std::string(30, 'x'));
  client.half_close();
  world.settle();
  server->read_more(29);
  world.settle();
  EXPECT_FALSE(server->saw_end());
  server->read_all();
  world.settle();
  EXPECT_TRUE(server->saw_end());
}

TEST_F(tcp_socket_test, closed_socket_goes_on_sending_what_it_took) {
  world.settings().receive_buffer_bytes = {10, 10};
  connect();
  server->stop_reading();
  client.send(std::string(30, 'x'));
  client.close();
  world.settle();
  server->read_all();
  world.settle();
  EXPECT_EQ(server->received(), std::string(30, 'x'));
  EXPECT_TRUE(server->saw_end());
  server->close();
  world.settle();
  EXPECT_EQ(world.sockets(), 1u); // the listener
}

TEST_F(tcp_socket_test, reset_drops_what_was_not_sent) {
  world.settings().receive_buffer_bytes = {10, 10};
  connect();
  server->stop_reading();
  client.send(std::string(30, 'x'));
  world.settle();
  client.reset();
  world.settle();
  server->read_all();
  EXPECT_EQ(server->received(), std::string(10, 'x'));
  EXPECT_EQ(server->error(), ECONNRESET);
}

TEST_F(tcp_socket_test, bytes_that_cross_a_close_are_answered_with_a_reset) {
  connect();
  client.close();
  server->send("too late"); // the FIN is still under way
  world.settle();
  EXPECT_TRUE(server->saw_end());
  EXPECT_EQ(server->error(), EPIPE);
}

} // namespace
} // namespace sluice::testing

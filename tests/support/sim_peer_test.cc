#include "tests/support/sim_peer.h"

#include "tests/support/peer_life.h"
#include "tests/support/sim_server.h"
#include "tests/support/sim_socket_api.h"
#include "tests/support/socket_text.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

struct sim_peer_test : ::testing::Test {
  /// Connects and gives the descriptor of the accepted end.
  int accepted(const runtime::socket_address& where) {
    auto listener = api.open(where.family(), SOCK_STREAM);
    EXPECT_EQ(api.bind(listener, where), 0);
    EXPECT_EQ(api.listen(listener, 1), 0);
    peer.connect(where);
    world.settle();
    runtime::socket_address from;
    auto result = api.accept(listener, from);
    EXPECT_GE(result, 0);
    api.close(listener, false);
    return result;
  }

  int accepted() { return accepted(at("127.0.0.1", 7000)); }

  sim_world world{1, sim_settings::calm()};
  sim_socket_api api{world};
  sim_peer peer{world};
};

TEST_F(sim_peer_test, reads_whatever_comes_unless_told_otherwise) {
  auto fd = accepted();
  EXPECT_TRUE(peer.open());
  send_text(api, fd, "one");
  world.settle();
  EXPECT_EQ(peer.received(), "one");
  peer.stop_reading();
  send_text(api, fd, "two");
  world.settle();
  EXPECT_EQ(peer.received(), "one");
  EXPECT_EQ(peer.unread(), 3u);
  peer.read_more(2);
  EXPECT_EQ(peer.take_received(), "onetw");
  send_text(api, fd, "three");
  world.settle();
  EXPECT_EQ(peer.received(), "");
  peer.read_all();
  EXPECT_EQ(peer.received(), "othree");
}

TEST_F(sim_peer_test, sends_the_rest_when_there_is_room) {
  world.settings().send_buffer_bytes = {4, 4};
  world.settings().receive_buffer_bytes = {4, 4};
  auto fd = accepted();
  peer.send("hello ");
  peer.send("world");
  EXPECT_EQ(peer.sent(), 4u);
  EXPECT_EQ(peer.unsent(), 7u);
  std::string all;
  for (int i = 0; i < 100 && all.size() < 11; ++i) {
    world.settle();
    if (auto piece = recv_text(api, fd); piece != "(EAGAIN)")
      all += piece;
  }
  EXPECT_EQ(all, "hello world");
  EXPECT_EQ(peer.sent(), 11u);
}

TEST_F(sim_peer_test, half_close_comes_behind_the_last_byte) {
  world.settings().send_buffer_bytes = {4, 4};
  auto fd = accepted();
  peer.send("hello world");
  peer.half_close();
  world.settle();
  EXPECT_EQ(recv_text(api, fd), "hello world");
  world.settle();
  EXPECT_EQ(recv_text(api, fd), "(end)");
  EXPECT_TRUE(peer.open());
  send_text(api, fd, "bye!");
  api.shutdown_write(fd);
  world.settle();
  EXPECT_EQ(peer.received(), "bye!");
  EXPECT_TRUE(peer.saw_end());
  EXPECT_FALSE(peer.open());
}

TEST_F(sim_peer_test, close_and_reset_are_what_they_say) {
  auto fd = accepted();
  peer.close();
  peer.reset(); // no effect
  EXPECT_TRUE(peer.closed());
  world.settle();
  EXPECT_EQ(recv_text(api, fd), "(end)");
  EXPECT_EQ(error_text(api, fd), "0");
  sim_server server{world, at("127.0.0.1", 7001)};
  auto client = api.open(AF_INET, SOCK_STREAM);
  api.connect(client, server.address());
  world.settle();
  server.last().reset();
  world.settle();
  EXPECT_EQ(recv_text(api, client), "(ECONNRESET)");
}

TEST_F(sim_peer_test, hears_of_a_reset_without_reading) {
  auto fd = accepted();
  peer.stop_reading();
  api.close(fd, true);
  world.settle();
  EXPECT_EQ(peer.error(), ECONNRESET);
  EXPECT_FALSE(peer.open());
  EXPECT_FALSE(peer.saw_end());
}

TEST_F(sim_peer_test, dead_peer_closes) {
  int fd = -1;
  {
    sim_server server{world, at("127.0.0.1", 7001)};
    fd = api.open(AF_INET, SOCK_STREAM);
    api.connect(fd, server.address());
    world.settle();
    EXPECT_EQ(server.peers().size(), 1u);
  }
  world.settle();
  EXPECT_EQ(recv_text(api, fd), "(end)");
}

TEST_F(sim_peer_test, speaks_unix_streams_too) {
  auto fd = accepted(at("/tmp/x"));
  peer.send("hello");
  EXPECT_EQ(recv_text(api, fd), "hello");
  send_text(api, fd, "world");
  EXPECT_EQ(peer.received(), "world");
  peer.close();
  EXPECT_EQ(recv_text(api, fd), "(end)");
  EXPECT_EQ(send_text(api, fd, "x"), "(EPIPE)");
}

TEST_F(sim_peer_test, two_peers_may_talk_to_each_other) {
  // Each acts inside the other's action.
  sim_server server{world, at("/tmp/x")};
  server.on_accept = [](sim_peer& x) {
    x.on_progress = [&x] {
      if (auto said = x.take_received(); !said.empty())
        x.send(said + "!");
    };
  };
  peer.connect(server.address());
  peer.send("hello");
  world.settle();
  EXPECT_EQ(peer.received(), "hello!");
}

TEST_F(sim_peer_test, progress_is_told) {
  int told = 0;
  auto fd = accepted();
  peer.on_progress = [&] { ++told; };
  send_text(api, fd, "x");
  world.settle();
  EXPECT_GT(told, 0);
}

TEST_F(sim_peer_test, server_paused_leaves_connections_in_the_queue) {
  sim_server server{world, at("127.0.0.1", 7001)};
  server.pause();
  peer.connect(server.address());
  world.settle();
  EXPECT_TRUE(peer.connected());
  EXPECT_TRUE(server.peers().empty());
  server.resume();
  EXPECT_EQ(server.peers().size(), 1u);
}

// -- peer_life ----------------------------------------------------------------

TEST_F(sim_peer_test, life_sends_reads_and_ends_by_habit) {
  auto fd = accepted();
  peer_habits habits;
  habits.turns = 10;
  habits.send_bytes_max = 100;
  habits.ending = peer_ending::reset;
  peer_life life{world, peer, habits};
  send_text(api, fd, "never read");
  world.settle();
  EXPECT_TRUE(life.over());
  EXPECT_GT(life.offered(), 0u);
  EXPECT_EQ(peer.received(), "");
  EXPECT_EQ(recv_text(api, fd).size(), life.offered());
  EXPECT_EQ(recv_text(api, fd), "(ECONNRESET)");
}

TEST_F(sim_peer_test, life_that_finishes_reads_to_the_end) {
  auto fd = accepted();
  peer_habits habits;
  habits.read_bytes_max = 1;
  peer_life life{world, peer, habits};
  send_text(api, fd, "a long text");
  world.settle();
  EXPECT_EQ(recv_text(api, fd), "(end)");
  api.close(fd, false);
  world.settle();
  EXPECT_EQ(peer.received(), "a long text");
  EXPECT_TRUE(peer.saw_end());
}

} // namespace
} // namespace sluice::testing

// The mishaps: each fault of sim_settings does what it says, and no more.

#include "tests/support/sim_socket_api.h"

#include "tests/support/sim_peer.h"
#include "tests/support/socket_text.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

struct sim_socket_api_test : ::testing::Test {
  fault_rates& faults() { return world.settings().faults; }

  /// A descriptor that listens on 127.0.0.1:7000.
  int listening() {
    auto fd = api.open(AF_INET, SOCK_STREAM);
    EXPECT_EQ(api.bind(fd, at("127.0.0.1", 7000)), 0);
    EXPECT_EQ(api.listen(fd, 100), 0);
    return fd;
  }

  /// A descriptor whose other end is `peer`.
  int connected() {
    auto listener = listening();
    peer.connect(at("127.0.0.1", 7000));
    world.settle();
    runtime::socket_address from;
    auto fd = api.accept(listener, from);
    EXPECT_GE(fd, 0);
    api.close(listener, false);
    return fd;
  }

  std::string accept(int listener) {
    runtime::socket_address from;
    auto fd = api.accept(listener, from);
    if (fd >= 0)
      api.close(fd, false);
    return fd >= 0 ? "accepted" : result_text(fd);
  }

  /// How often each result of 1,000 calls came.
  std::map<std::string, int> count(const std::function<std::string()>& call) {
    std::map<std::string, int> result;
    for (int i = 0; i < 1000; ++i)
      ++result[call()];
    return result;
  }

  sim_world world{1, sim_settings::calm()};
  sim_socket_api api{world};
  sim_peer peer{world};
};

TEST_F(sim_socket_api_test, interruption_and_again_spare_the_bytes) {
  auto fd = connected();
  faults().interrupted = 300;
  faults().again = 300;
  std::string sent, received;
  auto results = count([&] {
    auto result = send_text(api, fd, "x");
    sent += result == "1" ? "x" : "";
    return result;
  });
  EXPECT_NEAR(results["(EINTR)"], 300, 60);
  EXPECT_NEAR(results["(EAGAIN)"], 210, 60);
  world.settle();
  EXPECT_EQ(peer.received(), sent);
  peer.send(sent);
  world.settle();
  results = count([&] {
    auto result = recv_text(api, fd, 1);
    received += result == "x" ? "x" : "";
    return result;
  });
  EXPECT_NEAR(results["(EINTR)"], 300, 60);
  EXPECT_FALSE(received.empty());
}

TEST_F(sim_socket_api_test, interruption_and_again_spare_the_connection) {
  auto listener = listening();
  peer.connect(at("127.0.0.1", 7000));
  world.settle();
  faults().interrupted = 1000;
  EXPECT_EQ(accept(listener), "(EINTR)");
  faults() = {};
  faults().again = 1000;
  EXPECT_EQ(accept(listener), "(EAGAIN)");
  faults() = {};
  EXPECT_EQ(accept(listener), "accepted");
}

TEST_F(sim_socket_api_test, short_counts_are_never_zero) {
  auto fd = connected();
  faults().short_write = 1000;
  faults().short_read = 1000;
  std::set<std::string> counts;
  for (int i = 0; i < 200; ++i)
    counts.insert(send_text(api, fd, "12345"));
  EXPECT_EQ(counts, (std::set<std::string>{"1", "2", "3", "4", "5"}));
  peer.send("12345");
  world.settle();
  std::string all, piece;
  while ((piece = recv_text(api, fd, 5)) != "(EAGAIN)") {
    EXPECT_LE(piece.size(), 5u);
    all += piece;
  }
  EXPECT_EQ(all, "12345");
}

TEST_F(sim_socket_api_test, short_write_takes_the_first_bytes_of_the_parts) {
  auto fd = connected();
  faults().short_write = 1000;
  std::string text = "abcdefgh", expected;
  std::array parts{iovec{text.data(), 3}, iovec{text.data() + 3, 0},
                   iovec{text.data() + 3, 5}};
  for (int i = 0; i < 100; ++i) {
    auto n = api.send(fd, parts);
    ASSERT_GT(n, 0);
    expected += text.substr(0, static_cast<std::size_t>(n));
  }
  world.settle();
  EXPECT_EQ(peer.received(), expected);
}

TEST_F(sim_socket_api_test, aborted_connection_is_gone) {
  auto listener = listening();
  peer.connect(at("127.0.0.1", 7000));
  world.settle();
  faults().accept_aborted = 1000;
  EXPECT_EQ(accept(listener), "(ECONNABORTED)");
  EXPECT_EQ(accept(listener), "(EAGAIN)");
  world.settle();
  EXPECT_EQ(peer.error(), ECONNRESET);
}

TEST_F(sim_socket_api_test, shortage_ends_after_a_while) {
  auto listener = listening();
  peer.connect(at("127.0.0.1", 7000));
  world.settle();
  faults().shortage = 1000;
  std::set<std::string> errors;
  for (int i = 0; i < 50; ++i) {
    auto error = accept(listener);
    errors.insert(error);
    // It holds for open, too, and for as long as time stands still.
    faults().shortage = 0;
    EXPECT_EQ(result_text(api.open(AF_INET, SOCK_STREAM)), error);
    EXPECT_EQ(accept(listener), error);
    world.advance(500ms);
    faults().shortage = 1000;
  }
  EXPECT_EQ(errors, (std::set<std::string>{"(EMFILE)", "(ENFILE)", "(ENOBUFS)",
                                           "(ENOMEM)"}));
  faults().shortage = 0;
  EXPECT_EQ(accept(listener), "accepted");
}

TEST_F(sim_socket_api_test, descriptor_limit_holds_until_one_is_closed) {
  auto listener = listening();
  peer.connect(at("127.0.0.1", 7000));
  world.settle();
  auto spare = api.open(AF_INET, SOCK_STREAM);
  world.host().set_descriptor_limit(2);
  EXPECT_EQ(accept(listener), "(EMFILE)");
  EXPECT_EQ(result_text(api.open(AF_UNIX, SOCK_STREAM)), "(EMFILE)");
  api.close(spare, false);
  EXPECT_EQ(accept(listener), "accepted");
}

TEST_F(sim_socket_api_test, hosts_have_descriptors_of_their_own) {
  auto& other = world.network().add_host({"10.0.0.1"});
  sim_socket_api others{other};
  auto fd = api.open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(others.open(AF_INET, SOCK_STREAM), fd);
  EXPECT_EQ(others.bind(fd, at("10.0.0.1", 80)), 0);
  EXPECT_EQ(result_text(api.bind(fd, at("10.0.0.1", 80))), "(EADDRNOTAVAIL)");
}

TEST_F(sim_socket_api_test, options_are_remembered) {
  auto fd = api.open(AF_INET, SOCK_STREAM);
  auto socket = world.find(world.host().socket_of(fd));
  EXPECT_EQ(socket->option(SOL_SOCKET, SO_KEEPALIVE), 0);
  EXPECT_EQ(api.set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
  EXPECT_EQ(socket->option(SOL_SOCKET, SO_KEEPALIVE), 1);
}

} // namespace
} // namespace sluice::testing

// What happens to datagrams on a network and in queues. See
// datagram_agreement_test.cc for what a real kernel shows as well.

#include "tests/support/datagram_socket.h"

#include "tests/support/sim_socket_api.h"
#include "tests/support/sim_world.h"
#include "tests/support/socket_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace sluice::testing {
namespace {

struct datagram_socket_test : ::testing::Test {
  int bound(std::uint16_t port) {
    auto fd = api.open(AF_INET, SOCK_DGRAM);
    EXPECT_EQ(api.bind(fd, at("127.0.0.1", port)), 0);
    return fd;
  }

  std::string send(std::string_view bytes) {
    return send_text(api, a, bytes, &to_b);
  }

  /// All that arrived at b, in order, a comma behind each.
  std::string received() {
    world.settle();
    std::string all, piece;
    while ((piece = recv_text(api, b)) != "(EAGAIN)")
      all += piece + ",";
    return all;
  }

  sim_world world{1, sim_settings::calm()};
  sim_socket_api api{world};
  int a = bound(1), b = bound(2);
  runtime::socket_address to_b = at("127.0.0.1", 2);
};

TEST_F(datagram_socket_test, loss_is_silent) {
  world.settings().faults.lost_datagram = 500;
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(send("x"), "1");
  EXPECT_NEAR(static_cast<double>(received().size()) / 2, 500, 60);
}

TEST_F(datagram_socket_test, doubled_datagram_comes_twice) {
  world.settings().faults.doubled_datagram = 1000;
  send("one");
  EXPECT_EQ(received(), "one,one,");
}

TEST_F(datagram_socket_test, late_datagrams_are_overtaken) {
  world.settings().faults.late_datagram = 500;
  std::string sent;
  for (char x : std::string{"abcdefghijklmnop"}) {
    send({&x, 1});
    sent += std::string{x} + ",";
  }
  auto got = received();
  EXPECT_NE(got, sent);
  EXPECT_EQ(got.size(), sent.size());
}

TEST_F(datagram_socket_test, no_buffers_is_an_error_of_the_call) {
  world.settings().faults.no_buffers = 1000;
  EXPECT_EQ(send("x"), "(ENOBUFS)");
  EXPECT_EQ(received(), "");
}

TEST_F(datagram_socket_test, queue_takes_what_fits_but_always_one) {
  world.settings().datagram_buffer_bytes = {10, 10};
  auto small = bound(3);
  auto to = at("127.0.0.1", 3);
  for (auto text : {"longer than ten bytes", "lost", "lost too"}) {
    send_text(api, a, text, &to);
    world.settle();
  }
  EXPECT_EQ(recv_text(api, small), "longer than ten bytes");
  for (auto text : {"four", "more", "lost"}) {
    send_text(api, a, text, &to);
    world.settle();
  }
  EXPECT_EQ(recv_text(api, small), "four");
  EXPECT_EQ(recv_text(api, small), "more");
  EXPECT_EQ(recv_text(api, small), "(EAGAIN)");
}

TEST_F(datagram_socket_test, what_is_under_way_fills_the_senders_buffer) {
  world.settings().datagram_buffer_bytes = {10, 10};
  auto small = bound(3);
  auto socket = world.find(world.host().socket_of(small));
  EXPECT_EQ(send_text(api, small, "four", &to_b), "4");
  EXPECT_FALSE(socket->ready().writable);
  EXPECT_EQ(send_text(api, small, "four", &to_b), "4");
  EXPECT_EQ(send_text(api, small, "four", &to_b), "(EAGAIN)");
  world.settle();
  EXPECT_TRUE(socket->ready().writable);
  EXPECT_EQ(received(), "four,four,");
}

TEST_F(datagram_socket_test, closed_sender_leaves_when_its_last_has_arrived) {
  send("one");
  send("two");
  api.close(a, false);
  EXPECT_EQ(world.sockets(), 2u);
  EXPECT_EQ(received(), "one,two,");
  EXPECT_EQ(world.sockets(), 1u);
}

TEST_F(datagram_socket_test, cut_loses_datagrams_and_refusals) {
  auto& here = world.host();
  world.network().cut(here, here);
  send("lost");
  world.settle();
  world.network().heal(here, here);
  EXPECT_EQ(received(), "");
  api.connect(a, at("127.0.0.1", 99));
  world.network().cut(here, here);
  send_text(api, a, "x", nullptr);
  world.settle();
  EXPECT_EQ(error_text(api, a), "0");
}

TEST_F(datagram_socket_test, address_of_nobody_swallows) {
  auto to = at("10.0.0.99", 1);
  EXPECT_EQ(send_text(api, a, "x", &to), "(ENETUNREACH)"); // no own address
  auto& host = world.network().add_host({"10.0.0.1"});
  sim_socket_api other{host};
  auto fd = other.open(AF_INET, SOCK_DGRAM);
  EXPECT_EQ(send_text(other, fd, "x", &to), "1");
  world.network().set_absence("10.0.0.99", absence::no_route);
  EXPECT_EQ(send_text(other, fd, "x", &to), "(ENETUNREACH)");
  world.settle();
}

} // namespace
} // namespace sluice::testing

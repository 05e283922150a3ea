// What TCP sockets do, on the simulated kernel and on the real one.

#include "tests/support/kernel.h"
#include "tests/support/sim_address.h"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <string>
#include <vector>

namespace sluice::testing {
namespace {

using runtime::socket_address;

class tcp_agreement_test : public kernel_test {};

TEST_P(tcp_agreement_test, fresh_socket_is_writable_and_hung_up) {
  auto fd = open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(flags(fd), "out hup");
  EXPECT_EQ(recv(fd), "(ENOTCONN)");
  EXPECT_EQ(send(fd, "x"), "(EPIPE)");
  EXPECT_EQ(result_text(api().shutdown_write(fd)), "(ENOTCONN)");
}

TEST_P(tcp_agreement_test, options_of_tcp_are_known) {
  auto fd = open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(api().set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1), 0);
  EXPECT_EQ(api().set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
}

// -- connecting ---------------------------------------------------------------

TEST_P(tcp_agreement_test, connect_is_in_progress_and_then_writable) {
  auto listener = listen();
  auto client = open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(result_text(api().connect(client, address_of(listener))),
            "(EINPROGRESS)");
  EXPECT_TRUE(becomes(client, "out"));
  EXPECT_EQ(error(client), "0");
  EXPECT_EQ(api().connect(client, address_of(listener)), 0);
  EXPECT_EQ(result_text(api().connect(client, address_of(listener))),
            "(EISCONN)");
}

TEST_P(tcp_agreement_test, both_ends_know_each_others_address) {
  auto listener = listen();
  auto client = open(AF_INET, SOCK_STREAM);
  api().connect(client, address_of(listener));
  ASSERT_TRUE(becomes(listener, "in"));
  socket_address from;
  auto server = api().accept(listener, from);
  ASSERT_GE(server, 0);
  ASSERT_TRUE(becomes(client, "out"));
  auto name = [](const socket_address& x) {
    return to_string(sim_address::from(x));
  };
  EXPECT_EQ(name(from), name(address_of(client)));
  EXPECT_EQ(name(peer_of(server)), name(address_of(client)));
  EXPECT_EQ(name(peer_of(client)), name(address_of(listener)));
  EXPECT_EQ(name(address_of(server)), name(address_of(listener)));
  close(server);
}

TEST_P(tcp_agreement_test, the_any_address_reaches_the_own_host) {
  auto listener = listen();
  auto port = sim_address::from(address_of(listener)).port;
  auto client = open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(result_text(api().connect(client, at("0.0.0.0", port))),
            "(EINPROGRESS)");
  EXPECT_TRUE(becomes(client, "out"));
  EXPECT_EQ(sim_address::from(peer_of(client)).host, "127.0.0.1");
}

TEST_P(tcp_agreement_test, wildcard_listener_accepts_on_every_address) {
  auto listener = open(AF_INET, SOCK_STREAM);
  ASSERT_EQ(api().bind(listener, at("0.0.0.0", 0)), 0);
  ASSERT_EQ(api().listen(listener, 4), 0);
  auto port = sim_address::from(address_of(listener)).port;
  auto client = open(AF_INET, SOCK_STREAM);
  api().connect(client, at("127.0.0.1", port));
  EXPECT_TRUE(becomes(client, "out"));
}

TEST_P(tcp_agreement_test, ipv6_connects_too) {
  auto listener = open(AF_INET6, SOCK_STREAM);
  if (api().bind(listener, at("::1", 0)) != 0)
    GTEST_SKIP() << "this machine has no IPv6 loopback";
  ASSERT_EQ(api().listen(listener, 4), 0);
  auto client = open(AF_INET6, SOCK_STREAM);
  api().connect(client, address_of(listener));
  EXPECT_TRUE(becomes(client, "out"));
  EXPECT_EQ(sim_address::from(peer_of(client)).host, "::1");
}

TEST_P(tcp_agreement_test, address_of_another_family_is_refused) {
  auto fd = open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(result_text(api().connect(fd, at("::1", 1))), "(EAFNOSUPPORT)");
  EXPECT_EQ(result_text(api().bind(fd, at("::1", 1))), "(EAFNOSUPPORT)");
}

TEST_P(tcp_agreement_test, refused_connect_fails_in_every_flag) {
  auto listener = listen();
  auto nowhere = address_of(listener);
  close(listener);
  auto client = open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(result_text(api().connect(client, nowhere)), "(EINPROGRESS)");
  EXPECT_TRUE(becomes(client, "in out err hup"));
  EXPECT_EQ(error(client), "(ECONNREFUSED)");
  EXPECT_EQ(error(client), "0");
  EXPECT_EQ(flags(client), "in out hup");
  EXPECT_EQ(recv(client), "(end)");
  EXPECT_EQ(send(client, "x"), "(EPIPE)");
}

TEST_P(tcp_agreement_test, refusal_is_told_once_by_whoever_asks_first) {
  auto listener = listen();
  auto nowhere = address_of(listener);
  close(listener);
  auto reader = open(AF_INET, SOCK_STREAM);
  api().connect(reader, nowhere);
  ASSERT_TRUE(becomes(reader, "in out err hup"));
  EXPECT_EQ(recv(reader), "(ECONNREFUSED)");
  EXPECT_EQ(error(reader), "0");
  auto writer = open(AF_INET, SOCK_STREAM);
  api().connect(writer, nowhere);
  ASSERT_TRUE(becomes(writer, "in out err hup"));
  EXPECT_EQ(send(writer, "x"), "(ECONNREFUSED)");
  EXPECT_EQ(send(writer, "x"), "(EPIPE)");
}

// -- listening ----------------------------------------------------------------

TEST_P(tcp_agreement_test, listener_is_readable_while_connections_wait) {
  auto listener = listen();
  EXPECT_EQ(flags(listener), "");
  int server = -1;
  EXPECT_EQ(accept(listener, server), "(EAGAIN)");
  auto client = open(AF_INET, SOCK_STREAM);
  api().connect(client, address_of(listener));
  EXPECT_TRUE(becomes(listener, "in"));
  EXPECT_EQ(accept(listener, server), "accepted");
  EXPECT_EQ(flags(listener), "");
}

TEST_P(tcp_agreement_test, only_listeners_accept) {
  auto fd = open(AF_INET, SOCK_STREAM);
  int server = -1;
  EXPECT_EQ(accept(fd, server), "(EINVAL)");
  auto [client, other] = connected_pair();
  EXPECT_EQ(accept(client, server), "(EINVAL)");
  EXPECT_EQ(result_text(api().listen(client, 1)), "(EINVAL)");
}

TEST_P(tcp_agreement_test, listener_does_not_talk) {
  auto listener = listen();
  EXPECT_EQ(recv(listener), "(ENOTCONN)");
  EXPECT_EQ(send(listener, "x"), "(EPIPE)");
  EXPECT_EQ(result_text(api().connect(listener, address_of(listener))),
            "(EISCONN)");
}

TEST_P(tcp_agreement_test, queue_holds_one_more_than_the_backlog) {
  auto listener = listen(1);
  std::vector<int> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(open(AF_INET, SOCK_STREAM));
    api().connect(clients.back(), address_of(listener));
    if (i < 2) {
      EXPECT_TRUE(becomes(clients.back(), "out"));
    }
  }
  EXPECT_EQ(flags(clients[2]), "");
  EXPECT_EQ(result_text(api().connect(clients[2], address_of(listener))),
            "(EALREADY)");
  EXPECT_EQ(recv(clients[2]), "(EAGAIN)");
  EXPECT_EQ(send(clients[2], "x"), "(EAGAIN)");
  socket_address peer;
  EXPECT_EQ(result_text(api().peer_address(clients[2], peer)), "(ENOTCONN)");
}

TEST_P(tcp_agreement_test, half_close_ends_an_attempt_to_connect) {
  auto listener = listen(0);
  auto first = open(AF_INET, SOCK_STREAM);
  api().connect(first, address_of(listener));
  ASSERT_TRUE(becomes(first, "out"));
  auto second = open(AF_INET, SOCK_STREAM);
  api().connect(second, address_of(listener));
  EXPECT_EQ(flags(second), "");
  EXPECT_EQ(api().shutdown_write(second), 0);
  EXPECT_EQ(flags(second), "out err hup");
  EXPECT_EQ(error(second), "(ECONNRESET)");
}

TEST_P(tcp_agreement_test, connection_reset_in_the_queue_is_still_accepted) {
  auto listener = listen();
  auto client = open(AF_INET, SOCK_STREAM);
  api().connect(client, address_of(listener));
  ASSERT_TRUE(becomes(client, "out"));
  ASSERT_TRUE(becomes(listener, "in"));
  close(client, true);
  int server = -1;
  ASSERT_EQ(accept(listener, server), "accepted");
  EXPECT_TRUE(becomes(server, "in out err hup"));
  EXPECT_EQ(recv(server), "(ECONNRESET)");
}

TEST_P(tcp_agreement_test, closing_a_listener_resets_who_waits) {
  auto listener = listen();
  auto client = open(AF_INET, SOCK_STREAM);
  api().connect(client, address_of(listener));
  ASSERT_TRUE(becomes(client, "out"));
  close(listener);
  EXPECT_TRUE(becomes(client, "in out err hup"));
  EXPECT_EQ(error(client), "(ECONNRESET)");
}

TEST_P(tcp_agreement_test, address_in_use_is_refused) {
  auto listener = listen();
  auto second = open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(result_text(api().bind(second, address_of(listener))),
            "(EADDRINUSE)");
  auto port = sim_address::from(address_of(listener)).port;
  EXPECT_EQ(result_text(api().bind(second, at("0.0.0.0", port))),
            "(EADDRINUSE)");
  EXPECT_EQ(api().set_option(second, SOL_SOCKET, SO_REUSEADDR, 1), 0);
  EXPECT_EQ(result_text(api().bind(second, address_of(listener))),
            "(EADDRINUSE)");
  close(listener);
}

TEST_P(tcp_agreement_test, reused_address_has_one_listener) {
  auto first = open(AF_INET, SOCK_STREAM);
  auto second = open(AF_INET, SOCK_STREAM);
  api().set_option(first, SOL_SOCKET, SO_REUSEADDR, 1);
  api().set_option(second, SOL_SOCKET, SO_REUSEADDR, 1);
  ASSERT_EQ(api().bind(first, at("127.0.0.1", 0)), 0);
  EXPECT_EQ(api().bind(second, address_of(first)), 0);
  EXPECT_EQ(api().listen(first, 1), 0);
  EXPECT_EQ(result_text(api().listen(second, 1)), "(EADDRINUSE)");
}

TEST_P(tcp_agreement_test, bind_fails_twice_and_on_foreign_addresses) {
  auto fd = open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(result_text(api().bind(fd, at("192.0.2.1", 0))), "(EADDRNOTAVAIL)");
  EXPECT_EQ(api().bind(fd, at("127.0.0.1", 0)), 0);
  EXPECT_EQ(result_text(api().bind(fd, at("127.0.0.1", 0))), "(EINVAL)");
}

TEST_P(tcp_agreement_test, listen_without_bind_takes_a_port) {
  auto fd = open(AF_INET, SOCK_STREAM);
  EXPECT_EQ(sim_address::from(address_of(fd)).port, 0);
  EXPECT_EQ(api().listen(fd, 1), 0);
  EXPECT_NE(sim_address::from(address_of(fd)).port, 0);
  EXPECT_EQ(api().listen(fd, 2), 0);
}

SLUICE_ON_BOTH_KERNELS(tcp_agreement_test);

} // namespace
} // namespace sluice::testing

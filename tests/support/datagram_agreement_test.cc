// What UDP and Unix datagram sockets do, on the simulated kernel and on the
// real one.

#include "tests/support/kernel.h"
#include "tests/support/sim_address.h"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <string>

namespace sluice::testing {
namespace {

using runtime::socket_address;

class datagram_agreement_test : public kernel_test {
protected:
  /// A UDP socket on a free port of 127.0.0.1.
  int bound() {
    auto fd = open(AF_INET, SOCK_DGRAM);
    EXPECT_EQ(api().bind(fd, at("127.0.0.1", 0)), 0);
    return fd;
  }

  /// A Unix socket on an abstract name of this test's own.
  int bound_unix(const std::string& suffix, socket_address& name) {
    auto test = ::testing::UnitTest::GetInstance()->current_test_info();
    name = at(std::string(1, '\0') + test->name() + std::to_string(::getpid())
              + suffix);
    auto fd = open(AF_UNIX, SOCK_DGRAM);
    EXPECT_EQ(api().bind(fd, name), 0);
    return fd;
  }

  std::string send_to(int fd, std::string_view bytes,
                      const socket_address* to) {
    return send_text(api(), fd, bytes, to);
  }

  std::string send_to(int fd, std::string_view bytes,
                      const socket_address& to) {
    return send_to(fd, bytes, &to);
  }

  /// "length:bytes", or the error.
  std::string recv_from(int fd, std::size_t room = 1024) {
    std::string bytes(room, '\0');
    auto n = api().recv_from(fd, bytes, from);
    if (n < 0)
      return result_text(n);
    auto size = static_cast<std::size_t>(n);
    return std::to_string(n) + ":" + bytes.substr(0, std::min(size, room));
  }

  socket_address from;
};

// -- UDP ----------------------------------------------------------------------

TEST_P(datagram_agreement_test, datagrams_keep_their_boundaries) {
  auto a = bound(), b = bound();
  EXPECT_EQ(flags(b), "out");
  EXPECT_EQ(send_to(a, "one", address_of(b)), "3");
  EXPECT_EQ(send_to(a, "", address_of(b)), "0");
  EXPECT_EQ(send_to(a, "three", address_of(b)), "5");
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv_from(b), "3:one");
  EXPECT_EQ(sim_address::from(from), sim_address::from(address_of(a)));
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv_from(b), "0:");
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv_from(b), "5:three");
  EXPECT_EQ(recv_from(b), "(EAGAIN)");
  EXPECT_EQ(flags(b), "out");
}

TEST_P(datagram_agreement_test, cut_datagram_tells_its_full_length) {
  auto a = bound(), b = bound();
  send_to(a, "too long", address_of(b));
  send_to(a, "next", address_of(b));
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv_from(b, 3), "8:too");
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv_from(b), "4:next");
}

TEST_P(datagram_agreement_test, sending_takes_a_port) {
  auto a = open(AF_INET, SOCK_DGRAM), b = bound();
  EXPECT_EQ(sim_address::from(address_of(a)).port, 0);
  send_to(a, "x", address_of(b));
  EXPECT_NE(sim_address::from(address_of(a)).port, 0);
  EXPECT_EQ(sim_address::from(address_of(a)).host, "0.0.0.0");
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv_from(b), "1:x");
  EXPECT_EQ(sim_address::from(from).host, "127.0.0.1");
  EXPECT_EQ(send_to(b, "answer", from), "6");
  ASSERT_TRUE(becomes(a, "in out"));
  EXPECT_EQ(recv_from(a), "6:answer");
}

TEST_P(datagram_agreement_test, without_a_destination_nothing_is_sent) {
  auto a = bound();
  EXPECT_EQ(send_to(a, "x", nullptr), "(EDESTADDRREQ)");
  EXPECT_EQ(send(a, "x"), "(EDESTADDRREQ)");
  EXPECT_EQ(send_to(a, "x", at("127.0.0.1", 0)), "(EINVAL)");
  EXPECT_EQ(result_text(api().shutdown_write(a)), "(ENOTCONN)");
  socket_address peer;
  EXPECT_EQ(result_text(api().peer_address(a, peer)), "(ENOTCONN)");
  EXPECT_EQ(result_text(api().set_option(a, IPPROTO_TCP, TCP_NODELAY, 1)),
            "(ENOPROTOOPT)");
}

TEST_P(datagram_agreement_test, largest_datagram_is_65507_bytes) {
  auto a = bound(), b = bound();
  EXPECT_EQ(send_to(a, std::string(65508, 'x'), address_of(b)), "(EMSGSIZE)");
  EXPECT_EQ(send_to(a, std::string(65507, 'x'), address_of(b)), "65507");
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv_from(b, 1), "65507:x");
}

TEST_P(datagram_agreement_test, connected_socket_hears_only_its_peer) {
  auto a = bound(), b = bound(), stranger = bound();
  EXPECT_EQ(api().connect(a, address_of(b)), 0);
  EXPECT_EQ(sim_address::from(peer_of(a)), sim_address::from(address_of(b)));
  send_to(stranger, "boo", address_of(a));
  EXPECT_EQ(send(b, "x"), "(EDESTADDRREQ)");
  EXPECT_EQ(send_to(b, "friend", address_of(a)), "6");
  ASSERT_TRUE(becomes(a, "in out"));
  EXPECT_EQ(recv_from(a), "6:friend");
  EXPECT_EQ(recv_from(a), "(EAGAIN)");
  EXPECT_EQ(send(a, "hello"), "5");
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv(b), "hello");
}

TEST_P(datagram_agreement_test, refusal_comes_back_to_a_connected_socket) {
  auto a = bound(), b = bound();
  api().connect(a, address_of(b));
  close(b);
  EXPECT_EQ(send(a, "one"), "3");
  EXPECT_TRUE(becomes(a, "out err"));
  EXPECT_EQ(recv_from(a), "(ECONNREFUSED)");
  EXPECT_EQ(flags(a), "out");
  EXPECT_EQ(send(a, "two"), "3");
  EXPECT_TRUE(becomes(a, "out err"));
  EXPECT_EQ(send(a, "three"), "(ECONNREFUSED)");
  EXPECT_EQ(flags(a), "out"); // the third was not sent
  EXPECT_EQ(error(a), "0");
}

TEST_P(datagram_agreement_test, refusal_is_for_who_is_connected_there) {
  auto a = bound(), b = bound(), c = bound();
  auto nowhere = address_of(b);
  close(b);
  EXPECT_EQ(send_to(a, "one", nowhere), "3"); // not connected at all
  api().connect(a, address_of(c));
  EXPECT_EQ(send_to(a, "two", nowhere), "3"); // connected to another
  EXPECT_EQ(send(a, "three"), "5");
  ASSERT_TRUE(becomes(c, "in out"));
  EXPECT_EQ(recv_from(c), "5:three");
  // Time enough for a refusal to come back.
  EXPECT_EQ(send_to(c, "four", address_of(a)), "4");
  ASSERT_TRUE(becomes(a, "in out"));
  EXPECT_EQ(recv_from(a), "4:four");
}

TEST_P(datagram_agreement_test, half_close_ends_sending) {
  auto a = bound(), b = bound();
  api().connect(a, address_of(b));
  EXPECT_EQ(api().shutdown_write(a), 0);
  EXPECT_EQ(send(a, "x"), "(EPIPE)");
  EXPECT_EQ(flags(a), "out");
}

TEST_P(datagram_agreement_test, full_receive_queue_drops_in_silence) {
  auto a = bound(), b = bound();
  std::string bytes(32 * 1024, 'x');
  for (int i = 0; i < 100; ++i) {
    // The sender may be held up, but not by what the receiver dropped.
    ASSERT_TRUE(the_kernel().until(
        [&] { return send_to(a, bytes, address_of(b)) == "32768"; }));
  }
  ASSERT_TRUE(becomes(b, "in out"));
  int received = 0;
  while (recv_from(b) != "(EAGAIN)")
    ++received;
  EXPECT_GT(received, 0);
  EXPECT_LT(received, 100);
}

TEST_P(datagram_agreement_test, address_in_use_is_refused) {
  auto a = bound(), b = open(AF_INET, SOCK_DGRAM);
  EXPECT_EQ(result_text(api().bind(b, address_of(a))), "(EADDRINUSE)");
  EXPECT_EQ(result_text(api().listen(b, 1)), "(EOPNOTSUPP)");
  int fd = -1;
  EXPECT_EQ(accept(b, fd), "(EOPNOTSUPP)");
}

// -- Unix ---------------------------------------------------------------------

TEST_P(datagram_agreement_test, unix_datagrams_arrive_at_once) {
  socket_address name;
  auto b = bound_unix("", name);
  auto a = open(AF_UNIX, SOCK_DGRAM);
  EXPECT_EQ(flags(a), "out");
  EXPECT_EQ(send(a, "x"), "(ENOTCONN)");
  EXPECT_EQ(send_to(a, "one", name), "3");
  EXPECT_EQ(recv_from(b), "3:one");
  EXPECT_EQ(from.length, 0u);
  EXPECT_EQ(api().connect(a, name), 0);
  EXPECT_EQ(send(a, "two"), "3");
  EXPECT_EQ(recv_from(b, 1), "3:t");
}

TEST_P(datagram_agreement_test, unix_queue_holds_eleven) {
  socket_address name;
  auto b = bound_unix("", name);
  auto a = open(AF_UNIX, SOCK_DGRAM);
  api().connect(a, name);
  for (int i = 0; i < 11; ++i)
    EXPECT_EQ(send(a, "x"), "1");
  EXPECT_EQ(send(a, "x"), "(EAGAIN)");
  EXPECT_EQ(flags(a), "");
  EXPECT_EQ(recv_from(b), "1:x");
  EXPECT_EQ(flags(a), "out");
}

TEST_P(datagram_agreement_test, unix_receiver_that_is_gone_is_told) {
  socket_address name;
  auto b = bound_unix("", name);
  auto a = open(AF_UNIX, SOCK_DGRAM);
  api().connect(a, name);
  close(b);
  EXPECT_EQ(send(a, "x"), "(ECONNREFUSED)");
  EXPECT_EQ(send_to(a, "x", at("/nowhere/at/all")), "(ENOENT)");
  EXPECT_EQ(result_text(api().connect(a, at("/nowhere/at/all"))), "(ENOENT)");
}

SLUICE_ON_BOTH_KERNELS(datagram_agreement_test);

} // namespace
} // namespace sluice::testing

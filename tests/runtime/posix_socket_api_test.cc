// The real sockets: what the seam promises, asked of the kernel.

#include "runtime/posix_socket_api.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

namespace sluice::runtime {
namespace {

socket_address loopback(std::uint16_t port = 0) {
  socket_address result;
  auto in = reinterpret_cast<sockaddr_in*>(result.data());
  in->sin_family = AF_INET;
  in->sin_port = htons(port);
  in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  result.length = sizeof(sockaddr_in);
  return result;
}

std::uint16_t port_of(const socket_address& x) {
  return ntohs(reinterpret_cast<const sockaddr_in*>(x.data())->sin_port);
}

iovec part(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

bool wait_for(int fd, short what) {
  pollfd entry{fd, what, 0};
  return ::poll(&entry, 1, 60'000) == 1;
}

class posix_socket_api_test : public testing::Test {
protected:
  ~posix_socket_api_test() override {
    for (auto fd : fds)
      api.close(fd, false);
  }

  int keep(int fd) {
    EXPECT_GE(fd, 0);
    fds.push_back(fd);
    return fd;
  }

  void close(int fd, bool reset) {
    std::erase(fds, fd);
    api.close(fd, reset);
  }

  int open_listener() {
    auto fd = keep(api.open(AF_INET, SOCK_STREAM));
    EXPECT_EQ(api.bind(fd, loopback()), 0);
    EXPECT_EQ(api.listen(fd, 10), 0);
    return fd;
  }

  socket_address address_of(int fd) {
    socket_address result;
    EXPECT_EQ(api.local_address(fd, result), 0);
    return result;
  }

  /// A connection over loopback: client first.
  std::array<int, 2> connect_pair() {
    auto listener = open_listener();
    auto client = keep(api.open(AF_INET, SOCK_STREAM));
    auto result = api.connect(client, address_of(listener));
    EXPECT_TRUE(result == 0 || result == -EINPROGRESS) << result;
    EXPECT_TRUE(wait_for(listener, POLLIN));
    socket_address peer;
    auto server = keep(api.accept(listener, peer));
    EXPECT_TRUE(wait_for(client, POLLOUT));
    EXPECT_EQ(api.take_error(client), 0);
    return {client, server};
  }

  std::string receive(int fd, std::size_t room = 100) {
    EXPECT_TRUE(wait_for(fd, POLLIN));
    std::string buffer(room, '\0');
    auto count = api.recv(fd, buffer);
    EXPECT_GE(count, 0);
    buffer.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return buffer;
  }

  ssize_t send(int fd, std::string_view text) {
    iovec parts[] = {part(text)};
    return api.send(fd, parts);
  }

  posix_socket_api& api = posix_socket_api::instance();
  std::vector<int> fds;
};

void expect_descriptor_flags(int fd) {
  EXPECT_TRUE(::fcntl(fd, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

TEST_F(posix_socket_api_test, descriptors_do_not_block_and_are_not_inherited) {
  auto [client, server] = connect_pair();
  expect_descriptor_flags(client);
  expect_descriptor_flags(server);
}

TEST_F(posix_socket_api_test, accept_tells_the_peer) {
  auto listener = open_listener();
  auto client = keep(api.open(AF_INET, SOCK_STREAM));
  api.connect(client, address_of(listener));
  ASSERT_TRUE(wait_for(listener, POLLIN));
  socket_address peer;
  auto server = keep(api.accept(listener, peer));
  EXPECT_EQ(peer.family(), AF_INET);
  EXPECT_EQ(peer.length, sizeof(sockaddr_in));
  EXPECT_EQ(port_of(peer), port_of(address_of(client)));
  socket_address remote;
  ASSERT_EQ(api.peer_address(server, remote), 0);
  EXPECT_EQ(port_of(remote), port_of(peer));
}

TEST_F(posix_socket_api_test, failures_are_negative_errnos) {
  auto listener = open_listener();
  socket_address peer;
  EXPECT_EQ(api.accept(listener, peer), -EAGAIN);
  auto other = keep(api.open(AF_INET, SOCK_STREAM));
  EXPECT_EQ(api.bind(other, address_of(listener)), -EADDRINUSE);
  EXPECT_EQ(api.listen(-1, 1), -EBADF);
  EXPECT_EQ(api.open(-1, SOCK_STREAM), -EAFNOSUPPORT);
  EXPECT_EQ(api.connect(-1, loopback(1)), -EBADF);
  EXPECT_EQ(api.shutdown_write(other), -ENOTCONN);
  EXPECT_EQ(api.set_option(-1, SOL_SOCKET, SO_REUSEADDR, 1), -EBADF);
  EXPECT_EQ(api.peer_address(listener, peer), -ENOTCONN);
  EXPECT_EQ(api.local_address(-1, peer), -EBADF);
  EXPECT_EQ(api.take_error(-1), EBADF) << "positive, like SO_ERROR";
  char byte;
  EXPECT_EQ(api.recv(-1, {&byte, 1}), -EBADF);
  EXPECT_EQ(send(-1, "x"), -EBADF);
}

TEST_F(posix_socket_api_test, refused_connection_is_a_pending_error) {
  auto listener = open_listener();
  auto address = address_of(listener);
  close(listener, false);
  auto client = keep(api.open(AF_INET, SOCK_STREAM));
  auto result = api.connect(client, address);
  if (result == -EINPROGRESS) {
    ASSERT_TRUE(wait_for(client, POLLOUT));
    EXPECT_EQ(api.take_error(client), ECONNREFUSED);
    EXPECT_EQ(api.take_error(client), 0) << "asking clears it";
  } else {
    EXPECT_EQ(result, -ECONNREFUSED);
  }
}

TEST_F(posix_socket_api_test, parts_are_gathered_in_order) {
  auto [client, server] = connect_pair();
  EXPECT_EQ(send(client, "one "), 4);
  EXPECT_EQ(receive(server), "one ");
  iovec parts[] = {part("two "), part(""), part("three")};
  EXPECT_EQ(api.send(client, parts), 9);
  EXPECT_EQ(receive(server), "two three");
  EXPECT_EQ(api.send(client, {}), 0);
}

TEST_F(posix_socket_api_test, nothing_to_read_is_not_the_end) {
  auto [client, server] = connect_pair();
  char byte;
  EXPECT_EQ(api.recv(server, {&byte, 1}), -EAGAIN);
  EXPECT_EQ(api.shutdown_write(client), 0);
  EXPECT_EQ(receive(server), "");
  EXPECT_EQ(send(server, "still open"), 10);
  EXPECT_EQ(receive(client), "still open");
}

TEST_F(posix_socket_api_test, full_buffers_give_short_counts_then_eagain) {
  auto [client, server] = connect_pair();
  std::string much(1 << 20, 'x');
  ssize_t total = 0;
  for (;;) {
    auto count = send(client, much);
    if (count < 0) {
      EXPECT_EQ(count, -EAGAIN);
      break;
    }
    total += count;
    ASSERT_LT(total, ssize_t{1} << 30);
  }
  EXPECT_GT(total, 0);
}

TEST_F(posix_socket_api_test, sending_to_a_closed_peer_raises_no_signal) {
  auto [client, server] = connect_pair();
  close(server, false);
  // The first bytes provoke the reset, later ones meet it.
  ssize_t result = 0;
  for (int i = 0; i < 100 && result >= 0; ++i) {
    result = send(client, "x");
    wait_for(client, POLLIN | POLLHUP);
  }
  EXPECT_TRUE(result == -EPIPE || result == -ECONNRESET) << result;
}

TEST_F(posix_socket_api_test, close_with_reset_is_seen_as_reset) {
  auto [client, server] = connect_pair();
  close(server, true);
  ASSERT_TRUE(wait_for(client, POLLIN));
  char byte;
  EXPECT_EQ(api.recv(client, {&byte, 1}), -ECONNRESET);
}

TEST_F(posix_socket_api_test, close_without_reset_is_the_end_of_the_stream) {
  auto [client, server] = connect_pair();
  EXPECT_EQ(send(server, "bye"), 3);
  close(server, false);
  EXPECT_EQ(receive(client), "bye");
  EXPECT_EQ(receive(client), "");
}

TEST_F(posix_socket_api_test, options_are_set) {
  auto [client, server] = connect_pair();
  EXPECT_EQ(api.set_option(client, IPPROTO_TCP, TCP_NODELAY, 1), 0);
  int value = 0;
  socklen_t length = sizeof(value);
  ASSERT_EQ(::getsockopt(client, IPPROTO_TCP, TCP_NODELAY, &value, &length), 0);
  EXPECT_NE(value, 0);
}

// -- datagrams ----------------------------------------------------------------

TEST_F(posix_socket_api_test, datagrams_keep_their_boundaries_and_sender) {
  auto a = keep(api.open(AF_INET, SOCK_DGRAM));
  auto b = keep(api.open(AF_INET, SOCK_DGRAM));
  ASSERT_EQ(api.bind(a, loopback()), 0);
  ASSERT_EQ(api.bind(b, loopback()), 0);
  auto to = address_of(b);
  iovec parts[] = {part("he"), part("llo")};
  EXPECT_EQ(api.send_to(a, parts, &to), 5);
  EXPECT_EQ(api.send_to(a, {}, &to), 0) << "an empty datagram";
  ASSERT_TRUE(wait_for(b, POLLIN));
  std::array<char, 100> room;
  socket_address from;
  ASSERT_EQ(api.recv_from(b, room, from), 5);
  EXPECT_EQ(std::string_view(room.data(), 5), "hello");
  EXPECT_EQ(port_of(from), port_of(address_of(a)));
  EXPECT_EQ(api.recv_from(b, room, from), 0);
  EXPECT_EQ(api.recv_from(b, room, from), -EAGAIN);
}

TEST_F(posix_socket_api_test, long_datagram_tells_its_full_length) {
  auto a = keep(api.open(AF_INET, SOCK_DGRAM));
  auto b = keep(api.open(AF_INET, SOCK_DGRAM));
  ASSERT_EQ(api.bind(b, loopback()), 0);
  ASSERT_EQ(api.connect(a, address_of(b)), 0);
  std::string text(1000, 'x');
  iovec parts[] = {part(text)};
  EXPECT_EQ(api.send_to(a, parts, nullptr), 1000);
  ASSERT_TRUE(wait_for(b, POLLIN));
  std::array<char, 10> room;
  socket_address from;
  EXPECT_EQ(api.recv_from(b, room, from), 1000);
}

// -- unix sockets -------------------------------------------------------------

TEST_F(posix_socket_api_test, unix_sockets_work_alike) {
  // An abstract name (unix(7)) needs no file, and no short path to it.
  auto name = "posix_socket_api_test." + std::to_string(::getpid());
  socket_address address;
  auto un = reinterpret_cast<sockaddr_un*>(address.data());
  un->sun_family = AF_UNIX;
  name.copy(un->sun_path + 1, name.size());
  address.length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  auto listener = keep(api.open(AF_UNIX, SOCK_STREAM));
  ASSERT_EQ(api.bind(listener, address), 0);
  ASSERT_EQ(api.listen(listener, 1), 0);
  auto client = keep(api.open(AF_UNIX, SOCK_STREAM));
  ASSERT_EQ(api.connect(client, address), 0);
  socket_address peer;
  auto server = keep(api.accept(listener, peer));
  EXPECT_EQ(peer.family(), AF_UNIX);
  EXPECT_EQ(send(client, "hello"), 5);
  EXPECT_EQ(receive(server), "hello");
  close(client, true);
  EXPECT_EQ(receive(server), "");
}

} // namespace
} // namespace sluice::runtime

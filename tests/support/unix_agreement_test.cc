// What Unix stream sockets do, on the simulated kernel and on the real one.

#include "tests/support/kernel.h"
#include "tests/support/sim_address.h"

#include <gtest/gtest.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <string>

namespace sluice::testing {
namespace {

// A name of this test's own, without a file.
std::string abstract_name() {
  auto test = ::testing::UnitTest::GetInstance()->current_test_info();
  return std::string(1, '\0') + test->name() + std::to_string(::getpid());
}

std::string path_name() {
  auto test = ::testing::UnitTest::GetInstance()->current_test_info();
  auto name = std::string{"/tmp/sluice-"} + std::to_string(::getpid()) + "-"
              + test->name();
  return name.substr(0, name.find('/', 5));
}

class unix_agreement_test : public kernel_test {
protected:
  int listen_at(const std::string& path, int backlog = 16) {
    auto fd = open(AF_UNIX, SOCK_STREAM);
    EXPECT_EQ(api().bind(fd, at(path)), 0);
    EXPECT_EQ(api().listen(fd, backlog), 0);
    return fd;
  }

  pair unix_pair() {
    auto listener = listen_at(abstract_name());
    auto client = open(AF_UNIX, SOCK_STREAM);
    EXPECT_EQ(api().connect(client, at(abstract_name())), 0);
    int server = -1;
    EXPECT_EQ(accept(listener, server), "accepted");
    close(listener);
    return {client, server};
  }
};

TEST_P(unix_agreement_test, fresh_socket_is_writable_and_hung_up) {
  auto fd = open(AF_UNIX, SOCK_STREAM);
  EXPECT_EQ(flags(fd), "out hup");
  EXPECT_EQ(recv(fd), "(EINVAL)");
  EXPECT_EQ(send(fd, "x"), "(ENOTCONN)");
  EXPECT_EQ(api().shutdown_write(fd), 0);
  EXPECT_EQ(result_text(api().listen(fd, 1)), "(EINVAL)");
  EXPECT_EQ(result_text(api().set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1)),
            "(EOPNOTSUPP)");
}

TEST_P(unix_agreement_test, connect_is_decided_at_once) {
  auto listener = listen_at(abstract_name());
  auto client = open(AF_UNIX, SOCK_STREAM);
  EXPECT_EQ(api().connect(client, at(abstract_name())), 0);
  EXPECT_EQ(result_text(api().connect(client, at(abstract_name()))),
            "(EISCONN)");
  EXPECT_EQ(flags(client), "out");
  EXPECT_EQ(flags(listener), "in");
  EXPECT_EQ(send(client, "early"), "5");
  int server = -1;
  EXPECT_EQ(accept(listener, server), "accepted");
  EXPECT_EQ(recv(server), "early");
}

TEST_P(unix_agreement_test, unnamed_client_has_an_empty_address) {
  auto listener = listen_at(abstract_name());
  auto client = open(AF_UNIX, SOCK_STREAM);
  ASSERT_EQ(api().connect(client, at(abstract_name())), 0);
  runtime::socket_address from;
  auto server = api().accept(listener, from);
  ASSERT_GE(server, 0);
  EXPECT_EQ(from.length, sizeof(sa_family_t));
  EXPECT_EQ(sim_address::from(peer_of(client)).host, abstract_name());
  EXPECT_EQ(sim_address::from(address_of(server)).host, abstract_name());
  close(server);
}

TEST_P(unix_agreement_test, full_queue_is_told_at_once) {
  listen_at(abstract_name(), 0);
  auto first = open(AF_UNIX, SOCK_STREAM);
  EXPECT_EQ(api().connect(first, at(abstract_name())), 0);
  auto second = open(AF_UNIX, SOCK_STREAM);
  EXPECT_EQ(result_text(api().connect(second, at(abstract_name()))),
            "(EAGAIN)");
}

TEST_P(unix_agreement_test, path_stays_when_its_socket_is_closed) {
  auto path = path_name();
  auto client = open(AF_UNIX, SOCK_STREAM);
  EXPECT_EQ(result_text(api().connect(client, at(path))), "(ENOENT)");
  auto listener = listen_at(path);
  EXPECT_EQ(sim_address::from(address_of(listener)).host, path);
  close(listener);
  EXPECT_EQ(result_text(api().connect(client, at(path))), "(ECONNREFUSED)");
  auto second = open(AF_UNIX, SOCK_STREAM);
  EXPECT_EQ(result_text(api().bind(second, at(path))), "(EADDRINUSE)");
  EXPECT_EQ(api().unlink(path), 0);
}

TEST_P(unix_agreement_test, file_of_a_socket_is_told_from_that_of_another) {
  auto path = path_name();
  EXPECT_EQ(api().socket_file(path), std::nullopt);
  auto first = listen_at(path);
  auto file = api().socket_file(path);
  ASSERT_TRUE(file);
  EXPECT_EQ(api().socket_file(path), file);
  EXPECT_EQ(api().unlink(path), 0);
  EXPECT_EQ(api().socket_file(path), std::nullopt);
  EXPECT_EQ(result_text(api().unlink(path)), "(ENOENT)");
  auto second = listen_at(path);
  EXPECT_NE(api().socket_file(path), file);
  close(first);
  close(second);
  EXPECT_TRUE(api().socket_file(path)) << "the file stays";
  EXPECT_EQ(api().unlink(path), 0);
}

TEST_P(unix_agreement_test, abstract_name_goes_with_its_socket) {
  auto listener = listen_at(abstract_name());
  close(listener);
  auto client = open(AF_UNIX, SOCK_STREAM);
  EXPECT_EQ(result_text(api().connect(client, at(abstract_name()))),
            "(ECONNREFUSED)");
  listen_at(abstract_name());
}

TEST_P(unix_agreement_test, stream_and_datagram_do_not_connect) {
  auto receiver = open(AF_UNIX, SOCK_DGRAM);
  ASSERT_EQ(api().bind(receiver, at(abstract_name())), 0);
  auto client = open(AF_UNIX, SOCK_STREAM);
  // An abstract name is looked up by its type, a file is not.
  EXPECT_EQ(result_text(api().connect(client, at(abstract_name()))),
            "(ECONNREFUSED)");
  auto path = path_name();
  auto with_file = open(AF_UNIX, SOCK_DGRAM);
  ASSERT_EQ(api().bind(with_file, at(path)), 0);
  EXPECT_EQ(result_text(api().connect(client, at(path))), "(EPROTOTYPE)");
  EXPECT_EQ(api().unlink(path), 0);
}

TEST_P(unix_agreement_test, full_buffer_says_again_until_the_peer_reads) {
  auto [a, b] = unix_pair();
  auto sent = fill(a);
  EXPECT_EQ(flags(a), "");
  EXPECT_EQ(send(a, "x"), "(EAGAIN)");
  auto half = recv(b, sent / 2).size();
  EXPECT_EQ(flags(a), ""); // *writable* waits for three quarters
  EXPECT_EQ(half + drain(b), sent);
  EXPECT_EQ(flags(a), "out");
}

TEST_P(unix_agreement_test, half_close_is_the_end_of_the_stream) {
  auto [a, b] = unix_pair();
  send(a, "bye");
  EXPECT_EQ(api().shutdown_write(a), 0);
  EXPECT_EQ(send(a, "x"), "(EPIPE)");
  EXPECT_EQ(flags(a), "out");
  EXPECT_EQ(flags(b), "in out");
  EXPECT_EQ(recv(b), "bye");
  EXPECT_EQ(recv(b), "(end)");
  EXPECT_EQ(send(b, "still here"), "10");
  EXPECT_EQ(recv(a), "still here");
  EXPECT_EQ(api().shutdown_write(b), 0);
  EXPECT_EQ(flags(a), "in out hup");
  EXPECT_EQ(flags(b), "in out hup");
}

TEST_P(unix_agreement_test, close_hangs_the_peer_up_at_once) {
  auto [a, b] = unix_pair();
  send(a, "rest");
  close(a);
  EXPECT_EQ(flags(b), "in out hup");
  EXPECT_EQ(send(b, "x"), "(EPIPE)");
  EXPECT_EQ(recv(b), "rest");
  EXPECT_EQ(recv(b), "(end)");
  EXPECT_EQ(error(b), "0");
}

TEST_P(unix_agreement_test, reset_is_a_plain_close) {
  auto [a, b] = unix_pair();
  close(a, true);
  EXPECT_EQ(flags(b), "in out hup");
  EXPECT_EQ(recv(b), "(end)");
}

TEST_P(unix_agreement_test, close_with_unread_bytes_is_told_as_a_reset) {
  auto [a, b] = unix_pair();
  send(b, "never read");
  close(a);
  EXPECT_EQ(flags(b), "in out err hup");
  EXPECT_EQ(send(b, "x"), "(EPIPE)");
  EXPECT_EQ(recv(b), "(ECONNRESET)");
  EXPECT_EQ(recv(b), "(end)");
}

TEST_P(unix_agreement_test, closing_a_listener_resets_who_waits) {
  auto listener = listen_at(abstract_name());
  auto client = open(AF_UNIX, SOCK_STREAM);
  ASSERT_EQ(api().connect(client, at(abstract_name())), 0);
  close(listener);
  EXPECT_EQ(flags(client), "in out err hup");
  EXPECT_EQ(recv(client), "(ECONNRESET)");
}

SLUICE_ON_BOTH_KERNELS(unix_agreement_test);

} // namespace
} // namespace sluice::testing

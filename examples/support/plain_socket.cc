#include "examples/support/plain_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace sluice::examples::support {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return result;
}

int tcp_socket() {
  return static_cast<int>(
      must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
}

} // namespace

long must(long result, const char* what) {
  if (result >= 0)
    return result;
  std::perror(what);
  std::exit(EXIT_FAILURE);
}

plain_socket::~plain_socket() {
  if (fd_ >= 0)
    ::close(fd_);
}

plain_socket plain_socket::listen() {
  plain_socket result{tcp_socket()};
  auto where = loopback(0);
  must(::bind(result.fd_, reinterpret_cast<sockaddr*>(&where), sizeof where),
       "bind");
  must(::listen(result.fd_, 1), "listen");
  return result;
}

plain_socket plain_socket::connect(std::uint16_t port) {
  plain_socket result{tcp_socket()};
  auto where = loopback(port);
  must(::connect(result.fd_, reinterpret_cast<sockaddr*>(&where), sizeof where),
       "connect");
  return result;
}

plain_socket plain_socket::accept() const {
  return plain_socket{static_cast<int>(
      must(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC), "accept"))};
}

std::uint16_t plain_socket::port() const {
  auto where = loopback(0);
  socklen_t size = sizeof where;
  must(::getsockname(fd_, reinterpret_cast<sockaddr*>(&where), &size),
       "getsockname");
  return ntohs(where.sin_port);
}

} // namespace sluice::examples::support

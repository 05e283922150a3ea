#include "bench/loopback.h"

#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

namespace sluice::bench {

namespace {

constexpr unsigned connections_per_source_address = 10'000;

sockaddr_in loopback_address(uint16_t port, unsigned host) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + host);
  return address;
}

void set_option(int fd, int level, int option, const char* what) {
  int on = 1;
  if (setsockopt(fd, level, option, &on, sizeof(on)) != 0)
    die(what);
}

} // namespace

int listen_loopback(uint16_t port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    die("socket");
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR");
  auto address = loopback_address(port, 0);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    die("bind");
  if (listen(fd, SOMAXCONN) != 0)
    die("listen");
  return fd;
}

uint16_t local_port(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    die("getsockname");
  return ntohs(address.sin_port);
}

void announce(uint16_t port) {
  std::printf("listening %u\n", unsigned{port});
  std::fflush(stdout);
}

int connect_loopback(uint16_t port, unsigned index) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    die("socket");
  unsigned block = index / connections_per_source_address;
  if (block > 0) {
    // Leaves the choice of the port to connect(2), where it only has to be
    // unique together with the destination (ip(7)).
    set_option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT,
               "IP_BIND_ADDRESS_NO_PORT");
    auto source = loopback_address(0, block);
    if (bind(fd, reinterpret_cast<sockaddr*>(&source), sizeof(source)) != 0)
      die("bind");
  }
  auto address = loopback_address(port, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
    die("connect");
  set_nodelay(fd);
  return fd;
}

void set_nonblocking(int fd) {
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
    die("fcntl");
}

void set_nodelay(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY");
}

uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
    die("setrlimit");
  return limit.rlim_cur;
}

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000
         + static_cast<uint64_t>(now.tv_nsec);
}

void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

} // namespace sluice::bench

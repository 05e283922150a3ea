#include "tests/actors/cluster/etcd/tcp_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace sluice::testing {

namespace {

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  result.sin_port = htons(port);
  return result;
}

void check(bool condition, const char* what) {
  if (condition)
    return;
  std::perror(what);
  std::abort();
}

} // namespace

tcp_relay::tcp_relay(std::uint16_t target) : target_(target) {
  auto address = loopback(0);
  auto generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t length = sizeof(address);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  check(::bind(listener_, generic, length) == 0 && ::listen(listener_, 64) == 0
            && ::getsockname(listener_, generic, &length) == 0,
        "tcp_relay");
  port_ = ntohs(address.sin_port);
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  thread_ = std::thread{[this] { run(); }};
}

tcp_relay::~tcp_relay() {
  ending_ = true;
  wake();
  thread_.join();
  for (auto& x : pairs_)
    reset(x);
  ::close(listener_);
  ::close(wake_);
}

std::string tcp_relay::url() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

void tcp_relay::cut() {
  std::lock_guard guard{mutex_};
  cut_ = true;
  for (auto& x : pairs_)
    reset(x);
  pairs_.clear();
  wake();
}

void tcp_relay::silence() {
  std::lock_guard guard{mutex_};
  for (auto& x : pairs_)
    x.silent = true;
  wake();
}

void tcp_relay::heal() {
  std::lock_guard guard{mutex_};
  cut_ = false;
}

void tcp_relay::wake() {
  std::uint64_t one = 1;
  check(::write(wake_, &one, sizeof(one)) == sizeof(one), "tcp_relay");
}

void tcp_relay::reset(pair& x) {
  linger now{1, 0};
  for (auto fd : {x.client, x.server}) {
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    ::close(fd);
  }
}

void tcp_relay::accept_one() {
  auto client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0)
    return;
  pair x{client, ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), false};
  auto address = loopback(target_);
  // On loopback this is at once.
  if (cut_
      || ::connect(x.server, reinterpret_cast<sockaddr*>(&address),
                   sizeof(address))
             != 0)
    return reset(x);
  pairs_.push_back(x);
}

/// False at the end of a connection.
bool tcp_relay::pump(int from, int to) {
  std::array<char, 16 * 1024> bytes;
  auto count = ::recv(from, bytes.data(), bytes.size(), 0);
  if (count <= 0)
    return false;
  return ::send(to, bytes.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL)
         == count;
}

void tcp_relay::run() {
  std::vector<pollfd> all;
  while (!ending_) {
    all.assign({{wake_, POLLIN, 0}, {listener_, POLLIN, 0}});
    {
      std::lock_guard guard{mutex_};
      for (auto& x : pairs_)
        if (!x.silent) {
          all.push_back({x.client, POLLIN, 0});
          all.push_back({x.server, POLLIN, 0});
        }
    }
    ::poll(all.data(), all.size(), -1);
    std::uint64_t ignored = 0;
    if (all[0].revents != 0)
      check(::read(wake_, &ignored, sizeof(ignored)) > 0, "tcp_relay");
    std::lock_guard guard{mutex_};
    std::erase_if(pairs_, [&](pair& x) {
      auto ready = [&](int fd) {
        return std::ranges::any_of(
            all, [&](auto& y) { return y.fd == fd && y.revents != 0; });
      };
      if (x.silent
          || ((!ready(x.client) || pump(x.client, x.server))
              && (!ready(x.server) || pump(x.server, x.client))))
        return false;
      reset(x);
      return true;
    });
    if (all[1].revents != 0)
      accept_one();
  }
}

} // namespace sluice::testing

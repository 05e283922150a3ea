// Peer: echo on a raw epoll loop, the yardstick of all ratios. Level-triggered;
// one read into a shared buffer per event, one direct write; what the system
// does not take is queued, and reading pauses until it is gone.

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstddef>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "bench/loopback.h"
#include "bench/peer.h"

namespace {

using namespace sluice::bench;

constexpr size_t read_bytes = 64 * 1024;
constexpr int reads_per_event_max = 32;

struct connection {
  int fd;
  // What the system did not take at once, and how much of it since then.
  std::vector<std::byte> unsent;
  size_t taken = 0;
};

class echo_server {
public:
  echo_server(uint16_t port, int reads_per_event)
      : reads_per_event_(reads_per_event),
        listener_(listen_loopback(port)),
        stop_(open_stop_signal()),
        buffer_(read_bytes) {
    add(listener_, &listener_);
    add(stop_, &stop_);
  }

  void run() {
    announce(local_port(listener_));
    std::array<epoll_event, 256> events;
    for (;;) {
      int ready = epoll_wait(epoll_, events.data(),
                             static_cast<int>(events.size()), -1);
      if (ready < 0 && errno != EINTR)
        die("epoll_wait");
      for (int i = 0; i < ready; ++i) {
        const auto& event = events[static_cast<size_t>(i)];
        if (event.data.ptr == &stop_)
          return;
        if (event.data.ptr == &listener_) {
          accept_all();
          continue;
        }
        auto* c = static_cast<connection*>(event.data.ptr);
        bool open = (event.events & EPOLLOUT) != 0 ? flush(*c) : echo(*c);
        if (!open) {
          close(c->fd);
          delete c;
        }
      }
    }
  }

private:
  void add(int fd, void* who) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = who;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0)
      die("epoll_ctl");
  }

  void want(connection& c, uint32_t interest) {
    epoll_event event{};
    event.events = interest;
    event.data.ptr = &c;
    if (epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd, &event) != 0)
      die("epoll_ctl");
  }

  void accept_all() {
    for (;;) {
      int fd =
          accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0)
        return;
      set_nodelay(fd);
      add(fd, new connection{fd, {}, 0});
    }
  }

  // Both return whether the connection stays open.
  bool echo(connection& c) {
    for (int reads = 0; reads < reads_per_event_; ++reads) {
      auto n = recv(c.fd, buffer_.data(), buffer_.size(), 0);
      if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
      auto size = static_cast<size_t>(n);
      auto sent = send(c.fd, buffer_.data(), size, MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN)
        return false;
      auto taken = sent < 0 ? 0 : static_cast<size_t>(sent);
      if (taken < size) {
        c.unsent.assign(buffer_.data() + taken, buffer_.data() + size);
        c.taken = 0;
        want(c, EPOLLOUT);
        return true;
      }
      if (size < buffer_.size())
        return true;
    }
    return true;
  }

  bool flush(connection& c) {
    auto sent = send(c.fd, c.unsent.data() + c.taken, c.unsent.size() - c.taken,
                     MSG_NOSIGNAL);
    if (sent < 0)
      return errno == EAGAIN || errno == EINTR;
    c.taken += static_cast<size_t>(sent);
    if (c.taken == c.unsent.size())
      want(c, EPOLLIN);
    return true;
  }

  int reads_per_event_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  int listener_;
  int stop_;
  std::vector<std::byte> buffer_;
};

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Echo on a raw epoll loop."};
  uint16_t port = 0;
  app.add_option("--port", port, "0 lets the system choose");
  bool drain = false;
  app.add_flag("--drain", drain,
               "reads again while reads are full, up to 32 times");
  CLI11_PARSE(app, argc, argv);
  raise_descriptor_limit();
  echo_server{port, drain ? reads_per_event_max : 1}.run();
}

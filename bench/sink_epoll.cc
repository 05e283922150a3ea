// Peer for growth: writes 64 KiB blocks on a raw epoll loop and obeys EAGAIN:
// what the system does not take waits where it is, and nothing is queued.

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
#include "bench/sink.h"

namespace {

using namespace sluice::bench;

struct writer {
  int fd;
  uint64_t end_ns;
  std::vector<std::byte> block;
  // Bytes of the block that the system has taken.
  size_t taken;
};

// Writes until the system takes no more; false when the writer is done.
bool write_more(writer& w) {
  while (now_ns() < w.end_ns) {
    auto n = send(w.fd, w.block.data() + w.taken, w.block.size() - w.taken,
                  MSG_NOSIGNAL);
    if (n < 0)
      return errno == EAGAIN || errno == EINTR;
    w.taken = (w.taken + static_cast<size_t>(n)) % w.block.size();
  }
  return false;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Writes on a raw epoll loop."};
  sink_options options;
  add_sink_options(app, options);
  CLI11_PARSE(app, argc, argv);
  int stop = open_stop_signal();
  int listener = listen_loopback(options.port);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  auto add = [epoll](int fd, uint32_t interest, void* who) {
    epoll_event event{};
    event.events = interest;
    event.data.ptr = who;
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
      die("epoll_ctl");
  };
  add(listener, EPOLLIN, &listener);
  add(stop, EPOLLIN, &stop);
  announce(local_port(listener));
  for (std::array<epoll_event, 64> events;;) {
    int ready =
        epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR)
      die("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      auto* who = events[static_cast<size_t>(i)].data.ptr;
      if (who == &stop)
        return 0;
      if (who == &listener) {
        int fd =
            accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0)
          add(fd, EPOLLOUT,
              new writer{fd, now_ns() + options.duration_ns(),
                         std::vector<std::byte>(sink_block_bytes), 0});
        continue;
      }
      auto* w = static_cast<writer*>(who);
      if (!write_more(*w)) {
        close(w->fd);
        delete w;
      }
    }
  }
}

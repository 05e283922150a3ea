#include "bench/peer.h"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/signalfd.h>

#include "bench/loopback.h"

namespace sluice::bench {

int open_stop_signal() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0)
    die("sigprocmask");
  int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0)
    die("signalfd");
  return fd;
}

void await_stop_signal(int fd) {
  pollfd signal{fd, POLLIN, 0};
  while (poll(&signal, 1, -1) < 0 && errno == EINTR) {
  }
}

} // namespace sluice::bench

#include "examples/support/until_signal.h"

#include <cerrno>
#include <ctime>

#include <pthread.h>
#include <unistd.h>

namespace sluice::examples::support {

using std::chrono::steady_clock;

until_signal::until_signal() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void until_signal::wait(std::chrono::seconds limit) const {
  if (limit.count() != 0) {
    wait_for(limit);
    return;
  }
  while (sigwaitinfo(&signals_, nullptr) <= 0 && errno == EINTR)
    continue;
}

bool until_signal::wait_for(std::chrono::nanoseconds limit) const {
  auto end = steady_clock::now() + limit;
  for (;;) {
    auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
        end - steady_clock::now());
    if (left.count() <= 0)
      return false;
    timespec rest{static_cast<time_t>(left.count() / 1'000'000'000),
                  static_cast<long>(left.count() % 1'000'000'000)};
    if (sigtimedwait(&signals_, nullptr, &rest) > 0)
      return true;
    if (errno != EINTR)
      return false;
  }
}

void until_signal::wake() {
  kill(getpid(), SIGTERM);
}

} // namespace sluice::examples::support

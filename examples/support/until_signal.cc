#include "examples/support/until_signal.h"

#include <cerrno>
#include <ctime>

#include <pthread.h>

namespace sluice::examples::support {

using std::chrono::steady_clock;

until_signal::until_signal() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

void until_signal::wait(std::chrono::seconds limit) const {
  auto end = steady_clock::now() + limit;
  for (;;) {
    if (limit.count() == 0) {
      if (sigwaitinfo(&signals_, nullptr) > 0 || errno != EINTR)
        return;
      continue;
    }
    auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(
        end - steady_clock::now());
    if (left.count() <= 0)
      return;
    timespec rest{static_cast<time_t>(left.count() / 1'000'000'000),
                  static_cast<long>(left.count() % 1'000'000'000)};
    if (sigtimedwait(&signals_, nullptr, &rest) > 0 || errno != EINTR)
      return;
  }
}

} // namespace sluice::examples::support

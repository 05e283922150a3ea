#include "actors/process/process_keeper.h"

#include "runtime/panic.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <system_error>
#include <thread>

namespace sluice::actors::process {

struct process_keeper::job {
  const std::function<void()>& f;
  std::condition_variable changed{};
  bool done = false;
};

namespace {

/// Blocks all signals while it lives: a new thread inherits that.
class signals_blocked {
public:
  signals_blocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~signals_blocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

private:
  sigset_t before_;
};

/// True once nothing is left to wait for.
bool has_ended(const descriptor& handle) noexcept {
  siginfo_t info{};
  auto result = ::waitid(P_PIDFD, static_cast<id_t>(handle.fd()), &info,
                         WEXITED | WNOHANG);
  return result == 0 ? info.si_pid != 0 : errno != EINTR;
}

} // namespace

process_keeper& process_keeper::instance() {
  // Never destroyed: its thread uses it until the process is gone.
  static auto& keeper = *new process_keeper;
  return keeper;
}

process_keeper::process_keeper()
    : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_.is_open())
    throw std::system_error{errno, std::generic_category(), "eventfd"};
  signals_blocked guard;
  std::thread{[this] { loop(); }}.detach();
}

void process_keeper::run(const std::function<void()>& f) {
  job mine{f};
  std::unique_lock guard{mutex_};
  jobs_.push_back(&mine);
  ::eventfd_write(wake_.fd(), 1);
  mine.changed.wait(guard, [&] { return mine.done; });
}

void process_keeper::reap(descriptor handle) {
  std::lock_guard guard{mutex_};
  new_children_.push_back(std::move(handle));
  ::eventfd_write(wake_.fd(), 1);
}

std::size_t process_keeper::waiting() const {
  std::lock_guard guard{mutex_};
  return children_.size() + new_children_.size();
}

void process_keeper::loop() {
  std::vector<pollfd> watched;
  for (;;) {
    watched.assign(1, {wake_.fd(), POLLIN, 0});
    for (auto& x : children_)
      watched.push_back({x.fd(), POLLIN, 0});
    auto count = ::poll(watched.data(), watched.size(), -1);
    runtime::check(count >= 0 || errno == EINTR || errno == ENOMEM,
                   "poll failed for child processes");
    if (count <= 0)
      continue;
    if (watched[0].revents != 0)
      take_jobs();
    std::lock_guard guard{mutex_};
    std::erase_if(children_, has_ended);
    for (auto& x : new_children_)
      children_.push_back(std::move(x));
    new_children_.clear();
  }
}

void process_keeper::take_jobs() {
  eventfd_t count = 0;
  ::eventfd_read(wake_.fd(), &count);
  std::unique_lock guard{mutex_};
  auto taken = std::exchange(jobs_, {});
  for (auto x : taken) {
    guard.unlock();
    x->f();
    guard.lock();
    x->done = true;
    x->changed.notify_one(); // under the lock: then it may be gone
  }
}

} // namespace sluice::actors::process

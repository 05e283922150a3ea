#include "tools/sluice/console.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace sluice::tools {

using namespace std::chrono_literals;

/// Outlives the console if its thread is stuck in a write.
struct console::shared {
  int fd = -1;
  std::mutex mutex;
  std::condition_variable changed;
  std::string waiting;
  std::size_t dropped = 0;
  std::size_t written = 0; // pieces, so that progress can be seen
  bool busy = false;
  bool ended = false;

  void run();
  bool write_all(std::string_view text);
};

bool console::shared::write_all(std::string_view text) {
  while (!text.empty()) {
    auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return false; // nobody is there any more
    text.remove_prefix(static_cast<std::size_t>(n));
    std::lock_guard guard{mutex};
    ++written;
    changed.notify_all();
  }
  return true;
}

void console::shared::run() {
  // Signals are for others; and a reader that is gone is no reason to die.
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock guard{mutex};
  for (;;) {
    changed.wait(guard, [this] { return ended || !waiting.empty(); });
    if (waiting.empty())
      return;
    auto text = std::exchange(waiting, {});
    if (auto count = std::exchange(dropped, 0))
      text += "sluice | " + std::to_string(count)
              + " lines were not shown: nobody read\n";
    busy = true;
    guard.unlock();
    write_all(text);
    guard.lock();
    busy = false;
    changed.notify_all();
  }
}

console::console(int fd) : shared_(std::make_shared<shared>()) {
  shared_->fd = fd;
  std::thread{[x = shared_] { x->run(); }}.detach();
}

console::~console() {
  flush();
  std::lock_guard guard{shared_->mutex};
  shared_->ended = true;
  shared_->changed.notify_all();
}

void console::line(std::string_view text) {
  std::lock_guard guard{shared_->mutex};
  if (shared_->waiting.size() + text.size() >= waiting_bytes_max) {
    ++shared_->dropped;
    return;
  }
  shared_->waiting.append(text);
  shared_->waiting += '\n';
  shared_->changed.notify_all();
}

void console::flush() {
  std::unique_lock guard{shared_->mutex};
  auto done = [this] { return shared_->waiting.empty() && !shared_->busy; };
  while (!done()) {
    auto before = shared_->written;
    auto moved = [&] { return done() || shared_->written != before; };
    if (!shared_->changed.wait_for(guard, 1s, moved))
      return;
  }
}

} // namespace sluice::tools

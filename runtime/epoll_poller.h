#pragma once

// The real poller: epoll(7), level-triggered, and an eventfd(2) for `wake`.
//
// Internal. Thread rule and lifetime: see poller.h.

#include "runtime/poller.h"

namespace sluice::runtime {

class epoll_poller final : public poller {
public:
  /// Aborts if the kernel gives no epoll instance or no eventfd: a loop without
  /// them cannot exist.
  epoll_poller();
  ~epoll_poller() override;

  epoll_poller(const epoll_poller&) = delete;
  epoll_poller& operator=(const epoll_poller&) = delete;

  caf::error add(int fd, interest what, io_handler& handler) override;
  caf::error modify(int fd, interest what, io_handler& handler) override;
  void remove(int fd) override;

  /// The timeout is rounded up to the millisecond, the unit of epoll_wait(2).
  std::size_t wait(std::span<ready_event> out, duration timeout) override;
  void wake() noexcept override;

private:
  caf::error control(int operation, int fd, interest what, io_handler& handler,
                     const char* name);
  void drain_wake_ups() noexcept;

  int epoll_fd_;
  int wake_fd_;
};

} // namespace sluice::runtime

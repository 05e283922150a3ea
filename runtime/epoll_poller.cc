#include "runtime/epoll_poller.h"

#include "runtime/error.h"
#include "runtime/limits.h"
#include "runtime/panic.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace sluice::runtime {

namespace {

std::uint32_t to_epoll(interest what) {
  std::uint32_t result = 0;
  if (wants(what, interest::read))
    result |= EPOLLIN;
  if (wants(what, interest::write))
    result |= EPOLLOUT;
  return result;
}

readiness from_epoll(std::uint32_t bits) {
  return {(bits & EPOLLIN) != 0, (bits & EPOLLOUT) != 0, (bits & EPOLLERR) != 0,
          (bits & EPOLLHUP) != 0};
}

int to_milliseconds(duration timeout) {
  if (timeout < duration::zero())
    return -1;
  auto count = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
  return static_cast<int>(std::min<long>(count, INT_MAX));
}

} // namespace

epoll_poller::epoll_poller()
    : epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (epoll_fd_ < 0 || wake_fd_ < 0)
    panic("no epoll instance: " + errno_text(errno));
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr; // means: a wake-up
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, wake_fd_, &event) != 0)
    panic("epoll_ctl: " + errno_text(errno));
}

epoll_poller::~epoll_poller() {
  ::close(wake_fd_);
  ::close(epoll_fd_);
}

caf::error epoll_poller::control(int operation, int fd, interest what,
                                 io_handler& handler, const char* name) {
  epoll_event event{};
  event.events = to_epoll(what);
  event.data.ptr = &handler;
  if (epoll_ctl(epoll_fd_, operation, fd, &event) != 0)
    return make_system_error(errno, std::string{"epoll_ctl("} + name
                                        + ") of descriptor "
                                        + std::to_string(fd));
  return {};
}

caf::error epoll_poller::add(int fd, interest what, io_handler& handler) {
  return control(EPOLL_CTL_ADD, fd, what, handler, "add");
}

caf::error epoll_poller::modify(int fd, interest what, io_handler& handler) {
  return control(EPOLL_CTL_MOD, fd, what, handler, "modify");
}

void epoll_poller::remove(int fd) {
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
}

std::size_t epoll_poller::wait(std::span<ready_event> out, duration timeout) {
  std::array<epoll_event, limits::ready_batch_events> events;
  auto room = static_cast<int>(std::min(out.size(), events.size()));
  check(room > 0, "a poller waits without room for an event");
  auto count =
      epoll_wait(epoll_fd_, events.data(), room, to_milliseconds(timeout));
  if (count < 0 && errno != EINTR) // else the loop would spin for ever
    panic("epoll_wait: " + errno_text(errno));
  std::size_t filled = 0;
  for (int i = 0; i < count; ++i) {
    auto& event = events[static_cast<std::size_t>(i)];
    if (event.data.ptr == nullptr)
      drain_wake_ups();
    else
      out[filled++] = {static_cast<io_handler*>(event.data.ptr),
                       from_epoll(event.events)};
  }
  return filled;
}

void epoll_poller::wake() noexcept {
  std::uint64_t one = 1;
  // EAGAIN means that the counter is full: the loop wakes anyway.
  [[maybe_unused]] auto n = ::write(wake_fd_, &one, sizeof(one));
}

void epoll_poller::drain_wake_ups() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] auto n = ::read(wake_fd_, &count, sizeof(count));
}

} // namespace sluice::runtime

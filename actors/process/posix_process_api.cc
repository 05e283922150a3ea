#include "actors/process/posix_process_api.h"

#include "actors/process/launch.h"
#include "actors/process/process_keeper.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <utility>

extern "C" { // which this header forgets in glibc 2.36
#include <sys/pidfd.h>
}

namespace sluice::actors::process {

namespace {

template <class T>
T or_errno(T result) noexcept {
  return result < 0 ? static_cast<T>(-errno) : result;
}

/// waitid(2) for the child of a pidfd, without waiting.
int look(const descriptor& handle, siginfo_t& out, int flags) noexcept {
  out = {};
  for (;;) {
    auto result = ::waitid(P_PIDFD, static_cast<id_t>(handle.fd()), &out,
                           WEXITED | WNOHANG | flags);
    if (result == 0 || errno != EINTR)
      return or_errno(result);
  }
}

} // namespace

posix_process_api& posix_process_api::instance() noexcept {
  static posix_process_api api;
  return api;
}

caf::expected<launched>
posix_process_api::start(const process_options& options) {
  return launch(options);
}

ssize_t posix_process_api::read(int fd, std::span<char> room) {
  return or_errno(::read(fd, room.data(), room.size()));
}

ssize_t posix_process_api::write(int fd, std::span<const iovec> parts) {
  return or_errno(::writev(fd, parts.data(), static_cast<int>(parts.size())));
}

std::size_t posix_process_api::pipe_bytes(int fd) {
  auto result = ::fcntl(fd, F_GETPIPE_SZ);
  return result < 0 ? 0 : static_cast<std::size_t>(result);
}

int posix_process_api::signal(const descriptor& handle, int number) {
  return or_errno(::pidfd_send_signal(handle.fd(), number, nullptr, 0));
}

void posix_process_api::signal_group(const launched& child, int number) {
  // Twice the same signal is not the same as once: some programs take a second
  // SIGTERM for impatience.
  if (::getpgid(child.pid) != child.pid)
    signal(child.handle, number);
  ::kill(-child.pid, number);
}

std::optional<exit_status> posix_process_api::peek(const descriptor& handle) {
  siginfo_t info;
  if (look(handle, info, WNOWAIT) < 0)
    return exit_status{}; // ECHILD: somebody else took it
  if (info.si_pid == 0)
    return std::nullopt;
  if (info.si_code == CLD_EXITED)
    return exit_status{process_end::exited, info.si_status};
  return exit_status{process_end::killed, info.si_status};
}

void posix_process_api::reap(const descriptor& handle) {
  siginfo_t info;
  look(handle, info, 0);
}

void posix_process_api::reap_later(descriptor handle) {
  siginfo_t info;
  if (look(handle, info, 0) == 0 && info.si_pid == 0)
    process_keeper::instance().reap(std::move(handle));
}

} // namespace sluice::actors::process

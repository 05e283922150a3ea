#pragma once

// The seam to child processes: every system call that starts, ends or waits for
// one, or moves bytes through its pipes. Nothing else calls the operating
// system for these, so that tests can let each of them fail.
//
// Convention, as in runtime/socket_api.h: a result >= 0 is success, a negative
// one is -errno. But for `start` no call blocks.
//
// Internal. Thread rule: an implementation is called from all loops at once.
// Lifetime: outlives every actor that uses it.

#include "actors/process/descriptor.h"
#include "actors/process/events.h"
#include "actors/process/process_options.h"

#include <caf/expected.hpp>

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <optional>
#include <span>

namespace sluice::actors::process {

/// A child that runs, and our ends of its pipes, which do not block.
struct launched {
  pid_t pid = -1;
  descriptor handle; // pidfd_open(2): readable when the child has ended
  descriptor input;  // not open unless the options say `piped`
  descriptor output;
  descriptor error;
};

struct exit_status {
  process_end how = process_end::unknown;
  int status = 0;
};

class process_api {
public:
  virtual ~process_api() = default;

  /// Starts a child; returns when it runs the program, or with the reason why
  /// it does not. `options` were checked.
  virtual caf::expected<launched> start(const process_options& options) = 0;

  /// read(2), 0 is the end; writev(2). SIGPIPE is the caller's matter.
  virtual ssize_t read(int fd, std::span<char> room) = 0;
  virtual ssize_t write(int fd, std::span<const iovec> parts) = 0;

  /// What a pipe may hold, in bytes (F_GETPIPE_SZ).
  virtual std::size_t pipe_bytes(int fd) = 0;

  /// pidfd_send_signal(2).
  virtual int signal(const descriptor& handle, int number) = 0;

  /// Signals the child, wherever it is, and everybody in the group that it was
  /// started in. Only before `reap`: later both may be others.
  virtual void signal_group(const launched& child, int number) = 0;

  /// How the child ended, and nothing while it has not. It stays a zombie, so
  /// that nobody else gets its number (waitid(2) with WNOWAIT).
  virtual std::optional<exit_status> peek(const descriptor& handle) = 0;

  /// Lets go of a child that has ended.
  virtual void reap(const descriptor& handle) = 0;

  /// Lets go of a child as soon as it has ended, which nobody waits for.
  virtual void reap_later(descriptor handle) = 0;
};

} // namespace sluice::actors::process

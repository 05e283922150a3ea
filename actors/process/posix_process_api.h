#pragma once

// The real child processes. `start` needs Linux 5.11 (close_range(2) with
// CLOSE_RANGE_CLOEXEC); the rest 5.4.
//
// Internal. Thread rule: any thread. Lifetime: `instance` is for ever.

#include "actors/process/process_api.h"

namespace sluice::actors::process {

class posix_process_api : public process_api {
public:
  static posix_process_api& instance() noexcept;

  caf::expected<launched> start(const process_options& options) override;
  ssize_t read(int fd, std::span<char> room) override;
  ssize_t write(int fd, std::span<const iovec> parts) override;
  std::size_t pipe_bytes(int fd) override;
  int signal(const descriptor& handle, int number) override;
  void signal_group(const launched& child, int number) override;
  std::optional<exit_status> peek(const descriptor& handle) override;
  void reap(const descriptor& handle) override;
  void reap_later(descriptor handle) override;
};

} // namespace sluice::actors::process

#pragma once

// The real sockets: one system call for each function, nothing else.
//
// Internal. Thread rule: stateless, any thread. Lifetime: `instance` is for
// ever.

#include "runtime/socket_api.h"

namespace sluice::runtime {

class posix_socket_api final : public socket_api {
public:
  static posix_socket_api& instance() noexcept;

  int open(int family, int type) override;
  int bind(int fd, const socket_address& address) override;
  int listen(int fd, int backlog) override;
  int accept(int fd, socket_address& peer) override;
  int connect(int fd, const socket_address& address) override;
  ssize_t recv(int fd, std::span<char> room) override;
  ssize_t send(int fd, std::span<const iovec> parts) override;
  ssize_t recv_from(int fd, std::span<char> room,
                    socket_address& from) override;
  ssize_t send_to(int fd, std::span<const iovec> parts,
                  const socket_address* to) override;
  int shutdown_write(int fd) override;
  void close(int fd, bool reset) override;
  int take_error(int fd) override;
  int set_option(int fd, int level, int name, int value) override;
  int local_address(int fd, socket_address& out) override;
  int peer_address(int fd, socket_address& out) override;
  std::optional<std::uint64_t> socket_file(const std::string& path) override;
  int unlink(const std::string& path) override;
};

} // namespace sluice::runtime

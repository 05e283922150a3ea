#pragma once

// sim_socket_api: the seam's socket calls on a simulated host. It adds the
// mishaps that a call may have in its own right: EINTR, EAGAIN, short counts,
// a shortage of descriptors.
//
// Stricter than a kernel where only a bug gets there: closing a descriptor that
// is not open, or that a poller still watches, aborts.
//
// For tests. Thread rule: the world's. Lifetime: within that of the world.

#include "runtime/socket_api.h"
#include "tests/support/sim_world.h"

#include <string_view>
#include <vector>

namespace sluice::testing {

class sim_socket_api final : public runtime::socket_api {
public:
  explicit sim_socket_api(sim_world& world) : sim_socket_api(world.host()) {}
  explicit sim_socket_api(sim_host& host) : world_(host.world()), host_(host) {}

  int open(int family, int type) override;
  int bind(int fd, const runtime::socket_address& address) override;
  int listen(int fd, int backlog) override;
  int accept(int fd, runtime::socket_address& peer) override;
  int connect(int fd, const runtime::socket_address& address) override;
  ssize_t recv(int fd, std::span<char> room) override;
  ssize_t send(int fd, std::span<const iovec> parts) override;
  ssize_t recv_from(int fd, std::span<char> room,
                    runtime::socket_address& from) override;
  ssize_t send_to(int fd, std::span<const iovec> parts,
                  const runtime::socket_address* to) override;
  int shutdown_write(int fd) override;
  void close(int fd, bool reset) override;
  int take_error(int fd) override;
  int set_option(int fd, int level, int name, int value) override;
  int local_address(int fd, runtime::socket_address& out) override;
  int peer_address(int fd, runtime::socket_address& out) override;
  std::optional<std::uint64_t> socket_file(const std::string& path) override;
  int unlink(const std::string& path) override;

private:
  /// The socket behind `fd`, or null.
  sim_socket* find(int fd) const noexcept;

  /// Notes a call and its result, which it gives back.
  ssize_t done(std::string_view call, int fd, ssize_t result,
               std::size_t size = 0);

  /// Why the call fails by bad luck: a positive errno, or 0.
  int mishap();

  /// Why no descriptor can be had: a positive errno, or 0. May start a
  /// shortage.
  int shortage();

  /// A size up to `n`, less at the given rate; never 0 unless `n` is.
  std::size_t shortened(std::size_t n, unsigned rate);

  int try_open(int family, int type);
  int try_accept(int fd, runtime::socket_address& peer);
  ssize_t try_recv(int fd, std::span<char> room);
  ssize_t try_send(int fd, std::span<const iovec> parts);

  sim_world& world_;
  sim_host& host_;
};

} // namespace sluice::testing

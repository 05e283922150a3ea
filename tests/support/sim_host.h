#pragma once

// sim_host: one computer of a simulated world with one process on it: its IP
// addresses, its descriptors and the addresses its sockets are bound to.
//
// For tests. Thread rule: one thread at a time. Lifetime: belongs to its world.

#include "runtime/clock.h"
#include "tests/support/address_table.h"
#include "tests/support/sim_address.h"
#include "tests/support/sim_socket.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace sluice::testing {

class sim_host {
public:
  /// `own` are the host's IP addresses besides 127.0.0.1 and ::1. `index`
  /// tells the hosts of a world apart.
  sim_host(sim_world& world, std::size_t index, std::vector<sim_address> own);

  sim_host(const sim_host&) = delete;
  sim_host& operator=(const sim_host&) = delete;

  sim_world& world() const noexcept { return world_; }
  std::size_t index() const noexcept { return index_; }

  /// True for the host's own addresses and for those of the loopback.
  bool has(const sim_address& address) const;

  /// True for the host's own addresses.
  bool owns(const sim_address& address) const;

  /// The address that a connection to `destination` comes from, without a
  /// port. AF_UNSPEC if the host has none of that family.
  sim_address source_for(const sim_address& destination) const;

  /// The addresses in use among which `x` is looked up: each type of socket
  /// has its own, only the files of Unix sockets are shared.
  address_table& addresses(const sim_address& x, int type) noexcept {
    if (x.is_file())
      return paths_;
    return type == SOCK_STREAM ? streams_ : datagrams_;
  }

  /// unlink(2) for Unix sockets. False if there is no such path.
  bool unlink(const std::string& path) {
    return paths_.unlink({AF_UNIX, path, 0});
  }

  /// The file of a Unix socket: the socket's id, and 0 if that was closed.
  std::optional<std::uint64_t> socket_file(const std::string& path) const {
    auto there = paths_.bound_to({AF_UNIX, path, 0});
    if (there.empty())
      return std::nullopt;
    return there.front();
  }

  // -- descriptors ------------------------------------------------------------

  /// Descriptors start here, far above those that the process really has: one
  /// that slips through to a system call does no harm.
  static constexpr int first_descriptor = 1000;

  /// RLIMIT_NOFILE: open and accept give EMFILE while `n` are open.
  void set_descriptor_limit(std::size_t n) noexcept { limit_ = n; }

  /// open and accept fail with `error` until `end`: EMFILE, ENFILE, ...
  void start_shortage(int error, runtime::time_point end) noexcept;

  /// Why no descriptor can be had now, as a positive errno, or 0.
  int shortage() const noexcept;

  /// The smallest free descriptor, now for `id`.
  int add_descriptor(socket_id id);

  /// Frees `fd` and gives its socket. Aborts if `fd` is not open (some other
  /// descriptor would be closed) or still in a poller.
  socket_id remove_descriptor(int fd);

  /// The socket behind `fd`, or 0.
  socket_id socket_of(int fd) const noexcept;

  /// How many are open: what a test of leaks looks at.
  std::size_t open_descriptors() const noexcept { return open_; }

  /// A poller watches `fd` from now on, or no longer does.
  void watch(int fd, int change) noexcept { slot(fd).watchers += change; }

private:
  struct descriptor {
    socket_id id = 0;
    int watchers = 0;
  };

  descriptor& slot(int fd) noexcept {
    return descriptors_[static_cast<std::size_t>(fd - first_descriptor)];
  }

  sim_world& world_;
  std::size_t index_;
  std::vector<sim_address> own_;
  address_table streams_;
  address_table datagrams_;
  address_table paths_;
  std::vector<descriptor> descriptors_;
  std::size_t lowest_free_ = 0; // nothing below is free
  std::size_t open_ = 0;
  std::size_t limit_ = std::numeric_limits<std::size_t>::max();
  int shortage_error_ = 0;
  runtime::time_point shortage_end_;
};

} // namespace sluice::testing

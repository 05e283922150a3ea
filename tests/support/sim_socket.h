#pragma once

// sim_socket: a socket in the simulated kernel, without its descriptor. The
// calls follow socket_api: results >= 0, or -errno. A socket does what a kernel
// with time to spare would do; sim_socket_api adds EINTR, short counts and the
// like.
//
// For tests; internal to the simulated world. Thread rule: one thread at a
// time. Lifetime: owned by its world, which keeps a closed socket while its
// connection still has something to do.

#include "runtime/poller.h"
#include "runtime/socket_api.h"
#include "tests/support/sim_address.h"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>

namespace sluice::testing {

class sim_host;
class sim_world;

/// Names a socket for the life of its world, in the order of opening. Never
/// used again. 0 is none.
using socket_id = std::uint64_t;

/// Is told whenever the readiness of a socket may have changed.
class socket_observer {
public:
  virtual void on_change() = 0;

protected:
  ~socket_observer() = default;
};

class sim_socket {
public:
  sim_socket(sim_host& host, int family, int type);
  virtual ~sim_socket() = default;

  sim_socket(const sim_socket&) = delete;
  sim_socket& operator=(const sim_socket&) = delete;

  virtual int bind(const sim_address& address);
  virtual int listen(int) { return -EOPNOTSUPP; }
  virtual int connect(const sim_address& address) = 0;

  /// Gives the id of a connection that was established, as a result of its
  /// own: ids are not bounded by int.
  virtual int accept(socket_id&) { return -EOPNOTSUPP; }

  virtual ssize_t recv(std::span<char> room) = 0;
  virtual ssize_t send(std::span<const iovec> parts) = 0;
  virtual ssize_t recv_from(std::span<char> room, sim_address& from) = 0;
  virtual ssize_t send_to(std::span<const iovec> parts,
                          const sim_address* to) = 0;
  virtual int shutdown_write() = 0;

  /// The descriptor is gone. The socket may live on to finish its business.
  virtual void close(bool reset) = 0;

  /// What epoll would report with an interest in everything.
  virtual runtime::readiness ready() const = 0;

  /// Which of `readable` and `writable` epoll may report in error: those whose
  /// next call may then say EAGAIN without doing harm.
  virtual runtime::readiness may_seem() const = 0;

  virtual int local_address(sim_address& out) const;
  virtual int peer_address(sim_address& out) const = 0;

  /// A cut, a hold or their end: what waits may go on.
  virtual void network_changed() {}

  int take_error() noexcept { return std::exchange(error_, 0); }
  int set_option(int level, int name, int value);

  /// What was set last, or 0. Options have no effect but SO_REUSEADDR.
  int option(int level, int name) const;

  socket_id id() const noexcept { return id_; }
  sim_host& host() const noexcept { return host_; }
  int family() const noexcept { return family_; }
  int type() const noexcept { return type_; }
  const sim_address& local() const noexcept { return local_; }

  /// The other end, also when the connection is over. AF_UNSPEC if there never
  /// was one.
  const sim_address& remote() const noexcept { return remote_; }

  bool is_unix() const noexcept { return family_ == AF_UNIX; }

  void observe(socket_observer* who) noexcept { observer_ = who; }

protected:
  friend class sim_world;

  sim_world& world() const noexcept;

  void changed() {
    if (observer_ != nullptr)
      observer_->on_change();
  }

  /// Gives an unbound socket the address that the kernel would choose to
  /// reach `destination`, and a free port. False if the host has no address
  /// from which it could.
  bool bind_for(const sim_address& destination);

  /// Frees the address.
  void unbind();

  sim_address local_;
  sim_address remote_;
  int error_ = 0; // sk_err: a positive errno

private:
  sim_host& host_;
  socket_id id_ = 0; // set by the world
  int family_;
  int type_;
  bool bound_ = false; // stands in the host's table of ports
  std::map<std::pair<int, int>, int> options_;
  socket_observer* observer_ = nullptr;
};

/// Bytes in `parts`.
std::size_t total_size(std::span<const iovec> parts);

} // namespace sluice::testing

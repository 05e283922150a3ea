#pragma once

// socket: the owner of one descriptor of a socket_api. Whoever lets go of it
// closes it.
//
// Internal. Thread rule: one thread at a time. Lifetime: the socket_api
// outlives it.

#include "net/endpoint.h"
#include "runtime/socket_api.h"

#include <caf/expected.hpp>

#include <utility>

namespace sluice::net {

class socket {
public:
  socket() noexcept = default;
  socket(runtime::socket_api& api, int fd) noexcept : api_(&api), fd_(fd) {}
  socket(socket&& other) noexcept
      : api_(other.api_), fd_(std::exchange(other.fd_, -1)) {}
  socket& operator=(socket&& other) noexcept {
    if (this != &other) {
      close();
      api_ = other.api_;
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~socket() { close(); }

  bool is_open() const noexcept { return fd_ >= 0; }
  int fd() const noexcept { return fd_; }
  runtime::socket_api& api() const noexcept { return *api_; }

  /// Gives the descriptor away.
  int release() noexcept { return std::exchange(fd_, -1); }

  /// Closes; with `reset` the peer of a TCP connection sees RST.
  void close(bool reset = false) noexcept {
    if (fd_ >= 0)
      api_->close(std::exchange(fd_, -1), reset);
  }

  /// The addresses; a default endpoint if the socket has none.
  endpoint local() const;
  endpoint remote() const;

private:
  runtime::socket_api* api_ = nullptr;
  int fd_ = -1;
};

/// A new non-blocking socket of the family and type that `where` needs.
/// Errors: errc::system_error naming `where`.
caf::expected<socket> open_socket(runtime::socket_api& api,
                                  const endpoint& where,
                                  const runtime::socket_address& address);

/// A socket bound to `where`; a stream socket listens, too, with a queue of
/// `backlog` connections. A stale file of a Unix socket (nobody has it
/// open) is replaced. Errors: errc::bad_endpoint for host names,
/// errc::system_error naming `where` and the call, e.g. "bind
/// tcp://127.0.0.1:80: Address already in use (EADDRINUSE)".
caf::expected<socket> bind_socket(runtime::socket_api& api,
                                  const endpoint& where, int backlog);

} // namespace sluice::net

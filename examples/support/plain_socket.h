#pragma once

// plain_socket: sockets without Sluice, as any C program uses them: both ends
// of a TCP connection on this machine. The programs in examples/concepts begin
// with them, and end with them as the peer that does not read.
//
// For the examples. Thread rule: a value; one thread at a time. Lifetime:
// closes its descriptor. Every function ends the program, with errno's text, if
// the system refuses: an example has nothing better to do.

#include <cstdint>
#include <utility>

namespace sluice::examples::support {

/// `result`, unless it is negative: then prints `what` failed, and ends.
long must(long result, const char* what);

class plain_socket {
public:
  explicit plain_socket(int fd) noexcept : fd_(fd) {}
  plain_socket(plain_socket&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)) {}
  plain_socket& operator=(plain_socket&&) = delete;
  ~plain_socket();

  /// Listens on 127.0.0.1, at a port that the system chooses.
  static plain_socket listen();

  /// Connects to a port of 127.0.0.1; waits until it is done.
  static plain_socket connect(std::uint16_t port);

  /// Waits for the next connection of a listening socket.
  plain_socket accept() const;

  /// The port on this side.
  std::uint16_t port() const;

  int fd() const noexcept { return fd_; }

  /// The descriptor, which is the caller's to close from now on.
  int release() noexcept { return std::exchange(fd_, -1); }

private:
  int fd_;
};

} // namespace sluice::examples::support

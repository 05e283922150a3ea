#pragma once

// The seam to sockets: every system call that moves bytes or connections.
// Nothing else in Sluice calls the operating system for I/O, so that the same
// brokers run on the simulated kernel in tests/support.
//
// Convention, as in the kernel: a result >= 0 is success, a negative one is
// -errno. No call blocks; all descriptors are non-blocking and close-on-exec.
//
// Internal. Thread rule: an implementation is called from all loops at once.
// Lifetime: outlives every loop that uses it.

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace sluice::runtime {

/// A socket address with the length that the kernel gave or needs.
struct socket_address {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);

  sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* data() const {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
  sa_family_t family() const { return storage.ss_family; }
};

class socket_api {
public:
  virtual ~socket_api() = default;

  /// socket(2): a new non-blocking descriptor.
  virtual int open(int family, int type) = 0;

  /// bind(2), listen(2).
  virtual int bind(int fd, const socket_address& address) = 0;
  virtual int listen(int fd, int backlog) = 0;

  /// accept4(2): a new non-blocking descriptor, its peer in `peer`.
  virtual int accept(int fd, socket_address& peer) = 0;

  /// connect(2): 0, or -EINPROGRESS and *writable* tells when it is decided;
  /// then ask `take_error`.
  virtual int connect(int fd, const socket_address& address) = 0;

  /// recv(2). 0 is the end of the stream.
  virtual ssize_t recv(int fd, std::span<char> room) = 0;

  /// sendmsg(2) with MSG_NOSIGNAL, gathering `parts`. Short counts happen.
  virtual ssize_t send(int fd, std::span<const iovec> parts) = 0;

  /// recvmsg(2): one datagram. A datagram longer than `room` is reported by
  /// its full length (MSG_TRUNC), which is then larger than `room`.
  virtual ssize_t recv_from(int fd, std::span<char> room,
                            socket_address& from) = 0;

  /// sendmsg(2): one datagram; `to` is null on a connected socket.
  virtual ssize_t send_to(int fd, std::span<const iovec> parts,
                          const socket_address* to) = 0;

  /// shutdown(2) of the sending direction.
  virtual int shutdown_write(int fd) = 0;

  /// close(2). With `reset`, unsent data is dropped and a TCP peer sees RST
  /// (SO_LINGER with a time of 0).
  virtual void close(int fd, bool reset) = 0;

  /// SO_ERROR: the pending error as a positive errno, which is cleared.
  virtual int take_error(int fd) = 0;

  /// setsockopt(2) with an integer value.
  virtual int set_option(int fd, int level, int name, int value) = 0;

  /// getsockname(2), getpeername(2).
  virtual int local_address(int fd, socket_address& out) = 0;
  virtual int peer_address(int fd, socket_address& out) = 0;

  /// lstat(2): the file of a Unix socket at `path`, by a number that no other
  /// file has as long as the socket is open (its inode). Nothing if there is no
  /// file, or something else.
  virtual std::optional<std::uint64_t> socket_file(const std::string& path) = 0;

  /// unlink(2).
  virtual int unlink(const std::string& path) = 0;
};

} // namespace sluice::runtime

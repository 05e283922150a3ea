#include "runtime/posix_socket_api.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace sluice::runtime {

namespace {

template <class T>
T or_errno(T result) noexcept {
  return result < 0 ? static_cast<T>(-errno) : result;
}

msghdr gather(std::span<const iovec> parts) noexcept {
  msghdr header{};
  header.msg_iov = const_cast<iovec*>(parts.data());
  header.msg_iovlen = parts.size();
  return header;
}

} // namespace

posix_socket_api& posix_socket_api::instance() noexcept {
  static posix_socket_api api;
  return api;
}

int posix_socket_api::open(int family, int type) {
  return or_errno(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int posix_socket_api::bind(int fd, const socket_address& address) {
  return or_errno(::bind(fd, address.data(), address.length));
}

int posix_socket_api::listen(int fd, int backlog) {
  return or_errno(::listen(fd, backlog));
}

int posix_socket_api::accept(int fd, socket_address& peer) {
  peer.length = sizeof(peer.storage);
  return or_errno(
      ::accept4(fd, peer.data(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

int posix_socket_api::connect(int fd, const socket_address& address) {
  return or_errno(::connect(fd, address.data(), address.length));
}

ssize_t posix_socket_api::recv(int fd, std::span<char> room) {
  return or_errno(::recv(fd, room.data(), room.size(), 0));
}

ssize_t posix_socket_api::send(int fd, std::span<const iovec> parts) {
  if (parts.size() == 1) // spares the kernel the import of the vector
    return or_errno(
        ::send(fd, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL));
  auto header = gather(parts);
  return or_errno(::sendmsg(fd, &header, MSG_NOSIGNAL));
}

ssize_t posix_socket_api::recv_from(int fd, std::span<char> room,
                                    socket_address& from) {
  from.length = sizeof(from.storage);
  return or_errno(::recvfrom(fd, room.data(), room.size(), MSG_TRUNC,
                             from.data(), &from.length));
}

ssize_t posix_socket_api::send_to(int fd, std::span<const iovec> parts,
                                  const socket_address* to) {
  auto header = gather(parts);
  if (to != nullptr) {
    header.msg_name = const_cast<sockaddr*>(to->data());
    header.msg_namelen = to->length;
  }
  return or_errno(::sendmsg(fd, &header, MSG_NOSIGNAL));
}

int posix_socket_api::shutdown_write(int fd) {
  return or_errno(::shutdown(fd, SHUT_WR));
}

void posix_socket_api::close(int fd, bool reset) {
  if (reset) {
    linger now{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }
  ::close(fd);
}

int posix_socket_api::take_error(int fd) {
  int error = 0;
  socklen_t length = sizeof(error);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
    return errno;
  return error;
}

int posix_socket_api::set_option(int fd, int level, int name, int value) {
  return or_errno(::setsockopt(fd, level, name, &value, sizeof(value)));
}

int posix_socket_api::local_address(int fd, socket_address& out) {
  out.length = sizeof(out.storage);
  return or_errno(::getsockname(fd, out.data(), &out.length));
}

int posix_socket_api::peer_address(int fd, socket_address& out) {
  out.length = sizeof(out.storage);
  return or_errno(::getpeername(fd, out.data(), &out.length));
}

std::optional<std::uint64_t>
posix_socket_api::socket_file(const std::string& path) {
  struct stat found;
  if (::lstat(path.c_str(), &found) != 0 || !S_ISSOCK(found.st_mode))
    return std::nullopt;
  return found.st_ino;
}

int posix_socket_api::unlink(const std::string& path) {
  return or_errno(::unlink(path.c_str()));
}

} // namespace sluice::runtime

#include "tests/support/sim_socket_api.h"

#include "tests/support/datagram_socket.h"
#include "tests/support/tcp_socket.h"
#include "tests/support/unix_stream_socket.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <climits>
#include <memory>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

constexpr auto shortage_max = 500ms;

// IOV_MAX of sendmsg(2).
constexpr std::size_t parts_max = 1024;

} // namespace

sim_socket* sim_socket_api::find(int fd) const noexcept {
  return world_.find(host_.socket_of(fd));
}

ssize_t sim_socket_api::done(std::string_view call, int fd, ssize_t result,
                             std::size_t size) {
  world_.note(call, fd, static_cast<std::int64_t>(size), result);
  world_.sweep();
  return result;
}

int sim_socket_api::mishap() {
  const auto& faults = world_.settings().faults;
  if (world_.kernel_random().per_mille(faults.interrupted))
    return EINTR;
  return world_.kernel_random().per_mille(faults.again) ? EAGAIN : 0;
}

int sim_socket_api::shortage() {
  auto& random = world_.kernel_random();
  if (host_.shortage() == 0
      && random.per_mille(world_.settings().faults.shortage)) {
    static constexpr std::array errors{EMFILE, ENFILE, ENOBUFS, ENOMEM};
    auto length = random.between(runtime::duration{1}, shortage_max);
    host_.start_shortage(random.pick(errors), world_.now() + length);
  }
  return host_.shortage();
}

std::size_t sim_socket_api::shortened(std::size_t n, unsigned rate) {
  if (n < 2 || !world_.kernel_random().per_mille(rate))
    return n;
  return world_.kernel_random().size_between(1, n);
}

// -- opening ------------------------------------------------------------------

int sim_socket_api::open(int family, int type) {
  return static_cast<int>(done("open", type, try_open(family, type)));
}

int sim_socket_api::try_open(int family, int type) {
  if (family != AF_INET && family != AF_INET6 && family != AF_UNIX)
    return -EAFNOSUPPORT;
  if (type != SOCK_STREAM && type != SOCK_DGRAM)
    return -EPROTONOSUPPORT;
  if (auto error = shortage(); error != 0)
    return -error;
  sim_socket* socket = nullptr;
  if (type == SOCK_DGRAM)
    socket = &world_.adopt(std::make_unique<datagram_socket>(host_, family));
  else if (family == AF_UNIX)
    socket = &world_.adopt(std::make_unique<unix_stream_socket>(host_));
  else
    socket = &world_.adopt(std::make_unique<tcp_socket>(host_, family));
  return host_.add_descriptor(socket->id());
}

int sim_socket_api::bind(int fd, const runtime::socket_address& address) {
  auto socket = find(fd);
  auto result = socket ? socket->bind(sim_address::from(address)) : -EBADF;
  return static_cast<int>(done("bind", fd, result));
}

int sim_socket_api::listen(int fd, int backlog) {
  auto socket = find(fd);
  auto result = socket ? socket->listen(backlog) : -EBADF;
  return static_cast<int>(done("listen", fd, result));
}

int sim_socket_api::accept(int fd, runtime::socket_address& peer) {
  return static_cast<int>(done("accept", fd, try_accept(fd, peer)));
}

int sim_socket_api::try_accept(int fd, runtime::socket_address& peer) {
  auto socket = find(fd);
  if (socket == nullptr)
    return -EBADF;
  // Linux takes the descriptor first: out of descriptors, it does not even
  // look whether there is a connection.
  if (auto error = shortage(); error != 0)
    return -error;
  if (auto error = mishap(); error != 0)
    return -error;
  socket_id id = 0;
  if (auto error = socket->accept(id); error != 0)
    return error;
  auto child = world_.find(id);
  if (world_.kernel_random().per_mille(
          world_.settings().faults.accept_aborted)) {
    child->close(true);
    return -ECONNABORTED;
  }
  peer = child->remote().to_kernel();
  return host_.add_descriptor(id);
}

int sim_socket_api::connect(int fd, const runtime::socket_address& address) {
  auto socket = find(fd);
  auto result = socket ? socket->connect(sim_address::from(address)) : -EBADF;
  return static_cast<int>(done("connect", fd, result));
}

// -- streams ------------------------------------------------------------------

ssize_t sim_socket_api::recv(int fd, std::span<char> room) {
  return done("recv", fd, try_recv(fd, room), room.size());
}

ssize_t sim_socket_api::try_recv(int fd, std::span<char> room) {
  auto socket = find(fd);
  if (socket == nullptr)
    return -EBADF;
  if (auto error = mishap(); error != 0)
    return -error;
  if (socket->type() == SOCK_STREAM)
    room =
        room.first(shortened(room.size(), world_.settings().faults.short_read));
  return socket->recv(room);
}

ssize_t sim_socket_api::send(int fd, std::span<const iovec> parts) {
  return done("send", fd, try_send(fd, parts), total_size(parts));
}

ssize_t sim_socket_api::try_send(int fd, std::span<const iovec> parts) {
  auto socket = find(fd);
  if (socket == nullptr)
    return -EBADF;
  if (parts.size() > parts_max)
    return -EMSGSIZE;
  if (auto error = mishap(); error != 0)
    return -error;
  auto size = total_size(parts);
  auto left = size;
  if (socket->type() == SOCK_STREAM)
    left = shortened(size, world_.settings().faults.short_write);
  if (left == size)
    return socket->send(parts);
  std::vector<iovec> fewer;
  for (auto part : parts) {
    part.iov_len = std::min(part.iov_len, left);
    left -= part.iov_len;
    fewer.push_back(part);
  }
  return socket->send(fewer);
}

int sim_socket_api::shutdown_write(int fd) {
  auto socket = find(fd);
  auto result = socket ? socket->shutdown_write() : -EBADF;
  return static_cast<int>(done("shutdown", fd, result));
}

void sim_socket_api::close(int fd, bool reset) {
  auto id = host_.remove_descriptor(fd);
  world_.find(id)->close(reset);
  done("close", fd, reset);
}

// -- datagrams ----------------------------------------------------------------

ssize_t sim_socket_api::recv_from(int fd, std::span<char> room,
                                  runtime::socket_address& from) {
  auto socket = find(fd);
  if (socket == nullptr)
    return done("recv_from", fd, -EBADF);
  if (auto error = mishap(); error != 0)
    return done("recv_from", fd, -error);
  sim_address address;
  auto result = socket->recv_from(room, address);
  if (result >= 0) {
    from = address.to_kernel();
    if (address.host.empty())
      from.length = 0; // what recvmsg(2) says of an unnamed sender
  }
  return done("recv_from", fd, result, room.size());
}

ssize_t sim_socket_api::send_to(int fd, std::span<const iovec> parts,
                                const runtime::socket_address* to) {
  auto socket = find(fd);
  if (socket == nullptr)
    return done("send_to", fd, -EBADF);
  if (parts.size() > parts_max)
    return done("send_to", fd, -EMSGSIZE);
  if (auto error = mishap(); error != 0)
    return done("send_to", fd, -error);
  auto target = to != nullptr ? sim_address::from(*to) : sim_address{};
  return done("send_to", fd,
              socket->send_to(parts, to != nullptr ? &target : nullptr),
              total_size(parts));
}

// -- the rest -----------------------------------------------------------------

int sim_socket_api::take_error(int fd) {
  auto socket = find(fd);
  auto result = socket ? socket->take_error() : EBADF;
  return static_cast<int>(done("take_error", fd, result));
}

int sim_socket_api::set_option(int fd, int level, int name, int value) {
  auto socket = find(fd);
  auto result = socket ? socket->set_option(level, name, value) : -EBADF;
  return static_cast<int>(done("set_option", fd, result));
}

int sim_socket_api::local_address(int fd, runtime::socket_address& out) {
  auto socket = find(fd);
  if (socket == nullptr)
    return -EBADF;
  sim_address address;
  auto result = socket->local_address(address);
  if (result == 0)
    out = address.to_kernel();
  return result;
}

int sim_socket_api::peer_address(int fd, runtime::socket_address& out) {
  auto socket = find(fd);
  if (socket == nullptr)
    return -EBADF;
  sim_address address;
  auto result = socket->peer_address(address);
  if (result == 0)
    out = address.to_kernel();
  return result;
}

// -- files of Unix sockets
// -----------------------------------------------------

std::optional<std::uint64_t>
sim_socket_api::socket_file(const std::string& path) {
  return host_.socket_file(path);
}

int sim_socket_api::unlink(const std::string& path) {
  return host_.unlink(path) ? 0 : -ENOENT;
}

} // namespace sluice::testing

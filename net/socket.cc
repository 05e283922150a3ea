#include "net/socket.h"

#include "runtime/error.h"

#include <netinet/in.h>
#include <sys/un.h>

#include <cerrno>
#include <string>

namespace sluice::net {

using runtime::make_system_error;
using runtime::socket_address;

namespace {

endpoint to_endpoint(int result, const socket_address& address, int type) {
  if (result < 0)
    return {};
  auto found = endpoint::from(address, type);
  return found ? std::move(*found) : endpoint{};
}

/// True if a socket is at `path` and nobody can be reached by it. Linux
/// refuses a connection to any other file, too, and that may be somebody's.
bool is_stale(runtime::socket_api& api, const std::string& path,
              const socket_address& address, int type) {
  if (!api.socket_file(path))
    return false;
  auto fd = api.open(AF_UNIX, type);
  if (fd < 0)
    return false;
  auto refused = api.connect(fd, address) == -ECONNREFUSED;
  api.close(fd, false);
  return refused;
}

int bind_replacing_stale(runtime::socket_api& api, int fd,
                         const endpoint& where, const socket_address& address) {
  auto result = api.bind(fd, address);
  if (result != -EADDRINUSE || !where.is_unix()
      || where.path().starts_with('@'))
    return result;
  std::string path{where.path()};
  if (!is_stale(api, path, address, where.socket_type()))
    return result;
  api.unlink(path);
  return api.bind(fd, address);
}

} // namespace

endpoint socket::local() const {
  socket_address address;
  return to_endpoint(api_->local_address(fd_, address), address, SOCK_STREAM);
}

endpoint socket::remote() const {
  socket_address address;
  return to_endpoint(api_->peer_address(fd_, address), address, SOCK_STREAM);
}

caf::expected<socket> open_socket(runtime::socket_api& api,
                                  const endpoint& where,
                                  const socket_address& address) {
  auto fd = api.open(address.family(), where.socket_type());
  if (fd < 0)
    return make_system_error(fd, "socket for " + to_string(where));
  return socket{api, fd};
}

caf::expected<socket> bind_socket(runtime::socket_api& api,
                                  const endpoint& where, int backlog) {
  auto address = where.to_address();
  if (!address)
    return address.error();
  auto result = open_socket(api, where, *address);
  if (!result)
    return result.error();
  auto fd = result->fd();
  if (where.scheme() == endpoint_scheme::tcp) {
    // A restarted server takes its port again though old connections linger.
    if (auto n = api.set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1); n < 0)
      return make_system_error(n, "SO_REUSEADDR for " + to_string(where));
  }
  if (auto n = bind_replacing_stale(api, fd, where, *address); n < 0)
    return make_system_error(n, "bind " + to_string(where));
  if (where.socket_type() == SOCK_STREAM)
    if (auto n = api.listen(fd, backlog); n < 0)
      return make_system_error(n, "listen " + to_string(where));
  return result;
}

} // namespace sluice::net

#include "tests/support/sim_socket.h"

#include "tests/support/sim_host.h"
#include "tests/support/sim_world.h"

#include <netinet/in.h>

namespace sluice::testing {

sim_socket::sim_socket(sim_host& host, int family, int type)
    : local_(sim_address::any(family)),
      host_(host),
      family_(family),
      type_(type) {
}

sim_world& sim_socket::world() const noexcept {
  return host_.world();
}

int sim_socket::bind(const sim_address& address) {
  if (address.family != family_)
    return is_unix() ? -EINVAL : -EAFNOSUPPORT;
  if (bound_ || local_ != sim_address::any(family_))
    return -EINVAL;
  auto& table = host_.addresses(address, type_);
  if (!is_unix() && !address.is_any() && !host_.has(address))
    return -EADDRNOTAVAIL;
  auto wanted = address;
  if (!is_unix() && wanted.port == 0)
    wanted.port = table.unused();
  auto reuse = option(SOL_SOCKET, SO_REUSEADDR) != 0;
  if (!table.bind(wanted, id_, reuse))
    return -EADDRINUSE;
  local_ = wanted;
  bound_ = true;
  return 0;
}

bool sim_socket::bind_for(const sim_address& destination) {
  auto source = host_.source_for(destination);
  if (source.family != family_)
    return false;
  if (local_.port == 0) {
    auto& table = host_.addresses(local_, type_);
    local_.port = table.unused();
    bound_ = table.bind(local_, id_, false);
  }
  if (local_.is_any())
    local_.host = source.host;
  return true;
}

void sim_socket::unbind() {
  if (bound_)
    host_.addresses(local_, type_).unbind(local_, id_);
  bound_ = false;
}

int sim_socket::local_address(sim_address& out) const {
  out = local_;
  return 0;
}

int sim_socket::set_option(int level, int name, int value) {
  // unix(7) has no options of its own; udp(7) does not know TCP's.
  if (level == IPPROTO_TCP && is_unix())
    return -EOPNOTSUPP;
  if (level == IPPROTO_TCP && type_ == SOCK_DGRAM)
    return -ENOPROTOOPT;
  options_[{level, name}] = value;
  return 0;
}

int sim_socket::option(int level, int name) const {
  auto i = options_.find({level, name});
  return i == options_.end() ? 0 : i->second;
}

std::size_t total_size(std::span<const iovec> parts) {
  std::size_t result = 0;
  for (const auto& part : parts)
    result += part.iov_len;
  return result;
}

} // namespace sluice::testing

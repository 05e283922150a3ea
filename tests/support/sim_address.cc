#include "tests/support/sim_address.h"

#include "runtime/panic.h"

#include <cstddef>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

namespace sluice::testing {

namespace {

constexpr auto path_offset = offsetof(sockaddr_un, sun_path);

sim_address from_unix(const runtime::socket_address& x) {
  if (x.length <= path_offset)
    return {AF_UNIX, {}, 0};
  auto path = reinterpret_cast<const sockaddr_un*>(x.data())->sun_path;
  auto room = x.length - path_offset;
  auto size = path[0] == '\0' ? room : ::strnlen(path, room);
  return {AF_UNIX, std::string(path, size), 0};
}

} // namespace

sim_address sim_address::any(int family) {
  if (family == AF_INET)
    return {family, "0.0.0.0", 0};
  if (family == AF_INET6)
    return {family, "::", 0};
  return {family, {}, 0};
}

sim_address sim_address::from(const runtime::socket_address& x) {
  char text[INET6_ADDRSTRLEN];
  if (x.family() == AF_INET && x.length >= sizeof(sockaddr_in)) {
    auto in = reinterpret_cast<const sockaddr_in*>(x.data());
    ::inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
    return {AF_INET, text, ntohs(in->sin_port)};
  }
  if (x.family() == AF_INET6 && x.length >= sizeof(sockaddr_in6)) {
    auto in = reinterpret_cast<const sockaddr_in6*>(x.data());
    ::inet_ntop(AF_INET6, &in->sin6_addr, text, sizeof text);
    return {AF_INET6, text, ntohs(in->sin6_port)};
  }
  if (x.family() == AF_UNIX)
    return from_unix(x);
  return {};
}

runtime::socket_address sim_address::to_kernel() const {
  runtime::socket_address result;
  result.storage.ss_family = static_cast<sa_family_t>(family);
  result.length = sizeof(sa_family_t);
  if (family == AF_INET) {
    auto in = reinterpret_cast<sockaddr_in*>(result.data());
    in->sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &in->sin_addr);
    result.length = sizeof(sockaddr_in);
  } else if (family == AF_INET6) {
    auto in = reinterpret_cast<sockaddr_in6*>(result.data());
    in->sin6_port = htons(port);
    ::inet_pton(AF_INET6, host.c_str(), &in->sin6_addr);
    result.length = sizeof(sockaddr_in6);
  } else if (family == AF_UNIX && !host.empty()) {
    auto un = reinterpret_cast<sockaddr_un*>(result.data());
    runtime::check(host.size() < sizeof un->sun_path, "Unix path too long");
    std::memcpy(un->sun_path, host.data(), host.size());
    // Linux counts the NUL that ends a path, and an abstract name has none.
    auto end = host.front() == '\0' ? 0 : 1;
    result.length = static_cast<socklen_t>(path_offset + host.size()) + end;
  }
  return result;
}

bool sim_address::is_file() const {
  return family == AF_UNIX && !host.empty() && host.front() != '\0';
}

bool sim_address::is_any() const {
  return host == "0.0.0.0" || host == "::";
}

bool sim_address::is_loopback() const {
  return family == AF_INET ? host.starts_with("127.") : host == "::1";
}

std::string to_string(const sim_address& x) {
  if (x.family == AF_UNIX)
    return "unix:" + x.host;
  return x.host + ":" + std::to_string(x.port);
}

runtime::socket_address at(const std::string& host, std::uint16_t port) {
  in6_addr ignored;
  auto v6 = ::inet_pton(AF_INET6, host.c_str(), &ignored) == 1;
  runtime::check(v6 || ::inet_pton(AF_INET, host.c_str(), &ignored) == 1,
                 "not an IP address");
  return sim_address{v6 ? AF_INET6 : AF_INET, host, port}.to_kernel();
}

runtime::socket_address at(const std::string& path) {
  return sim_address{AF_UNIX, path, 0}.to_kernel();
}

} // namespace sluice::testing

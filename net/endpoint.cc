#include "net/endpoint.h"

#include "runtime/error.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace sluice::net {

using runtime::errc;

namespace {

caf::error bad_endpoint(std::string_view text, std::string_view why) {
  return runtime::make_error(errc::bad_endpoint, "bad endpoint " + quoted(text)
                                                     + ": " + std::string{why});
}

std::string ipv6_text(const sockaddr_in6& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET6, &address.sin6_addr, text.data(), text.size());
  std::string result = text.data();
  if (address.sin6_scope_id != 0) {
    std::array<char, IF_NAMESIZE> zone{};
    result += '%';
    if (::if_indextoname(address.sin6_scope_id, zone.data()) != nullptr)
      result += zone.data();
    else
      result += std::to_string(address.sin6_scope_id);
  }
  return result;
}

/// See "Address format" in unix(7): unnamed, abstract or a path, whose length
/// may or may not count a terminating zero.
std::string unix_text(const sockaddr_un& address, socklen_t length) {
  constexpr std::size_t start = offsetof(sockaddr_un, sun_path);
  auto size = std::min<std::size_t>(length, sizeof(address));
  if (size <= start)
    return {};
  std::string_view path{address.sun_path, size - start};
  if (path.front() == '\0')
    return path.size() == 1 ? std::string{} : '@' + std::string{path.substr(1)};
  return std::string{path.substr(0, path.find('\0'))};
}

/// The index of a zone, by name or number; 0 if there is no such interface.
unsigned zone_index(const std::string& zone) {
  if (auto index = ::if_nametoindex(zone.c_str()))
    return index;
  unsigned number = 0;
  auto last = zone.data() + zone.size();
  auto end = std::from_chars(zone.data(), last, number).ptr;
  return end == last ? number : 0;
}

} // namespace

caf::expected<endpoint> endpoint::parse(std::string_view text) {
  endpoint_parts parts;
  if (auto wrong = read_endpoint(text, parts); !wrong.empty())
    return bad_endpoint(text, wrong);
  return endpoint{parts.scheme, parts.port, std::move(parts.place)};
}

caf::expected<endpoint> endpoint::from(const runtime::socket_address& address,
                                       int type) {
  auto stream = type == SOCK_STREAM;
  auto ip_scheme = stream ? endpoint_scheme::tcp : endpoint_scheme::udp;
  auto unix_scheme =
      stream ? endpoint_scheme::unix_stream : endpoint_scheme::unix_datagram;
  // A datagram from an unbound Unix socket comes without any address.
  if (address.length < sizeof(sa_family_t))
    return endpoint{unix_scheme, 0, {}};
  // Copied out of the storage: a cast would break the aliasing rules.
  switch (address.family()) {
  case AF_INET: {
    sockaddr_in ip{};
    std::memcpy(&ip, &address.storage, sizeof(ip));
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &ip.sin_addr, text.data(), text.size());
    return endpoint{ip_scheme, ntohs(ip.sin_port), text.data()};
  }
  case AF_INET6: {
    sockaddr_in6 ip{};
    std::memcpy(&ip, &address.storage, sizeof(ip));
    return endpoint{ip_scheme, ntohs(ip.sin6_port), ipv6_text(ip)};
  }
  case AF_UNIX: {
    sockaddr_un local{};
    std::memcpy(&local, &address.storage, sizeof(local));
    return endpoint{unix_scheme, 0, unix_text(local, address.length)};
  }
  default:
    return runtime::make_error(errc::bad_endpoint,
                               "bad endpoint: address family "
                                   + std::to_string(address.family())
                                   + " is none of IPv4, IPv6 and Unix");
  }
}

caf::expected<runtime::socket_address> endpoint::to_address() const {
  runtime::socket_address result;
  auto store = [&result](const auto& address, std::size_t length) {
    std::memcpy(&result.storage, &address, sizeof(address));
    result.length = static_cast<socklen_t>(std::min(length, sizeof(address)));
    return result;
  };
  if (is_unix()) {
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    constexpr std::size_t start = offsetof(sockaddr_un, sun_path);
    if (place_.empty())
      return store(local, start);
    auto abstract = place_.front() == '@';
    std::memcpy(local.sun_path, place_.data(),
                std::min(place_.size(), sizeof(local.sun_path)));
    if (abstract)
      local.sun_path[0] = '\0';
    return store(local, start + place_.size() + (abstract ? 0 : 1));
  }
  sockaddr_in ipv4{};
  ipv4.sin_family = AF_INET;
  ipv4.sin_port = htons(port_);
  if (place_ == "*"
      || ::inet_pton(AF_INET, place_.c_str(), &ipv4.sin_addr) == 1)
    return store(ipv4, sizeof(ipv4));
  sockaddr_in6 ipv6{};
  ipv6.sin6_family = AF_INET6;
  ipv6.sin6_port = htons(port_);
  auto percent = place_.find('%');
  if (::inet_pton(AF_INET6, place_.substr(0, percent).c_str(), &ipv6.sin6_addr)
      != 1)
    return bad_endpoint(to_string(*this),
                        "host " + quoted(place_)
                            + " is a name, which needs a look-up first");
  if (percent != std::string::npos) {
    auto zone = place_.substr(percent + 1);
    ipv6.sin6_scope_id = zone_index(zone);
    if (ipv6.sin6_scope_id == 0)
      return bad_endpoint(to_string(*this),
                          "zone " + quoted(zone)
                              + " is not an interface of this machine");
  }
  return store(ipv6, sizeof(ipv6));
}

int endpoint::socket_type() const noexcept {
  auto stream = scheme_ == endpoint_scheme::tcp
                || scheme_ == endpoint_scheme::unix_stream;
  return stream ? SOCK_STREAM : SOCK_DGRAM;
}

bool endpoint::is_numeric() const noexcept {
  return is_unix() || place_ == "*" || place_.find(':') != std::string::npos
         || is_ipv4(place_);
}

bool endpoint::is_any() const noexcept {
  return !is_unix() && (place_ == "*" || place_ == "0.0.0.0" || place_ == "::");
}

std::size_t endpoint::hash() const noexcept {
  auto number = static_cast<std::size_t>(scheme_) << 16 | port_;
  // The multiplier of Knuth's multiplicative hashing, 2^64 / phi.
  return std::hash<std::string>{}(place_) ^ (number * 0x9e3779b97f4a7c15u);
}

caf::error endpoint::check_loaded() {
  auto known = scheme_ <= endpoint_scheme::unix_datagram;
  if (known && is_unix() && port_ == 0
      && place_.size() <= sizeof(sockaddr_un::sun_path))
    return caf::none;
  if (known && !is_unix())
    if (auto same = parse(to_string(*this)); same && *same == *this)
      return caf::none;
  *this = {};
  return runtime::make_error(errc::bad_endpoint,
                             "bad endpoint in a serialized message");
}

std::string to_string(const endpoint& x) {
  std::string result{to_string(x.scheme())};
  result += "://";
  if (x.is_unix())
    return result += x.path();
  auto ipv6 = x.host().find(':') != std::string_view::npos;
  if (ipv6)
    result += '[';
  result += x.host();
  if (ipv6)
    result += ']';
  result += ':';
  return result += std::to_string(x.port());
}

} // namespace sluice::net

#pragma once

// endpoint: where something listens or connects to, as users write it:
//
//   tcp://example.org:80   tcp://10.0.0.1:80   tcp://[::1]:80
//   tcp://[fe80::1%eth0]:80   tcp://*:80   udp://host:port
//   unix:///run/app.sock   unix://@abstract-name   unixgram:///run/app.sock
//
// The scheme and a host name are not case-sensitive and kept in lower case; an
// IP address is kept in its shortest form (RFC 5952), so that equal endpoints
// compare equal. Paths are taken as they stand: no percent-decoding.
//
// `*` as host is every IPv4 address of the machine (0.0.0.0), for listeners;
// `[::]` is every IPv6 address and, where the system has bindv6only=0 (Linux'
// default), every IPv4 address too. An empty host is an error: it is a setting
// that nobody filled in more often than it is a wish.
//
// For users. Thread rule: a value. Travels in messages.

#include "net/endpoint_text.h"
#include "runtime/socket_api.h"

#include <caf/error.hpp>
#include <caf/expected.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/meta/type_name.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace sluice::net {

class endpoint {
public:
  /// `tcp://*:0`: any address, a port that the system chooses.
  endpoint() = default;

  /// Reads an endpoint as above. Errors: errc::bad_endpoint with a text that
  /// names the part, e.g. `bad endpoint "tcp://x:99999": port 99999 is not in
  /// 0..65535`. Host names: at most 253 characters, 63 between two dots (RFC
  /// 1035), letters, digits, `-` and `_`; a name whose last part is a number
  /// must be an IPv4 address. Paths: at most 107 bytes (unix(7)).
  static caf::expected<endpoint> parse(std::string_view text);

  /// The endpoint of an address that the kernel gave; `type` is SOCK_STREAM or
  /// SOCK_DGRAM. Errors: errc::bad_endpoint for a family other than AF_INET,
  /// AF_INET6 and AF_UNIX. An unbound Unix socket (that of most clients) gives
  /// an endpoint with an empty path, which prints as `unix://` and is the one
  /// endpoint that `parse` refuses.
  static caf::expected<endpoint> from(const runtime::socket_address& address,
                                      int type);

  /// The address to bind or connect to. Errors: errc::bad_endpoint if the host
  /// is a name, which needs a look-up first, or the zone of an IPv6 address is
  /// not an interface of this machine.
  caf::expected<runtime::socket_address> to_address() const;

  endpoint_scheme scheme() const noexcept { return scheme_; }

  /// True for unix and unixgram.
  bool is_unix() const noexcept {
    return scheme_ >= endpoint_scheme::unix_stream;
  }

  /// SOCK_STREAM or SOCK_DGRAM.
  int socket_type() const noexcept;

  /// Name, IP address (IPv6 without brackets, with its zone) or `*`; empty for
  /// Unix sockets.
  std::string_view host() const noexcept {
    return is_unix() ? std::string_view{} : std::string_view{place_};
  }

  /// 0 for Unix sockets, and for listeners whose port the system chooses.
  std::uint16_t port() const noexcept { return port_; }

  /// Path, or `@` and an abstract name; empty for TCP and UDP.
  std::string_view path() const noexcept {
    return is_unix() ? std::string_view{place_} : std::string_view{};
  }

  /// True if `to_address` needs no name look-up: IP addresses, `*`, and Unix
  /// sockets. `localhost` is a name.
  bool is_numeric() const noexcept;

  /// True for `*`, `0.0.0.0` and `[::]`: fit to listen on, not to connect to.
  bool is_any() const noexcept;

  friend bool operator==(const endpoint&, const endpoint&) = default;
  friend auto operator<=>(const endpoint&, const endpoint&) = default;

  std::size_t hash() const noexcept;

  /// CAF's serialization. Loading accepts only what `parse` or `from` could
  /// have made.
  template <class Inspector>
  friend typename Inspector::result_type inspect(Inspector& f, endpoint& x) {
    auto loaded = [&x] { return x.check_loaded(); };
    return f(caf::meta::type_name("endpoint"), x.scheme_, x.port_, x.place_,
             caf::meta::load_callback(loaded));
  }

private:
  endpoint(endpoint_scheme scheme, std::uint16_t port, std::string place)
      : scheme_(scheme), port_(port), place_(std::move(place)) {}

  caf::error check_loaded();

  endpoint_scheme scheme_ = endpoint_scheme::tcp;
  std::uint16_t port_ = 0;
  /// The host or the path; one string, since each connection keeps two
  /// endpoints.
  std::string place_ = "*";
};

/// What `parse` accepts.
std::string to_string(const endpoint& x);

} // namespace sluice::net

template <>
struct std::hash<sluice::net::endpoint> {
  std::size_t operator()(const sluice::net::endpoint& x) const noexcept {
    return x.hash();
  }
};

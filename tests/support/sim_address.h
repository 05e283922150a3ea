#pragma once

// sim_address: a socket address as the simulated kernel keeps it, and its
// translation from and to the kernel's own form. Also the short way for a test
// to write an address: `at("127.0.0.1", 7000)`, `at("/tmp/x")`.
//
// For tests. Thread rule: values and pure functions.

#include "runtime/socket_api.h"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::testing {

struct sim_address {
  int family = AF_UNSPEC;
  std::string host;       // inet_ntop's text, or a path; "" if unnamed
  std::uint16_t port = 0; // 0 for Unix addresses

  /// 0.0.0.0 or ::, what an unbound socket has.
  static sim_address any(int family);

  /// Reads the kernel's form. An unknown family or a short length gives
  /// AF_UNSPEC.
  static sim_address from(const runtime::socket_address& x);

  /// The kernel's form, with the length that Linux reports.
  runtime::socket_address to_kernel() const;

  /// A Unix address with a path: neither abstract nor unnamed.
  bool is_file() const;

  bool is_any() const;
  bool is_loopback() const;

  friend bool operator==(const sim_address&, const sim_address&) = default;
  friend auto operator<=>(const sim_address&, const sim_address&) = default;
};

std::string to_string(const sim_address& x);

/// An IPv4 or IPv6 address. Aborts if `host` is not one.
runtime::socket_address at(const std::string& host, std::uint16_t port);

/// A Unix address; one that starts with a NUL byte is abstract (unix(7)).
runtime::socket_address at(const std::string& path);

} // namespace sluice::testing

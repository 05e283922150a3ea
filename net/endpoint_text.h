#pragma once

// The text of an endpoint, taken apart: the grammar and its error texts. See
// net/endpoint.h for what users write.
//
// Internal to net/endpoint.cc. Thread rule: pure functions.

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::net {

/// Named in an endpoint as tcp, udp, unix and unixgram.
enum class endpoint_scheme : std::uint8_t {
  tcp,
  udp,
  unix_stream,
  unix_datagram,
};

std::string_view to_string(endpoint_scheme x) noexcept;

struct endpoint_parts {
  endpoint_scheme scheme = endpoint_scheme::tcp;
  std::uint16_t port = 0;
  /// Host or path, normalised.
  std::string place;
};

/// Reads `text` into `out`; returns what is wrong with it, or an empty string.
std::string read_endpoint(std::string_view text, endpoint_parts& out);

/// The text in quotes, fit for a log: cut short and without control bytes.
std::string quoted(std::string_view text);

/// True for four decimal numbers with dots between them.
bool is_ipv4(const std::string& text) noexcept;

} // namespace sluice::net

#pragma once

// close_code: why a WebSocket ends, in the numbers of RFC 6455, 7.4 and of
// IANA's registry "WebSocket Close Code Number".
//
// For users. Thread rule: values and pure functions.

#include <cstdint>
#include <string>

namespace sluice::net::websocket {

/// A number between 1000 and 4999. Those from 3000 are for libraries and
/// programs (RFC 6455, 7.4.2): make one with `static_cast`.
enum class close_code : std::uint16_t {
  normal = 1000,
  going_away = 1001, // the server ends, the browser leaves the page
  protocol_error = 1002,
  unsupported_data = 1003,
  no_status = 1005, // never sent: the peer's close frame had no code
  abnormal = 1006,  // never sent: the connection ended without a close frame
  invalid_payload = 1007,
  policy_violation = 1008,
  message_too_big = 1009,
  mandatory_extension = 1010,
  internal_error = 1011,
  service_restart = 1012,
  try_again_later = 1013,
  bad_gateway = 1014,
  tls_handshake = 1015, // never sent
};

/// "1009 message_too_big"; a number alone if it has no name.
std::string to_string(close_code x);

/// True for the codes that may stand in a close frame: 1000 to 1003, 1007 to
/// 1014, and 3000 to 4999. The others are reserved (RFC 6455, 7.4.1) or no
/// codes at all (7.4.2).
constexpr bool may_be_sent(close_code x) {
  auto number = static_cast<std::uint16_t>(x);
  return (number >= 1000 && number <= 1003)
         || (number >= 1007 && number <= 1014)
         || (number >= 3000 && number <= 4999);
}

} // namespace sluice::net::websocket

#pragma once

// access: which requests the page answers. It has no password, and its controls
// end processes; so a site that a user of the page visits must not be able to
// use it. Two ways are closed:
//
//   cross-site WebSockets   a site opens a WebSocket to the page's address.
//                           net/websocket/handshake.h looks at the Origin
//   DNS rebinding           a site lets its own name point to that address, so
//                           that its scripts are of the page's origin. Here:
//                           Host has to be an address, localhost, or a name
//                           that the node was told
//
// Internal. Thread rule: pure functions.

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::actors::observe {

/// ASCII letters only, as in names of hosts.
std::string lower_case(std::string_view x);

/// The host of a Host field (RFC 9110, 7.2), in lower case, without its port
/// and brackets; none if it is not one.
std::optional<std::string> host_of(std::string_view field);

/// Why a request with this Host is refused, or an empty text. `names` are
/// allowed besides addresses and localhost, in lower case.
std::string check_host(std::string_view field,
                       std::span<const std::string> names);

} // namespace sluice::actors::observe

#pragma once

// handshake: how an HTTP/1.1 request becomes a WebSocket (RFC 6455, 4), both
// ends, without a socket. Extensions are not offered and not accepted:
// permessage-deflate is declined, so a peer sends what it means.
//
// For users who have their own HTTP; everybody else writes
// `router.websocket(path, behavior)`, or `websocket::connect`. Thread rule:
// values and pure functions.

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::net::websocket {

/// The values of all header lines with a name, which is compared without case,
/// in their order.
using field_lookup =
    std::function<std::vector<std::string_view>(std::string_view name)>;

/// Header lines of a response.
using header_lines = std::vector<std::pair<std::string, std::string>>;

/// True if a page of this origin ("https://example.org:8443") was served by
/// the host that it speaks to ("example.org:8443"). A port that is the scheme's
/// own may be left out.
bool same_origin(std::string_view origin, std::string_view host);

struct handshake_options {
  /// The subprotocols that this server speaks, the best first. The first that
  /// the client offers too is chosen; none, if there is none.
  std::vector<std::string> subprotocols = {};

  /// Whether a page of `origin` may connect to `host`. Browsers let any page
  /// connect to anywhere, with the user's cookies, and leave this to the server
  /// (RFC 6455, 10.2). Not asked for requests without an Origin, which come
  /// from programs. A server behind a proxy that changes Host needs its own.
  std::function<bool(std::string_view origin, std::string_view host)>
      allow_origin = same_origin;
};

/// The request is fine. Answer with 101 and these header lines.
struct handshake_accepted {
  header_lines fields;
  std::string subprotocol; // empty: none
};

/// Answer with this status, these header lines and this text, which names what
/// was wrong.
struct handshake_refused {
  int status = 400;
  header_lines fields;
  std::string text;
};

using handshake_result = std::variant<handshake_accepted, handshake_refused>;

/// True if a request asks for a WebSocket: it has `websocket` in Upgrade. What
/// is wrong with it otherwise is for `check_request`.
bool wants_websocket(const field_lookup& fields);

/// The server's side (RFC 6455, 4.2). `http_minor` is the 1 of HTTP/1.1.
/// Refusals: 405 for another method than GET, 426 without Upgrade: websocket or
/// for another version than 13, 403 for an origin that may not, and 400 for
/// what is malformed.
handshake_result check_request(std::string_view method, int http_minor,
                               const field_lookup& fields,
                               const handshake_options& options = {});

/// Sec-WebSocket-Accept for a key: SHA-1 and base64 (RFC 6455, 4.2.2, 5.4).
std::string accept_of(std::string_view key);

// -- the client's side --------------------------------------------------------

/// 16 random bytes in base64 (RFC 6455, 4.1, 7).
std::string make_key();

/// The header lines that ask for a WebSocket. Host is the caller's.
header_lines request_fields(std::string_view key,
                            const std::vector<std::string>& subprotocols = {});

/// Empty, and `subprotocol` set, if a response opens the WebSocket (RFC 6455,
/// 4.1 at its end); else what is wrong with it.
std::string check_response(int status, const field_lookup& fields,
                           std::string_view key,
                           const std::vector<std::string>& offered,
                           std::string& subprotocol);

} // namespace sluice::net::websocket

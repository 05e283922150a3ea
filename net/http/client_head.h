#pragma once

// client_head: the head of a request as a client writes it, and whether it may
// be written: a method, target or field with a line end in it would be another
// request.
//
// Internal to net/http/client_broker. Thread rule: pure functions.

#include "net/endpoint.h"
#include "net/http/client_events.h"

#include <caf/error.hpp>

#include <string>
#include <string_view>

namespace sluice::net::http {

/// errc::bad_setting naming what cannot be sent: a method that is no token, a
/// target that is none (see uri.h), a field's name that is no token or a value
/// with control characters in it, or CONNECT, which makes a tunnel of the
/// connection.
caf::error check_request(const client_request& x);

/// Request line and fields, to the empty line (RFC 9112, section 3). A body of
/// no bytes is said to be one where the method calls for it (RFC 9110, section
/// 8.6).
std::string head_of(const client_request& x, std::string_view host);

/// What Host is for a connection to `x` (RFC 9110, section 7.2); "localhost"
/// for a Unix socket.
std::string host_of(const endpoint& x);

/// True if a request with this method may be sent again without doing more than
/// it does once (RFC 9110, section 9.2.2).
bool is_idempotent(std::string_view verb) noexcept;

} // namespace sluice::net::http

#pragma once

// status: what an answer says of its request (RFC 9110, section 15).
//
// For users. Thread rule: values.

#include <cstdint>
#include <string_view>

namespace sluice::net::http {

/// Any number from 100 to 599 may be cast to it; these have names.
enum class status : std::uint16_t {
  continue_ = 100,
  switching_protocols = 101,
  ok = 200,
  created = 201,
  accepted = 202,
  no_content = 204,
  partial_content = 206,
  moved_permanently = 301,
  found = 302,
  see_other = 303,
  not_modified = 304,
  temporary_redirect = 307,
  permanent_redirect = 308,
  bad_request = 400,
  unauthorized = 401,
  forbidden = 403,
  not_found = 404,
  method_not_allowed = 405,
  not_acceptable = 406,
  request_timeout = 408,
  conflict = 409,
  gone = 410,
  length_required = 411,
  precondition_failed = 412,
  content_too_large = 413,
  uri_too_long = 414,
  unsupported_media_type = 415,
  range_not_satisfiable = 416,
  expectation_failed = 417,
  unprocessable_content = 422,
  upgrade_required = 426,
  too_many_requests = 429,
  request_header_fields_too_large = 431,
  internal_server_error = 500,
  not_implemented = 501,
  bad_gateway = 502,
  service_unavailable = 503,
  gateway_timeout = 504,
  http_version_not_supported = 505,
};

/// "Not Found"; of a number without a name that of its class, e.g. "Client
/// Error".
std::string_view reason_phrase(status x) noexcept;

constexpr unsigned code_of(status x) noexcept {
  return static_cast<unsigned>(x);
}

/// An answer to it never has a body (RFC 9112, section 6.3).
constexpr bool is_bodiless(status x) noexcept {
  return code_of(x) < 200 || x == status::no_content
         || x == status::not_modified;
}

} // namespace sluice::net::http

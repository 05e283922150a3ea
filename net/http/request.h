#pragma once

// request: what a client asks for: the head of its message, and events for the
// body. The views of a request point into the bytes that came, which it keeps;
// a copy has them as well.
//
// For users. Thread rule: values. Lifetime: views live as long as the request
// that they were taken from, and of the one that a handler is given until the
// handler returns. Who answers later copies what it needs, or takes it anew
// from server_broker::current().

#include "net/http/fields.h"
#include "runtime/byte_slice.h"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sluice::net::http {

using runtime::byte_slice;

/// The methods of RFC 9110, section 9, and PATCH (RFC 5789). Others have a name
/// only.
enum class method : std::uint8_t {
  other,
  get,
  head,
  post,
  put,
  del, // DELETE
  connect,
  options,
  trace,
  patch,
};

/// What was sent of a field, as it came.
class field_view {
public:
  field_view(std::string_view name, std::string_view value) noexcept
      : name_(name), value_(value) {}

  std::string_view name() const noexcept { return name_; }
  std::string_view value() const noexcept { return value_; }

private:
  friend class request;

  std::string_view name_;
  std::string_view value_;
};

/// The fields of a request, in their order; names are compared without regard
/// to case.
class field_views {
public:
  /// The value of the first line of this name.
  std::optional<std::string_view> find(std::string_view name) const noexcept;

  /// True if a line of this name has `token` among its members, which are set
  /// off by commas; without regard to case (RFC 9110, section 5.6.1).
  bool has_token(std::string_view name, std::string_view token) const noexcept;

  std::size_t size() const noexcept { return lines_.size(); }
  bool empty() const noexcept { return lines_.empty(); }
  auto begin() const noexcept { return lines_.begin(); }
  auto end() const noexcept { return lines_.end(); }

private:
  friend class request;
  friend class request_codec;

  std::vector<field_view> lines_;
};

/// A request's head; the event with which it begins.
class request {
public:
  http::method verb() const noexcept { return verb_; }
  std::string_view verb_text() const noexcept { return verb_text_; }

  /// As it was sent. See uri.h for what it may be.
  std::string_view target() const noexcept { return target_; }

  /// As it was sent, with its escapes; "*" of `OPTIONS *`.
  std::string_view path() const noexcept { return path_; }

  /// What follows the first "?", or nothing.
  std::string_view query() const noexcept { return query_; }

  /// Whom it is for: of an absolute target its authority, else the field Host;
  /// empty in HTTP/1.0 without one.
  std::string_view host() const noexcept { return host_; }

  /// The 1 of HTTP/1.1.
  unsigned minor_version() const noexcept { return minor_version_; }

  const field_views& fields() const noexcept { return fields_; }

  /// If it was given: a body that is sent in chunks has none.
  std::optional<std::uint64_t> content_length() const noexcept {
    return content_length_;
  }

  /// True if body_part and then body_end will follow, or could be empty: it was
  /// announced as chunked, or with a length over 0.
  bool has_body() const noexcept { return has_body_; }

  /// Where a router collects it (route_options::collect_body_bytes); else
  /// empty.
  const byte_slice& body() const noexcept { return body_; }

  /// For those who collect it.
  void body(byte_slice x) { body_ = std::move(x); }

  /// Whether the client waits for "100 Continue" before it sends the body.
  bool expects_continue() const noexcept { return expects_continue_; }

  /// Whether the client would like to send another request.
  bool keeps_alive() const noexcept { return keeps_alive_; }

  /// Forgets everything but the room for fields.
  void clear() noexcept;

  /// Copies the bytes out of a slab that it uses little of.
  void compact();

private:
  friend class request_codec;

  void rebase(const byte_slice& to) noexcept;

  byte_slice bytes_; // all views below point into them
  std::string_view verb_text_;
  std::string_view target_;
  std::string_view path_;
  std::string_view query_;
  std::string_view host_;
  field_views fields_;
  std::optional<std::uint64_t> content_length_;
  byte_slice body_;
  http::method verb_ = method::other;
  std::uint8_t minor_version_ = 1;
  bool has_body_ = false;
  bool expects_continue_ = false;
  bool keeps_alive_ = true;
};

/// A piece of the body, of whatever size it came in.
struct body_part {
  byte_slice bytes;
};

/// The body is complete.
struct body_end {};

} // namespace sluice::net::http

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::body_part)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::body_end)

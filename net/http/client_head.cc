#include "net/http/client_head.h"

#include "net/endpoint_text.h"
#include "net/http/uri.h"
#include "runtime/error.h"

#include <algorithm>
#include <array>

namespace sluice::net::http {

namespace {

using runtime::errc;
using runtime::make_error;

/// What says how the message is framed is ours to say.
constexpr std::array<std::string_view, 4> own_fields = {
    "host",
    "content-length",
    "transfer-encoding",
    "expect",
};

/// RFC 9110, section 5.6.2.
constexpr bool is_token_char(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
         || (c >= 'A' && c <= 'Z')
         || std::string_view{"!#$%&'*+-.^_`|~"}.find(c)
                != std::string_view::npos;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

bool is_value(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
  });
}

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_own(std::string_view name) noexcept {
  return std::any_of(
      own_fields.begin(), own_fields.end(), [name](std::string_view own) {
        return std::equal(name.begin(), name.end(), own.begin(), own.end(),
                          [](char a, char b) { return to_lower(a) == b; });
      });
}

caf::error bad(std::string_view what, std::string_view text) {
  return make_error(errc::bad_setting, "a request with the " + std::string{what}
                                           + " " + quoted(text));
}

void add_field(std::string& out, std::string_view name,
               std::string_view value) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

} // namespace

caf::error check_request(const client_request& x) {
  if (!is_token(x.verb) || x.verb == "CONNECT")
    return bad("method", x.verb);
  auto target = split_target(x.target);
  if (!target)
    return make_error(errc::bad_setting, runtime::to_text(target.error()));
  if (!form_fits(target->form, x.verb))
    return bad("target", x.target);
  for (auto& field : x.fields) {
    if (!is_token(field.name()))
      return bad("field", field.name());
    if (!is_value(field.value()))
      return bad("value of " + std::string{field.name()}, field.value());
  }
  return {};
}

std::string head_of(const client_request& x, std::string_view host) {
  std::string result;
  result.reserve(256);
  result += x.verb;
  result += ' ';
  result += x.target;
  result += " HTTP/1.1\r\n";
  add_field(result, "Host", host);
  for (auto& field : x.fields)
    if (!is_own(field.name()))
      add_field(result, field.name(), field.value());
  auto needs_length = x.verb == "POST" || x.verb == "PUT" || x.verb == "PATCH";
  if (x.streams_body && !x.body_size)
    add_field(result, "Transfer-Encoding", "chunked");
  else if (x.streams_body)
    add_field(result, "Content-Length", std::to_string(*x.body_size));
  else if (!x.body.empty() || needs_length)
    add_field(result, "Content-Length", std::to_string(x.body.size()));
  if (x.expects_continue && (x.streams_body || !x.body.empty()))
    add_field(result, "Expect", "100-continue");
  result += "\r\n";
  return result;
}

std::string host_of(const endpoint& x) {
  if (x.is_unix())
    return "localhost";
  auto host = std::string{x.host()};
  if (host.find(':') != std::string::npos)
    host = "[" + host.substr(0, host.find('%')) + "]";
  return x.port() == 80 ? host : host + ":" + std::to_string(x.port());
}

bool is_idempotent(std::string_view verb) noexcept {
  return verb == "GET" || verb == "HEAD" || verb == "PUT" || verb == "DELETE"
         || verb == "OPTIONS" || verb == "TRACE";
}

} // namespace sluice::net::http

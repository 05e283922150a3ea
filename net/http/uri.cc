#include "net/http/uri.h"

#include "net/endpoint_text.h"
#include "runtime/error.h"
#include "runtime/limits.h"

#include <algorithm>
#include <charconv>

namespace sluice::net::http {

namespace {

using runtime::errc;
using runtime::make_error;

// The <cctype> functions depend on the locale.
constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_letter(char c) noexcept {
  return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}

/// RFC 3986, section 2.3.
constexpr bool is_unreserved(char c) noexcept {
  return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_'
         || c == '~';
}

/// The characters of reg-name in RFC 3986, section 3.2.2.
constexpr bool is_host_char(char c) noexcept {
  return is_unreserved(c)
         || std::string_view{"!$&'()*+,;=%"}.find(c) != std::string_view::npos;
}

constexpr int hex_value(char c) noexcept {
  if (is_digit(c))
    return c - '0';
  c = to_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

caf::error bad(std::string_view what, std::string_view text,
               std::string_view why) {
  return make_error(errc::malformed_frame, "bad " + std::string{what} + " "
                                               + quoted(text) + ": "
                                               + std::string{why});
}

std::string at_place(std::string_view text, std::size_t offset) {
  return quoted(text.substr(offset, 1)) + " at byte " + std::to_string(offset);
}

/// The length of "scheme://", or 0.
std::size_t scheme_length(std::string_view text) noexcept {
  if (text.empty() || !is_letter(text.front()))
    return 0;
  auto end = std::find_if_not(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  });
  auto size = static_cast<std::size_t>(end - text.begin());
  return text.substr(size).starts_with("://") ? size + 3 : 0;
}

void split_query(std::string_view text, request_target& out) noexcept {
  auto mark = text.find('?');
  out.path = text.substr(0, mark);
  if (mark != std::string_view::npos)
    out.query = text.substr(mark + 1);
}

std::string encode(std::string_view text, bool keep_slash) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string result;
  result.reserve(text.size());
  for (auto c : text) {
    if (is_unreserved(c) || (keep_slash && c == '/')) {
      result += c;
      continue;
    }
    auto byte = static_cast<unsigned char>(c);
    result += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return result;
}

/// Appends `text`, decoded, to `out`; returns what is wrong, if anything.
std::string decode(std::string_view text, bool plus_is_space,
                   std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
      continue;
    }
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    auto high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    auto low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return quoted(text.substr(i, 3)) + " at byte " + std::to_string(i)
             + " is not \"%\" and two hexadecimal digits";
    if (high == 0 && low == 0)
      return "\"%00\" at byte " + std::to_string(i);
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return {};
}

} // namespace

// -- targets ------------------------------------------------------------------

caf::expected<request_target> split_target(std::string_view text) {
  if (text.empty())
    return bad("target", text, "it is empty");
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    if (byte <= ' ' || byte == 0x7f || byte == '#')
      return bad("target", text, at_place(text, i) + " must be encoded");
  }
  request_target result;
  if (text.front() == '/') {
    split_query(text, result);
    return result;
  }
  if (text == "*") {
    result.form = target_form::asterisk;
    result.path = text;
    return result;
  }
  if (auto prefix = scheme_length(text); prefix > 0) {
    result.form = target_form::absolute;
    result.scheme = text.substr(0, prefix - 3);
    auto rest = text.substr(prefix);
    auto end = std::min(rest.find_first_of("/?"), rest.size());
    result.authority = rest.substr(0, end);
    split_query(rest.substr(end), result);
    if (result.path.empty())
      result.path = "/";
  } else {
    result.form = target_form::authority;
    result.authority = text;
  }
  if (auto parts = split_authority(result.authority); !parts)
    return bad("target", text, runtime::to_text(parts.error()));
  else if (result.form == target_form::authority && !parts->port)
    return bad("target", text,
               "it is neither a path nor a URL nor host and port");
  return result;
}

bool form_fits(target_form form, std::string_view verb) noexcept {
  switch (form) {
  case target_form::authority:
    return verb == "CONNECT";
  case target_form::asterisk:
    return verb == "OPTIONS";
  default:
    return verb != "CONNECT";
  }
}

caf::expected<host_and_port> split_authority(std::string_view text) {
  host_and_port result;
  auto wrong = [&](std::string_view why) {
    return bad("authority", text, why);
  };
  if (text.find('@') != std::string_view::npos)
    return wrong("it has a user name");
  auto rest = text;
  if (rest.starts_with('[')) {
    auto end = rest.find(']');
    if (end == std::string_view::npos)
      return wrong("\"[\" without \"]\"");
    result.host = rest.substr(1, end - 1);
    result.is_ipv6 = true;
    rest.remove_prefix(end + 1);
    if (!rest.empty() && rest.front() != ':')
      return wrong("stray " + quoted(rest) + " after \"]\"");
    auto stray =
        std::find_if_not(result.host.begin(), result.host.end(), [](char c) {
          return hex_value(c) >= 0 || c == ':' || c == '.';
        });
    if (stray != result.host.end())
      return wrong("stray " + quoted({stray, stray + 1})
                   + " in the IPv6 address");
  } else {
    auto end = std::min(rest.find(':'), rest.size());
    result.host = rest.substr(0, end);
    rest.remove_prefix(end);
    auto stray =
        std::find_if_not(result.host.begin(), result.host.end(), is_host_char);
    if (stray != result.host.end())
      return wrong("stray " + quoted({stray, stray + 1}) + " in the host");
  }
  if (result.host.empty())
    return wrong("the host is empty");
  if (rest.size() <= 1)
    return result;
  rest.remove_prefix(1);
  std::uint16_t port = 0;
  auto last = rest.data() + rest.size();
  auto [end, problem] = std::from_chars(rest.data(), last, port);
  if (problem != std::errc{} || end != last)
    return wrong("port " + quoted(rest) + " is not a number in 0..65535");
  result.port = port;
  return result;
}

// -- escapes and queries ------------------------------------------------------

caf::expected<std::string> percent_decode(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  if (auto why = decode(text, false, result); !why.empty())
    return bad("escape in", text, why);
  return result;
}

std::string encode_path(std::string_view text) {
  return encode(text, true);
}

std::string encode_component(std::string_view text) {
  return encode(text, false);
}

caf::expected<std::vector<query_pair>> query_pairs(std::string_view query) {
  std::vector<query_pair> result;
  while (!query.empty()) {
    auto end = std::min(query.find('&'), query.size());
    auto part = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (part.empty())
      continue;
    if (result.size() == runtime::limits::http_query_pairs_max)
      return make_error(
          errc::malformed_frame,
          "bad query: more than "
              + std::to_string(runtime::limits::http_query_pairs_max)
              + " pairs");
    auto equals = std::min(part.find('='), part.size());
    auto& [name, value] = result.emplace_back();
    auto why = decode(part.substr(0, equals), true, name);
    if (why.empty() && equals < part.size())
      why = decode(part.substr(equals + 1), true, value);
    if (!why.empty())
      return bad("query", part, why);
  }
  return result;
}

// -- paths --------------------------------------------------------------------

std::string remove_dot_segments(std::string_view path) {
  std::string result;
  // The cases A to E of the RFC. "/" below stands for what a dot segment at
  // the very end leaves.
  while (!path.empty()) {
    if (path.starts_with("../")) {
      path.remove_prefix(3);
    } else if (path.starts_with("./") || path.starts_with("/./")) {
      path.remove_prefix(2);
    } else if (path == "/.") {
      path = "/";
    } else if (path.starts_with("/../") || path == "/..") {
      path = path.size() > 3 ? path.substr(3) : "/";
      auto cut = result.rfind('/');
      result.resize(cut == std::string::npos ? 0 : cut);
    } else if (path == "." || path == "..") {
      path = {};
    } else {
      auto end = std::min(path.find('/', 1), path.size());
      result += path.substr(0, end);
      path.remove_prefix(end);
    }
  }
  return result;
}

caf::expected<relative_path> resolve_path(std::string_view path) {
  relative_path result;
  result.is_folder = path.empty() || path.ends_with('/');
  std::string part;
  for (auto rest = path; !rest.empty();) {
    auto end = std::min(rest.find('/'), rest.size());
    auto is_last = end == rest.size();
    part.clear();
    if (auto why = decode(rest.substr(0, end), false, part); !why.empty())
      return bad("path", path, why);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.find('/') != std::string::npos)
      return bad("path", path, "an encoded slash in " + quoted(part));
    if (part.empty())
      continue;
    if (part == "." || part == "..") {
      result.is_folder = result.is_folder || is_last;
      if (part == ".")
        continue;
      if (result.text.empty())
        return bad("path", path, "it climbs out");
      auto cut = result.text.rfind('/');
      result.text.resize(cut == std::string::npos ? 0 : cut);
      continue;
    }
    if (!result.text.empty())
      result.text += '/';
    result.text += part;
  }
  result.is_hidden = result.text.starts_with('.')
                     || result.text.find("/.") != std::string::npos;
  return result;
}

// -- what a client is given ---------------------------------------------------

caf::expected<url> read_url(std::string_view text) {
  auto target = split_target(text.substr(0, text.find('#')));
  if (!target)
    return bad("URL", text, runtime::to_text(target.error()));
  if (target->form != target_form::absolute)
    return bad("URL", text, "it does not begin with \"http://\"");
  if (!equals_ignoring_case(target->scheme, "http"))
    return bad("URL", text,
               "the scheme is " + quoted(target->scheme)
                   + "; only http is known");
  auto parts = split_authority(target->authority);
  if (!parts)
    return parts.error();
  std::string host{parts->host};
  if (parts->is_ipv6)
    host = "[" + host + "]";
  auto port = parts->port.value_or(80);
  url result;
  result.endpoint = "tcp://" + host + ":" + std::to_string(port);
  result.host = port == 80 ? host : host + ":" + std::to_string(port);
  result.target = target->path;
  if (target->query)
    result.target += "?" + std::string{*target->query};
  return result;
}

} // namespace sluice::net::http

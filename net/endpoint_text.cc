#include "net/endpoint_text.h"

#include "runtime/limits.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::net {

namespace limits = runtime::limits;

namespace {

constexpr std::array<std::string_view, 4> scheme_names = {
    "tcp",
    "udp",
    "unix",
    "unixgram",
};

/// A path needs a terminating zero, an abstract name a leading one.
constexpr std::size_t path_bytes_max = sizeof(sockaddr_un::sun_path) - 1;

// The <cctype> functions depend on the locale.
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_visible(char c) {
  return c > ' ' && c < '\x7f';
}

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_name_char(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') || c == '-'
         || c == '_' || c == '.';
}

std::string lower_case(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

/// A part of an endpoint, or why it is none.
template <class T>
struct part {
  T value{};
  std::string wrong;
};

part<std::uint16_t> read_port(std::string_view text) {
  if (text.empty())
    return {0, "the port is empty"};
  auto last = std::find_if_not(text.begin(), text.end(), is_digit);
  auto digits = static_cast<std::size_t>(last - text.begin());
  if (digits == 0)
    return {0, "port " + quoted(text) + " is not a number"};
  if (digits < text.size())
    return {0, quoted(text.substr(digits)) + " after the port"};
  std::uint16_t port = 0;
  if (std::from_chars(text.data(), text.data() + digits, port).ec
      != std::errc{})
    return {0, "port "
                   + std::string{text.substr(0, limits::error_excerpt_bytes)}
                   + " is not in 0..65535"};
  return {port, {}};
}

/// Address and zone, as they stand between the brackets.
part<std::string> read_ipv6(std::string_view text) {
  auto percent = text.find('%');
  in6_addr bytes{};
  std::string address{text.substr(0, percent)};
  if (::inet_pton(AF_INET6, address.c_str(), &bytes) != 1
      || address.size() != std::min(percent, text.size())
      || address.find('\0') != std::string::npos)
    return {{}, quoted(address) + " in brackets is not an IPv6 address"};
  std::array<char, INET6_ADDRSTRLEN> shortest{};
  ::inet_ntop(AF_INET6, &bytes, shortest.data(), shortest.size());
  std::string result = shortest.data();
  if (percent == std::string_view::npos)
    return {std::move(result), {}};
  auto zone = text.substr(percent + 1);
  if (zone.empty())
    return {{}, "the zone after \"%\" is empty"};
  if (zone.size() >= IF_NAMESIZE)
    return {{},
            "zone " + quoted(zone) + " is longer than "
                + std::to_string(IF_NAMESIZE - 1) + " characters"};
  auto stray = std::find_if(zone.begin(), zone.end(), [](char c) {
    return !is_visible(c) || c == '/' || c == '%' || c == '[';
  });
  if (stray != zone.end())
    return {{}, "stray " + quoted({stray, stray + 1}) + " in the zone"};
  result += '%';
  result += zone;
  return {std::move(result), {}};
}

/// A name, an IPv4 address or `*`.
part<std::string> read_host(std::string_view text) {
  if (text.empty())
    return {{}, "the host is empty; \"*\" is any address"};
  if (text == "*")
    return {"*", {}};
  auto stray = std::find_if_not(text.begin(), text.end(), is_name_char);
  if (stray != text.end())
    return {{}, "stray " + quoted({stray, stray + 1}) + " in the host"};
  if (text.size() > limits::host_name_bytes_max)
    return {{},
            "the host has " + std::to_string(text.size())
                + " characters; at most "
                + std::to_string(limits::host_name_bytes_max) + " are allowed"};
  auto rest = text;
  if (rest.back() == '.')
    rest.remove_suffix(1);
  std::string_view label;
  for (;;) {
    auto dot = rest.find('.');
    label = rest.substr(0, dot);
    if (label.empty())
      return {{}, "host " + quoted(text) + " has an empty part"};
    if (label.size() > limits::host_label_bytes_max)
      return {{},
              "a part of the host has " + std::to_string(label.size())
                  + " characters; at most "
                  + std::to_string(limits::host_label_bytes_max)
                  + " are allowed"};
    if (dot == std::string_view::npos)
      break;
    rest.remove_prefix(dot + 1);
  }
  auto host = lower_case(text);
  if (std::all_of(label.begin(), label.end(), is_digit) && !is_ipv4(host))
    return {{}, "host " + quoted(text) + " is not an IPv4 address"};
  return {std::move(host), {}};
}

struct host_and_port {
  std::string host;
  std::uint16_t port = 0;
};

part<host_and_port> read_authority(std::string_view text) {
  part<std::string> host;
  std::string_view rest; // from the colon on
  if (text.starts_with('[')) {
    auto closing = text.find(']');
    if (closing == std::string_view::npos)
      return {{}, "\"[\" without \"]\""};
    host = read_ipv6(text.substr(1, closing - 1));
    rest = text.substr(closing + 1);
    if (host.wrong.empty() && !rest.empty() && rest.front() != ':')
      return {{}, quoted(rest) + " after \"]\""};
  } else {
    auto colon = text.find(':');
    auto name = text.substr(0, colon);
    if (text.find(']') != std::string_view::npos)
      return {{}, "\"]\" without \"[\""};
    if (colon != std::string_view::npos) {
      rest = text.substr(colon);
      if (rest.find(':', 1) != std::string_view::npos)
        return {{},
                "more than one colon; an IPv6 address is written in "
                "brackets, as in tcp://[::1]:80"};
    }
    host = read_host(name);
  }
  if (!host.wrong.empty())
    return {{}, std::move(host.wrong)};
  if (rest.empty())
    return {{}, "no port"};
  auto port = read_port(rest.substr(1));
  if (!port.wrong.empty())
    return {{}, std::move(port.wrong)};
  return {{std::move(host.value), port.value}, {}};
}

/// Why the text is not a path; empty if it is one.
std::string wrong_path(std::string_view text) {
  if (text.empty())
    return "the path is empty";
  if (text == "@")
    return "the abstract name is empty";
  if (text.front() != '/' && text.front() != '@')
    return "path " + quoted(text)
           + " does not start with \"/\" or, for an abstract name, \"@\"";
  if (text.find('\0') != std::string_view::npos)
    return "stray \"\\x00\" in the path";
  auto size = text.front() == '@' ? text.size() - 1 : text.size();
  if (size > path_bytes_max)
    return "the path has " + std::to_string(size) + " bytes; at most "
           + std::to_string(path_bytes_max) + " are allowed";
  return {};
}

} // namespace

std::string_view to_string(endpoint_scheme x) noexcept {
  auto i = static_cast<std::size_t>(x);
  return i < scheme_names.size() ? scheme_names[i] : "invalid";
}

std::string quoted(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string result = "\"";
  for (char c : text.substr(0, limits::error_excerpt_bytes)) {
    if (is_visible(c) || c == ' ') {
      result += c;
    } else {
      auto byte = static_cast<unsigned char>(c);
      result += "\\x";
      result += hex[byte >> 4];
      result += hex[byte & 15];
    }
  }
  if (text.size() > limits::error_excerpt_bytes)
    result += "...";
  return result += '"';
}

bool is_ipv4(const std::string& text) noexcept {
  in_addr bytes{};
  return text.find('\0') == std::string::npos
         && ::inet_pton(AF_INET, text.c_str(), &bytes) == 1;
}

std::string read_endpoint(std::string_view text, endpoint_parts& out) {
  auto separator = text.find("://");
  if (separator == std::string_view::npos)
    return "no scheme; known are tcp://, udp://, unix:// and unixgram://";
  auto name = text.substr(0, separator);
  auto known =
      std::find(scheme_names.begin(), scheme_names.end(), lower_case(name));
  if (known == scheme_names.end())
    return "unknown scheme " + quoted(name)
           + "; known are tcp, udp, unix and unixgram";
  out.scheme = static_cast<endpoint_scheme>(known - scheme_names.begin());
  auto place = text.substr(separator + 3);
  if (out.scheme >= endpoint_scheme::unix_stream) {
    out.port = 0;
    out.place = place;
    return wrong_path(place);
  }
  auto authority = read_authority(place);
  out.port = authority.value.port;
  out.place = std::move(authority.value.host);
  return std::move(authority.wrong);
}

} // namespace sluice::net

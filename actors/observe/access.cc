#include "actors/observe/access.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace sluice::actors::observe {

namespace {

constexpr std::size_t host_bytes_max = 255; // RFC 1035, 2.3.4

bool is_port(std::string_view x) {
  return x.size() <= 5
         && std::ranges::all_of(x, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
         || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_address(const std::string& x) {
  in6_addr any;
  return ::inet_pton(AF_INET, x.c_str(), &any) == 1
         || ::inet_pton(AF_INET6, x.c_str(), &any) == 1;
}

/// What a person can read of `x`.
std::string quoted(std::string_view x) {
  std::string result{"'"};
  for (auto c : x.substr(0, 64))
    result += c >= 0x20 && c < 0x7f ? c : '?';
  return result + "'";
}

} // namespace

std::string lower_case(std::string_view x) {
  std::string result{x};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return result;
}

std::optional<std::string> host_of(std::string_view field) {
  if (field.empty() || field.size() > host_bytes_max)
    return std::nullopt;
  std::string_view host;
  std::string_view rest;
  if (field.front() == '[') {
    auto end = field.find(']');
    if (end == field.npos)
      return std::nullopt;
    host = field.substr(1, end - 1);
    rest = field.substr(end + 1);
    in6_addr any;
    if (::inet_pton(AF_INET6, std::string{host}.c_str(), &any) != 1)
      return std::nullopt;
  } else {
    auto end = std::min(field.find(':'), field.size());
    host = field.substr(0, end);
    rest = field.substr(end);
    if (host.empty() || !std::ranges::all_of(host, is_name_character))
      return std::nullopt;
  }
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1))))
    return std::nullopt;
  return lower_case(host);
}

std::string check_host(std::string_view field,
                       std::span<const std::string> names) {
  auto host = host_of(field);
  if (!host)
    return "the Host " + quoted(field) + " is none";
  if (*host == "localhost" || is_address(*host)
      || std::ranges::find(names, *host) != names.end())
    return {};
  return "the Host " + quoted(*host)
         + " is no address, not localhost and no name that this node was told; "
           "any site could have that name point here";
}

} // namespace sluice::actors::observe

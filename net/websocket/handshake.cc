#include "net/websocket/handshake.h"

#include "runtime/panic.h"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <optional>

namespace sluice::net::websocket {

namespace {

constexpr std::string_view version = "13";

char lower(char x) {
  return x >= 'A' && x <= 'Z' ? static_cast<char>(x - 'A' + 'a') : x;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view x) {
  auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!x.empty() && is_space(x.front()))
    x.remove_prefix(1);
  while (!x.empty() && is_space(x.back()))
    x.remove_suffix(1);
  return x;
}

/// The elements of a comma-separated list that may stand in several lines.
std::vector<std::string_view> elements(const field_lookup& fields,
                                       std::string_view name) {
  std::vector<std::string_view> result;
  for (auto line : fields(name))
    while (true) {
      auto comma = line.find(',');
      if (auto word = trimmed(line.substr(0, comma)); !word.empty())
        result.push_back(word);
      if (comma == std::string_view::npos)
        break;
      line.remove_prefix(comma + 1);
    }
  return result;
}

bool has_word(const field_lookup& fields, std::string_view name,
              std::string_view word) {
  auto list = elements(fields, name);
  return std::any_of(list.begin(), list.end(),
                     [word](auto x) { return same_word(x, word); });
}

/// The value of a header that may come only once.
std::optional<std::string_view> only(const field_lookup& fields,
                                     std::string_view name) {
  auto lines = fields(name);
  if (lines.size() != 1)
    return std::nullopt;
  return trimmed(lines.front());
}

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string result((size + 2) / 3 * 4 + 1, '\0');
  auto length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                                bytes, static_cast<int>(size));
  result.resize(static_cast<std::size_t>(length));
  return result;
}

/// True for 16 bytes in base64.
bool is_key(std::string_view x) {
  if (x.size() != 24 || x[22] != '=' || x[23] != '=' || x[21] == '=')
    return false;
  std::array<unsigned char, 18> bytes;
  return EVP_DecodeBlock(bytes.data(),
                         reinterpret_cast<const unsigned char*>(x.data()),
                         static_cast<int>(x.size()))
         == static_cast<int>(bytes.size());
}

handshake_refused refuse(int status, std::string text,
                         header_lines fields = {}) {
  return {status, std::move(fields), std::move(text)};
}

/// "example.org" and "443" of "https://example.org"; the scheme decides about a
/// port that is left out.
std::pair<std::string_view, std::string_view>
host_and_port(std::string_view authority, std::string_view scheme) {
  auto bracket = authority.rfind(']'); // of an IPv6 address
  auto colon = authority.rfind(':');
  if (colon == std::string_view::npos
      || (bracket != std::string_view::npos && colon < bracket))
    return {authority, same_word(scheme, "https") ? "443" : "80"};
  return {authority.substr(0, colon), authority.substr(colon + 1)};
}

} // namespace

bool same_origin(std::string_view origin, std::string_view host) {
  auto end = origin.find("://");
  if (end == std::string_view::npos)
    return false; // "null": of a file, or of a page in a sandbox
  auto scheme = origin.substr(0, end);
  auto page = host_and_port(origin.substr(end + 3), scheme);
  auto here = host_and_port(host, scheme);
  return !page.first.empty() && same_word(page.first, here.first)
         && page.second == here.second;
}

bool wants_websocket(const field_lookup& fields) {
  return has_word(fields, "Upgrade", "websocket");
}

handshake_result check_request(std::string_view method, int http_minor,
                               const field_lookup& fields,
                               const handshake_options& options) {
  if (!wants_websocket(fields))
    return refuse(426,
                  "Here is a WebSocket: the request needs \"Upgrade: "
                  "websocket\".",
                  {{"Upgrade", "websocket"}, {"Connection", "Upgrade"}});
  if (method != "GET")
    return refuse(405, "A WebSocket is opened with GET.", {{"Allow", "GET"}});
  if (http_minor < 1)
    return refuse(400, "A WebSocket is opened with HTTP/1.1.");
  if (!has_word(fields, "Connection", "upgrade"))
    return refuse(400, "\"Connection: Upgrade\" is missing.");
  if (auto asked = only(fields, "Sec-WebSocket-Version"); asked != version)
    return refuse(426,
                  asked ? "Sec-WebSocket-Version has to be 13."
                        : "Sec-WebSocket-Version is missing, or there twice.",
                  {{"Sec-WebSocket-Version", std::string{version}},
                   {"Upgrade", "websocket"},
                   {"Connection", "Upgrade"}});
  auto key = only(fields, "Sec-WebSocket-Key");
  if (!key || !is_key(*key))
    return refuse(400, "Sec-WebSocket-Key has to be there once, with 16 bytes "
                       "in base64.");
  auto host = only(fields, "Host");
  if (!host)
    return refuse(400, "Host has to be there once.");
  auto origins = fields("Origin");
  if (origins.size() > 1)
    return refuse(400, "Origin is there twice.");
  if (!origins.empty() && options.allow_origin
      && !options.allow_origin(trimmed(origins.front()), *host))
    return refuse(403, "Pages of this origin may not connect here.");

  handshake_accepted result;
  auto offered = elements(fields, "Sec-WebSocket-Protocol");
  for (auto& ours : options.subprotocols)
    if (std::find(offered.begin(), offered.end(), ours) != offered.end()) {
      result.subprotocol = ours;
      break;
    }
  result.fields = {{"Upgrade", "websocket"},
                   {"Connection", "Upgrade"},
                   {"Sec-WebSocket-Accept", accept_of(*key)}};
  if (!result.subprotocol.empty())
    result.fields.emplace_back("Sec-WebSocket-Protocol", result.subprotocol);
  return result;
}

std::string accept_of(std::string_view key) {
  auto text = std::string{key} + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  runtime::check(EVP_Digest(text.data(), text.size(), digest.data(), &size,
                            EVP_sha1(), nullptr)
                     == 1,
                 "OpenSSL has no SHA-1");
  return base64(digest.data(), size);
}

// -- the client's side --------------------------------------------------------

std::string make_key() {
  std::array<unsigned char, 16> bytes;
  runtime::check(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) == 1,
                 "the system has no random numbers");
  return base64(bytes.data(), bytes.size());
}

header_lines request_fields(std::string_view key,
                            const std::vector<std::string>& subprotocols) {
  header_lines result{{"Upgrade", "websocket"},
                      {"Connection", "Upgrade"},
                      {"Sec-WebSocket-Key", std::string{key}},
                      {"Sec-WebSocket-Version", std::string{version}}};
  std::string list;
  for (auto& x : subprotocols)
    list += (list.empty() ? "" : ", ") + x;
  if (!list.empty())
    result.emplace_back("Sec-WebSocket-Protocol", list);
  return result;
}

std::string check_response(int status, const field_lookup& fields,
                           std::string_view key,
                           const std::vector<std::string>& offered,
                           std::string& subprotocol) {
  if (status != 101)
    return "the server answers with status " + std::to_string(status);
  if (!has_word(fields, "Upgrade", "websocket"))
    return "the answer has no \"Upgrade: websocket\"";
  if (!has_word(fields, "Connection", "upgrade"))
    return "the answer has no \"Connection: Upgrade\"";
  if (only(fields, "Sec-WebSocket-Accept") != accept_of(key))
    return "Sec-WebSocket-Accept does not belong to our key";
  if (!fields("Sec-WebSocket-Extensions").empty())
    return "the server uses an extension that was not offered";
  auto chosen = fields("Sec-WebSocket-Protocol");
  subprotocol =
      chosen.empty() ? std::string{} : std::string{trimmed(chosen[0])};
  if (chosen.size() > 1
      || (!chosen.empty()
          && std::find(offered.begin(), offered.end(), subprotocol)
                 == offered.end()))
    return "the server chose a subprotocol that was not offered";
  return {};
}

} // namespace sluice::net::websocket

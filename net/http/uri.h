#pragma once

// uri: the target of a request taken apart, escapes, queries and paths; and
// the URL that a client is given.
//
// Nothing here guesses: what cannot be read is an error that says what is wrong
// and where. Errors are errc::malformed_frame; a server answers them with 400.
//
// For users. Thread rule: values and pure functions. Lifetime: views point into
// the text that they were made from.

#include <caf/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net::http {

/// The four forms of RFC 9112, section 3.2.
enum class target_form : std::uint8_t {
  origin,    // /path?query
  absolute,  // http://host/path?query, as a proxy is asked
  authority, // host:port, of CONNECT only
  asterisk,  // *, of OPTIONS only
};

/// A target as it was sent: nothing is decoded.
struct request_target {
  target_form form = target_form::origin;
  /// Of the absolute form only, e.g. "http"; as sent.
  std::string_view scheme;
  /// Of the absolute and the authority form: host and port as sent.
  std::string_view authority;
  /// Begins with "/" in the origin and the absolute form ("/" if a URL has
  /// none); "*" in the asterisk form; else empty.
  std::string_view path;
  /// What follows the first "?"; nothing is not the same as an empty query.
  std::optional<std::string_view> query;
};

/// Takes a target apart. Refuses what is empty, has a space, a control
/// character or a "#" in it, or is of none of the four forms; and an authority
/// with a user name (RFC 9110, section 4.2.4). Bytes above 127 pass, as in
/// other servers.
caf::expected<request_target> split_target(std::string_view text);

/// True if a request with this method may have a target of this form (RFC
/// 9112, section 3.2): CONNECT has authorities only, and nobody else has them;
/// the asterisk is for OPTIONS.
bool form_fits(target_form form, std::string_view verb) noexcept;

/// Host and port of an authority.
struct host_and_port {
  /// A name, an IPv4 address, or an IPv6 address without its brackets.
  std::string_view host;
  bool is_ipv6 = false;
  /// Nothing if there is none, or an empty one ("host:").
  std::optional<std::uint16_t> port;
};

/// Takes "host", "host:port" and "[v6]:port" apart (RFC 3986, section 3.2).
/// Refuses an empty host, a user name, a port over 65535 and characters that
/// no host has.
caf::expected<host_and_port> split_authority(std::string_view text);

/// Replaces %XX by bytes (RFC 3986, section 2.1). Refuses a "%" without two
/// hexadecimal digits, and %00: the systems below end a text there.
caf::expected<std::string> percent_decode(std::string_view text);

/// Replaces all but letters, digits, "-._~" and "/" by %XX, so that the result
/// is a path.
std::string encode_path(std::string_view text);

/// As encode_path, and "/" too: fit for a part of a path or of a query.
std::string encode_component(std::string_view text);

using query_pair = std::pair<std::string, std::string>;

/// Names and values of a query, decoded, in their order; "+" is a space, as
/// forms send it (URL Standard, application/x-www-form-urlencoded). A name
/// without "=" has an empty value; empty pairs are passed over. Refuses bad
/// escapes, and more than limits::http_query_pairs_max pairs.
caf::expected<std::vector<query_pair>> query_pairs(std::string_view query);

/// RFC 3986, section 5.2.4: "/a/b/../c" is "/a/c". What would climb over the
/// root stays there. Does not decode.
std::string remove_dot_segments(std::string_view path);

/// Where a path leads below a folder.
struct relative_path {
  /// Decoded, without a slash at the beginning or the end; empty for the
  /// folder itself.
  std::string text;
  /// The path ended with a slash: a folder was meant.
  bool is_folder = false;
  /// A part of it begins with a dot, as in ".git/config".
  bool is_hidden = false;
};

/// What a path, as it was sent, names below a folder: each part is decoded by
/// itself, then "." and empty parts are dropped and ".." takes one back.
/// Refuses bad escapes, an encoded slash (a file's name has none, and others
/// would read another path), and a path that climbs out at any point, as in
/// "/../etc" or "/a/../../a".
caf::expected<relative_path> resolve_path(std::string_view path);

/// Where a client connects, and what it asks for there.
struct url {
  /// For `connect`: "tcp://host:port".
  std::string endpoint;
  /// For the field Host: the port is left out if it is 80.
  std::string host;
  /// Path and query, at least "/".
  std::string target;
};

/// Reads "http://host[:port][/path][?query]"; a fragment is cut off (RFC 9110,
/// section 7.1). Refuses other schemes, https among them, by name.
caf::expected<url> read_url(std::string_view text);

} // namespace sluice::net::http

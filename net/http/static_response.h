#pragma once

// static_response: how a request for a file is answered, once it is known what
// the file is: status, fields, and which bytes of it. Nothing is read here.
//
// Internal to net/http/static_files.h, and for whoever serves files in another
// way. Thread rule: values and pure functions.

#include "net/http/byte_range.h"
#include "net/http/conditional.h"
#include "net/http/file_search.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net::http {

/// What of a request decides about the answer.
struct file_query {
  bool head_only = false;
  condition_fields conditions{};
  std::optional<std::string_view> range{};
};

/// Some text, and then some bytes of the file.
struct body_segment {
  std::string text;
  byte_range bytes;

  bool operator==(const body_segment&) const = default;
};

struct file_response {
  /// 200, 206, 304, 412 or 416.
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> fields;
  /// The body's length; with HEAD that of the body that GET has. No body
  /// belongs to a status of 304.
  std::uint64_t length = 0;
  /// Empty with HEAD, 304, 412 and 416.
  std::vector<body_segment> segments;
};

/// The answer for `file`, which must be there. `cache_control` is sent as it
/// stands, unless it is empty.
file_response respond_with_file(const file_query& query,
                                const file_answer& file,
                                const std::string& cache_control, date now);

/// Whether the value of Accept-Encoding takes gzip (RFC 9110, section 12.5.3):
/// "gzip", "x-gzip" or else "*" is listed and has not the weight 0.
bool accepts_gzip(std::string_view field) noexcept;

} // namespace sluice::net::http

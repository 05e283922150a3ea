#pragma once

// conditional: is it worth the while to send what was asked for? Validators of
// a file, and the fields of a request that compare with them (RFC 9110,
// sections 8.8 and 13).
//
// For users. Thread rule: values and pure functions. Lifetime: the views of
// `condition_fields` point into the request.

#include "net/http/http_date.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::net::http {

/// What tells one state of a file from another.
struct validators {
  /// With its quotes; "W/" in front of a weak one. Empty: there is none.
  std::string etag;
  std::optional<date> modified;
};

/// A strong entity tag: another one whenever the file was written (to the
/// clock's resolution), replaced or cut. Time in nanoseconds since 1970.
std::string make_etag(std::int64_t modified_ns, std::uint64_t size,
                      std::uint64_t inode);

/// The values of the fields, as far as the request has them.
struct condition_fields {
  std::optional<std::string_view> if_match{};
  std::optional<std::string_view> if_none_match{};
  std::optional<std::string_view> if_modified_since{};
  std::optional<std::string_view> if_unmodified_since{};
  std::optional<std::string_view> if_range{};
};

enum class condition : std::uint8_t {
  met,          // go on
  not_modified, // answer 304
  failed,       // answer 412
};

/// Judges the fields in the order of RFC 9110, section 13.2.2, for something
/// that exists. `reads`: the method is GET or HEAD, else 304 becomes 412 and
/// If-Modified-Since does not count. A date that cannot be read counts as no
/// field at all; of a list of tags, what cannot be read ends it.
condition judge(const condition_fields& fields, const validators& what,
                bool reads, date now);

/// Whether Range counts (section 13.1.5): there is no If-Range, or its tag is
/// ours and both are strong, or its date is exactly ours and old enough for no
/// second change within its second (section 8.8.2.2).
bool range_counts(const condition_fields& fields, const validators& what,
                  date now);

} // namespace sluice::net::http

#pragma once

// http_date: points in time as HTTP writes them (RFC 9110, section 5.6.7),
// always in UTC and to the second:
//
//   Sun, 06 Nov 1994 08:49:37 GMT     what is written, and read
//   Sunday, 06-Nov-94 08:49:37 GMT    of RFC 850: read only
//   Sun Nov  6 08:49:37 1994          of asctime: read only
//
// For users. Thread rule: pure functions; a date_text belongs to one thread.

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

namespace sluice::net::http {

using date = std::chrono::sys_seconds;

/// The text of a date: 29 characters.
using date_characters = std::array<char, 29>;

/// Writes a date; years outside of 0..9999, which the format has no room for,
/// become the nearest inside.
date_characters format_date(date x) noexcept;

/// Reads a date in any of the three forms; nothing if it is none of them, or
/// if there is no such day or time. Upper and lower case count, as in the RFC;
/// the name of the day must be one, but may be that of another day. The second
/// 60 is read as the one after 59. The year of the second form has two digits:
/// it is the one that is not more than 50 years after `now`.
std::optional<date> parse_date(std::string_view text, date now);

/// The present for the field Date, written anew only when the second has
/// changed.
class date_text {
public:
  /// The text for `now`, valid until the next call.
  std::string_view at(std::chrono::system_clock::time_point now) noexcept {
    auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (second != second_) {
      second_ = second;
      text_ = format_date(second);
    }
    return {text_.data(), text_.size()};
  }

private:
  date second_ = date::min();
  date_characters text_{};
};

} // namespace sluice::net::http

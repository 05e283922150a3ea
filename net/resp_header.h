#pragma once

// resp_header: the lines of RESP2, each a type byte and a number or a text.
//
// Internal to resp_codec and resp. Thread rule: pure functions.

#include "net/codec.h"
#include "net/line_scan.h"

#include <cstdint>
#include <string_view>

namespace sluice::net {

/// A line of RESP2. `what` is frame for a good one, which ends before `next`;
/// too_long for one that is longer than it may be; malformed for one without a
/// number where there should be one, or without LF after its CR.
struct resp_header {
  decoded::status what = decoded::status::need_more;
  std::int64_t number = 0;
  std::size_t next = 0;
};

/// The rare cases of `read_resp_number`.
resp_header read_long_resp_number(std::string_view input, std::size_t start,
                                  std::uint32_t& scanned,
                                  std::size_t bytes_max);

/// Reads the line whose type byte stands at `start`: a decimal number of 64
/// bits as Redis takes it, without blanks, leading zeros and "-0"; an integer
/// (`:`) may have a plus. `bytes_max` bounds the line, type byte included and
/// ending not;
/// `scanned` is how far earlier calls looked for the end of this line.
inline resp_header read_resp_number(std::string_view input, std::size_t start,
                                    std::uint32_t& scanned,
                                    std::size_t bytes_max) {
  // Nearly all numbers are short and whole: no search for their end.
  constexpr std::ptrdiff_t short_digits = 9; // below 2^32
  auto first = input.data() + start + 1;
  auto last = input.data() + input.size();
  auto stop = last - first > short_digits ? first + short_digits : last;
  std::uint32_t number = 0;
  auto p = first;
  for (; p < stop; ++p) {
    auto digit = static_cast<std::uint32_t>(*p - '0');
    if (digit > 9)
      break;
    number = number * 10 + digit;
  }
  if (p > first && last - p >= 2 && p[0] == '\r' && p[1] == '\n'
      && (*first != '0' || p == first + 1)
      && static_cast<std::size_t>(p - first) < bytes_max)
    return {decoded::status::frame, number,
            static_cast<std::size_t>(p + 2 - input.data())};
  return read_long_resp_number(input, start, scanned, bytes_max);
}

/// Reads the line of a simple string or an error.
resp_header read_resp_text(std::string_view input, std::size_t start,
                           std::uint32_t& scanned, std::size_t bytes_max);

/// True if CR LF stands before `end`, which is at least 2.
inline bool has_crlf_before(std::string_view input, std::size_t end) {
  return input[end - 2] == '\r' && input[end - 1] == '\n';
}

} // namespace sluice::net

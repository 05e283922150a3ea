#pragma once

// byte_range: the field Range (RFC 9110, section 14) against a file of a known
// size, and the form of an answer with several ranges (section 14.6).
//
// For users. Thread rule: values and pure functions.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::net::http {

/// A part of a file: never empty, never past its end.
struct byte_range {
  std::uint64_t first = 0;
  std::uint64_t size = 0;

  bool operator==(const byte_range&) const = default;
};

enum class range_outcome : std::uint8_t {
  whole,         // 200: there is no Range, or it is to be ignored
  partial,       // 206: `ranges`, in the order in which they were asked for
  unsatisfiable, // 416, with `unsatisfied_range`
};

struct range_choice {
  range_outcome outcome = range_outcome::whole;
  std::vector<byte_range> ranges;
};

/// What to answer to the value of the field Range for a file of `size` bytes.
/// A range that reaches past the end is cut, one that begins there is left out;
/// if none is left, the field is unsatisfiable. Ignored, as the RFC allows or
/// asks for: another unit than bytes, bad syntax, more than
/// limits::http_ranges_max ranges, and ranges that overlap so much that
/// together they are larger than the file.
range_choice choose_ranges(std::string_view field, std::uint64_t size);

/// The value of Content-Range for a part: "bytes 0-99/1000".
std::string content_range(const byte_range& x, std::uint64_t size);

/// The value of Content-Range with status 416: "bytes */1000".
std::string unsatisfied_range(std::uint64_t size);

/// The frame around the parts of a multipart/byteranges body.
class multipart_frame {
public:
  /// `boundary`: up to 70 letters and digits that do not stand in the file.
  multipart_frame(std::string boundary, std::string_view content_type,
                  std::uint64_t file_size);

  /// The value of Content-Type for the whole answer.
  std::string content_type() const;

  /// What stands before the bytes of a part.
  std::string before(const byte_range& part, bool is_first) const;

  /// What stands after the last part.
  std::string after_last() const;

  /// The length of the whole body with these parts.
  std::uint64_t body_size(const std::vector<byte_range>& parts) const;

private:
  std::string boundary_;
  std::string part_type_;
  std::uint64_t file_size_;
};

/// A boundary that no file has in it but by a chance of 1 in 2^64.
std::string make_boundary();

} // namespace sluice::net::http

#include "net/http/byte_range.h"

#include "runtime/limits.h"

#include <charconv>
#include <limits>
#include <optional>
#include <random>

namespace sluice::net::http {

namespace {

constexpr std::string_view spaces = " \t";

std::string_view trimmed(std::string_view x) noexcept {
  auto first = x.find_first_not_of(spaces);
  if (first == std::string_view::npos)
    return {};
  return x.substr(first, x.find_last_not_of(spaces) - first + 1);
}

/// Digits only; a number that is too large is the largest.
std::optional<std::uint64_t> read_number(std::string_view text) noexcept {
  std::uint64_t result = 0;
  auto last = text.data() + text.size();
  auto [end, problem] = std::from_chars(text.data(), last, result);
  if (text.empty() || end != last)
    return std::nullopt;
  if (problem == std::errc::result_out_of_range)
    return std::numeric_limits<std::uint64_t>::max();
  return problem == std::errc{} ? std::optional{result} : std::nullopt;
}

enum class reading : std::uint8_t { taken, outside, malformed };

/// One of "2-5", "2-" and "-5".
reading read_range(std::string_view text, std::uint64_t size,
                   byte_range& out) noexcept {
  auto dash = text.find('-');
  if (dash == std::string_view::npos)
    return reading::malformed;
  auto before = text.substr(0, dash);
  auto after = text.substr(dash + 1);
  if (before.empty()) {
    auto length = read_number(after);
    if (!length)
      return reading::malformed;
    out.size = std::min(*length, size);
    out.first = size - out.size;
    return out.size > 0 ? reading::taken : reading::outside;
  }
  auto first = read_number(before);
  auto last = after.empty() ? std::numeric_limits<std::uint64_t>::max()
                            : read_number(after);
  if (!first || !last || *last < *first)
    return reading::malformed;
  if (*first >= size)
    return reading::outside;
  out.first = *first;
  out.size = std::min(*last, size - 1) - *first + 1;
  return reading::taken;
}

bool is_bytes_unit(std::string_view x) noexcept {
  // Units are not case-sensitive (RFC 9110, section 14.1).
  constexpr std::string_view unit = "bytes";
  if (x.size() != unit.size())
    return false;
  for (std::size_t i = 0; i < unit.size(); ++i)
    if ((x[i] | 0x20) != unit[i])
      return false;
  return true;
}

} // namespace

range_choice choose_ranges(std::string_view field, std::uint64_t size) {
  auto equals = field.find('=');
  if (equals == std::string_view::npos
      || !is_bytes_unit(trimmed(field.substr(0, equals))))
    return {};
  range_choice result;
  std::size_t count = 0;
  std::uint64_t left = size;
  for (auto rest = field.substr(equals + 1);;) {
    auto comma = rest.find(',');
    auto part = trimmed(rest.substr(0, comma));
    if (!part.empty()) { // empty elements of a list count for nothing
      byte_range range;
      auto what = read_range(part, size, range);
      if (what == reading::malformed
          || ++count > runtime::limits::http_ranges_max)
        return {};
      if (what == reading::taken) {
        if (range.size > left)
          return {};
        left -= range.size;
        result.ranges.push_back(range);
      }
    }
    if (comma == std::string_view::npos)
      break;
    rest.remove_prefix(comma + 1);
  }
  if (count == 0)
    return {};
  result.outcome = result.ranges.empty() ? range_outcome::unsatisfiable
                                         : range_outcome::partial;
  return result;
}

std::string content_range(const byte_range& x, std::uint64_t size) {
  return "bytes " + std::to_string(x.first) + "-"
         + std::to_string(x.first + x.size - 1) + "/" + std::to_string(size);
}

std::string unsatisfied_range(std::uint64_t size) {
  return "bytes */" + std::to_string(size);
}

multipart_frame::multipart_frame(std::string boundary,
                                 std::string_view content_type,
                                 std::uint64_t file_size)
    : boundary_(std::move(boundary)),
      part_type_(content_type),
      file_size_(file_size) {
}

std::string multipart_frame::content_type() const {
  return "multipart/byteranges; boundary=" + boundary_;
}

std::string multipart_frame::before(const byte_range& part,
                                    bool is_first) const {
  std::string result = is_first ? "--" : "\r\n--";
  result += boundary_;
  if (!part_type_.empty())
    result += "\r\nContent-Type: " + part_type_;
  return result + "\r\nContent-Range: " + content_range(part, file_size_)
         + "\r\n\r\n";
}

std::string multipart_frame::after_last() const {
  return "\r\n--" + boundary_ + "--\r\n";
}

std::uint64_t
multipart_frame::body_size(const std::vector<byte_range>& parts) const {
  std::uint64_t result = after_last().size();
  auto is_first = true;
  for (auto& x : parts) {
    result += before(x, is_first).size() + x.size;
    is_first = false;
  }
  return result;
}

std::string make_boundary() {
  thread_local std::mt19937_64 numbers{std::random_device{}()};
  return "part" + std::to_string(numbers());
}

} // namespace sluice::net::http

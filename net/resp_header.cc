#include "net/resp_header.h"

#include <charconv>

namespace sluice::net {

using status = decoded::status;

namespace {

bool parse_number(std::string_view text, bool plus, std::int64_t& number) {
  auto digits = text;
  if (plus && text.starts_with('+'))
    text = digits = text.substr(1);
  else if (text.starts_with('-'))
    digits = text.substr(1);
  if (digits.empty() || digits.front() < '0' || digits.front() > '9'
      || (digits.front() == '0' && text.size() > 1))
    return false;
  auto last = text.data() + text.size();
  auto result = std::from_chars(text.data(), last, number);
  return result.ec == std::errc{} && result.ptr == last;
}

} // namespace

resp_header read_resp_text(std::string_view input, std::size_t start,
                           std::uint32_t& scanned, std::size_t bytes_max) {
  // The line with its type byte, and one byte more for the CR.
  auto window = input.substr(0, start + bytes_max + 1);
  auto from = scanned > start ? scanned : start;
  auto end = find_byte(window, from, '\r');
  if (end == window.size() && end == start + bytes_max + 1)
    return {status::too_long};
  scanned = static_cast<std::uint32_t>(end);
  if (end + 1 >= input.size())
    return {status::need_more};
  scanned = 0;
  if (input[end + 1] != '\n')
    return {status::malformed};
  return {status::frame, 0, end + 2};
}

resp_header read_long_resp_number(std::string_view input, std::size_t start,
                                  std::uint32_t& scanned,
                                  std::size_t bytes_max) {
  auto line = read_resp_text(input, start, scanned, bytes_max);
  if (line.what != status::frame)
    return line;
  auto text = input.substr(start + 1, line.next - 2 - (start + 1));
  if (!parse_number(text, input[start] == ':', line.number))
    return {status::malformed};
  return line;
}

} // namespace sluice::net

#include "net/resp_codec.h"

#include "net/line_scan.h"
#include "net/resp_header.h"
#include "runtime/panic.h"

#include <algorithm>

namespace sluice::net {

using status = decoded::status;

namespace {

/// "$0\r\n\r\n", the shortest element of a command.
constexpr std::size_t element_bytes_min = 6;

constexpr const char* bad_count = "Protocol error: invalid multibulk length";
constexpr const char* bad_length = "Protocol error: invalid bulk length";
constexpr const char* endless_count =
    "Protocol error: too big mbulk count string";
constexpr const char* endless_length =
    "Protocol error: too big bulk count string";
constexpr const char* no_bulk_end =
    "Protocol error: no CR LF after a bulk string";
constexpr const char* too_big = "Protocol error: too big frame";

/// One text per unexpected byte, since the details of a codec are static.
class byte_texts {
public:
  constexpr byte_texts(std::string_view before, std::string_view after) {
    for (std::size_t byte = 0; byte < texts_.size(); ++byte) {
      auto out = texts_[byte].begin();
      for (char c : before)
        *out++ = c;
      if (byte >= ' ' && byte < 0x7f) {
        *out++ = static_cast<char>(byte);
      } else {
        constexpr std::string_view hex = "0123456789abcdef";
        *out++ = '\\';
        *out++ = 'x';
        *out++ = hex[byte >> 4];
        *out++ = hex[byte & 15];
      }
      for (char c : after)
        *out++ = c;
    }
  }

  const char* operator[](char c) const {
    return texts_[static_cast<unsigned char>(c)].data();
  }

private:
  std::array<std::array<char, 48>, 256> texts_{};
};

constexpr byte_texts no_bulk{"Protocol error: expected '$', got '", "'"};
constexpr byte_texts no_type{"Protocol error: got '", "' as reply type byte"};

/// The failure of a line: it has no end, or not the content that it should.
decoded failure(const resp_header& line, const char* endless,
                const char* malformed) {
  return line.what == status::too_long ? decoded::too_long(endless)
                                       : decoded::malformed(malformed);
}

decoded reply_failure(char type, const resp_header& line) {
  switch (type) {
  case '$':
    return failure(line, endless_length, bad_length);
  case '*':
    return failure(line, endless_count, bad_count);
  case ':':
    return failure(line, "Protocol error: too big integer",
                   "Protocol error: invalid integer");
  default:
    return failure(line, "Protocol error: too big line",
                   "Protocol error: no LF after CR");
  }
}

} // namespace

resp_codec::resp_codec(resp_side side, const resp_bounds& bounds)
    : side_(side),
      depth_max_(static_cast<std::uint8_t>(bounds.depth)),
      elements_max_(checked_frame_bound(bounds.elements)),
      bulk_bytes_max_(checked_frame_bound(bounds.bulk_bytes)),
      inline_bytes_max_(checked_frame_bound(bounds.inline_bytes)),
      frame_bytes_max_(checked_frame_bound(bounds.frame_bytes)) {
  runtime::check(bounds.depth >= 1 && bounds.depth <= left_.size(),
                 "resp_bounds::depth is not in 1..resp_depth_max");
  runtime::check(frame_bytes_max_ > 2, "resp_bounds::frame_bytes is below 3");
  inline_bytes_max_ = std::min(inline_bytes_max_, frame_bytes_max_ - 2);
}

decoded resp_codec::decode(std::string_view input) {
  if (input.empty())
    return decoded::more();
  if (side_ == resp_side::replies)
    return decode_reply(input);
  return input.front() == '*' ? decode_command(input) : decode_inline(input);
}

envelope resp_codec::wrap(std::size_t) const {
  return {};
}

decoded resp_codec::suspend(std::size_t position, std::size_t expected) {
  position_ = static_cast<std::uint32_t>(position);
  return decoded::more(expected);
}

decoded resp_codec::finish(std::size_t size) {
  position_ = 0;
  scanned_ = 0;
  body_ = no_body;
  return decoded::frame(0, size, size);
}

/// The bound of a line that starts at `position`, which is inside the frame's.
std::size_t resp_codec::line_bytes_max(std::size_t position) const {
  return std::min<std::size_t>(inline_bytes_max_, frame_bytes_max_ - position);
}

decoded resp_codec::decode_inline(std::string_view input) {
  auto line = scan_line(input, scanned_, inline_bytes_max_,
                        "Protocol error: too big inline request");
  if (line.what != status::frame)
    return line;
  return decoded::frame(0, line.consumed, line.consumed);
}

decoded resp_codec::decode_command(std::string_view input) {
  // In locals, so that a command that came whole touches no member.
  std::size_t position = position_;
  auto left = left_[0];
  auto body = body_;
  auto stop = [&](std::size_t expected) {
    left_[0] = left;
    body_ = body;
    return suspend(position, expected);
  };
  if (position == 0) {
    auto count = read_resp_number(input, 0, scanned_, line_bytes_max(0));
    if (count.what == status::need_more)
      return stop(0);
    if (count.what != status::frame)
      return failure(count, endless_count, bad_count);
    if (count.number > elements_max_)
      return decoded::too_long(bad_count);
    if (count.number <= 0)
      return finish(count.next);
    left = static_cast<std::uint32_t>(count.number);
    position = count.next;
    if (position + left * element_bytes_min > frame_bytes_max_)
      return decoded::too_long(too_big);
  }
  for (;;) {
    if (body == no_body) {
      if (position == input.size())
        return stop(0);
      if (input[position] != '$')
        return decoded::malformed(no_bulk[input[position]]);
      auto length =
          read_resp_number(input, position, scanned_, line_bytes_max(position));
      if (length.what == status::need_more)
        return stop(0);
      if (length.what != status::frame)
        return failure(length, endless_length, bad_length);
      if (length.number < 0)
        return decoded::malformed(bad_length);
      if (length.number > bulk_bytes_max_)
        return decoded::too_long(bad_length);
      body = static_cast<std::uint32_t>(length.number);
      position = length.next;
      if (position + body + 2 + (left - 1) * element_bytes_min
          > frame_bytes_max_)
        return decoded::too_long(too_big);
    }
    auto end = position + body + 2;
    if (input.size() < end)
      return stop(left == 1 ? end : 0);
    if (!has_crlf_before(input, end))
      return decoded::malformed(no_bulk_end);
    position = end;
    body = no_body;
    if (--left == 0)
      return finish(position);
  }
}

decoded resp_codec::decode_reply(std::string_view input) {
  std::size_t position = position_;
  for (;;) {
    if (body_ == no_body) {
      auto whole = false;
      auto line = read_element(input, position, whole);
      if (line.what != status::frame)
        return line;
      position = line.consumed;
      if (!whole)
        continue;
    } else {
      auto end = position + body_ + 2;
      if (input.size() < end)
        return suspend(position, is_last_element() ? end : 0);
      if (!has_crlf_before(input, end))
        return decoded::malformed(no_bulk_end);
      position = end;
      body_ = no_body;
    }
    // An element is whole, and with it the arrays of which it is the last.
    while (depth_ > 0 && --left_[depth_ - 1] == 0)
      --depth_;
    if (depth_ == 0)
      return finish(position);
  }
}

/// Reads the line with which an element of a reply starts. `whole` says whether
/// that is all of it: not if a bulk string or the elements of an array follow.
decoded resp_codec::read_element(std::string_view input, std::size_t position,
                                 bool& whole) {
  if (position == input.size())
    return suspend(position);
  auto type = input[position];
  auto is_text = type == '+' || type == '-';
  if (!is_text && type != ':' && type != '$' && type != '*')
    return decoded::malformed(no_type[type]);
  auto bytes_max = line_bytes_max(position);
  auto line = is_text ? read_resp_text(input, position, scanned_, bytes_max)
                      : read_resp_number(input, position, scanned_, bytes_max);
  if (line.what == status::need_more)
    return suspend(position);
  if (line.what != status::frame)
    return reply_failure(type, line);
  if (line.next > frame_bytes_max_)
    return decoded::too_long(too_big);
  whole = is_text || type == ':' || line.number == -1;
  if (!whole && type == '$') {
    if (line.number < 0)
      return decoded::malformed(bad_length);
    if (line.number > bulk_bytes_max_)
      return decoded::too_long(bad_length);
    body_ = static_cast<std::uint32_t>(line.number);
    if (line.next + body_ + 2 > frame_bytes_max_)
      return decoded::too_long(too_big);
  } else if (!whole) {
    if (line.number < 0)
      return decoded::malformed(bad_count);
    if (line.number > elements_max_)
      return decoded::too_long(bad_count);
    if (depth_ == depth_max_)
      return decoded::too_long("Protocol error: too deeply nested arrays");
    whole = line.number == 0;
    if (!whole)
      left_[depth_++] = static_cast<std::uint32_t>(line.number);
  }
  return decoded::frame(0, 0, line.next);
}

bool resp_codec::is_last_element() const {
  return std::all_of(left_.begin(), left_.begin() + depth_,
                     [](std::uint32_t left) { return left == 1; });
}

} // namespace sluice::net

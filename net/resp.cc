#include "net/resp.h"

#include "net/resp_header.h"

#include <array>
#include <charconv>
#include <cstring>

namespace sluice::net {

using status = decoded::status;

namespace {

/// No bound of its own: a frame is whole, and its codec had one.
constexpr std::size_t line_bytes_max = std::size_t{1} << 62;

// As isspace in the "C" locale, which Redis uses.
constexpr bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

constexpr char unescape(char c) {
  switch (c) {
  case 'n':
    return '\n';
  case 'r':
    return '\r';
  case 't':
    return '\t';
  case 'b':
    return '\b';
  case 'a':
    return '\a';
  default:
    return c;
  }
}

/// Appends what stands behind the opening double quote at `i` and leaves `i`
/// on the closing one; false if there is none.
bool read_double_quoted(std::string_view line, std::size_t& i,
                        std::string& out) {
  for (++i; i < line.size(); ++i) {
    if (line[i] == '"')
      return true;
    if (line[i] != '\\' || i + 1 == line.size()) {
      out += line[i];
      continue;
    }
    ++i;
    if (line[i] == 'x' && i + 2 < line.size() && hex_value(line[i + 1]) >= 0
        && hex_value(line[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(line[i + 1]) * 16
                               + hex_value(line[i + 2]));
      i += 2;
    } else {
      out += unescape(line[i]);
    }
  }
  return false;
}

/// Likewise for single quotes, in which only \' is special.
bool read_single_quoted(std::string_view line, std::size_t& i,
                        std::string& out) {
  for (++i; i < line.size(); ++i) {
    if (line[i] == '\'')
      return true;
    if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '\'')
      ++i;
    out += line[i];
  }
  return false;
}

/// Reads an argument with quotes from `i` on. Behind a closing quote there must
/// be a space or nothing.
bool read_quoted(std::string_view line, std::size_t& i, std::string& out) {
  for (; i < line.size() && !is_space(line[i]); ++i) {
    if (line[i] != '"' && line[i] != '\'') {
      out += line[i];
      continue;
    }
    auto closed = line[i] == '"' ? read_double_quoted(line, i, out)
                                 : read_single_quoted(line, i, out);
    if (!closed)
      return false;
    ++i;
    return i == line.size() || is_space(line[i]);
  }
  return true;
}

std::string_view split_inline(std::string_view line,
                              std::vector<std::string_view>& args,
                              std::string& unescaped) {
  unescaped.clear();
  std::size_t i = 0;
  for (;;) {
    while (i < line.size() && is_space(line[i]))
      ++i;
    if (i == line.size())
      return {};
    auto start = i;
    while (i < line.size() && !is_space(line[i]) && line[i] != '"'
           && line[i] != '\'')
      ++i;
    if (i == line.size() || is_space(line[i])) {
      args.push_back(line.substr(start, i - start));
      continue;
    }
    // Unescaping never lengthens, so that nothing moves under the views.
    unescaped.reserve(line.size());
    auto offset = unescaped.size();
    i = start;
    if (!read_quoted(line, i, unescaped)) {
      args.clear();
      return "Protocol error: unbalanced quotes in request";
    }
    args.push_back(std::string_view{unescaped}.substr(offset));
  }
}

std::string_view split_multibulk(std::string_view frame,
                                 std::vector<std::string_view>& args) {
  auto broken = [&args](std::string_view text) {
    args.clear();
    return text;
  };
  std::uint32_t scanned = 0;
  auto count = read_resp_number(frame, 0, scanned, line_bytes_max);
  if (count.what != status::frame)
    return broken("Protocol error: invalid multibulk length");
  auto position = count.next;
  for (auto left = count.number; left > 0; --left) {
    if (position == frame.size() || frame[position] != '$')
      return broken("Protocol error: expected '$'");
    auto length = read_resp_number(frame, position, scanned, line_bytes_max);
    if (length.what != status::frame || length.number < 0)
      return broken("Protocol error: invalid bulk length");
    auto size = static_cast<std::size_t>(length.number);
    auto room = frame.size() - length.next;
    if (room < 2 || size > room - 2)
      return broken("Protocol error: invalid bulk length");
    args.push_back(frame.substr(length.next, size));
    position = length.next + size + 2;
  }
  return {};
}

/// Appends "{type}{number}\r\n".
void append_header(std::string& out, char type, std::int64_t number) {
  std::array<char, 24> line{};
  line[0] = type;
  if (number >= 0 && number < 10) {
    line[1] = static_cast<char>('0' + number);
    line[2] = '\r';
    line[3] = '\n';
    out.append(line.data(), 4);
    return;
  }
  auto end =
      std::to_chars(line.data() + 1, line.data() + line.size() - 2, number).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(line.data(), static_cast<std::size_t>(end - line.data()));
}

/// Appends "{type}{text}\r\n"; a line end inside would forge a second reply.
void append_line(std::string& out, char type, std::string_view text) {
  out += type;
  auto start = out.size();
  out += text;
  for (auto i = start; i < out.size(); ++i)
    if (out[i] == '\r' || out[i] == '\n')
      out[i] = ' ';
  out += "\r\n";
}

} // namespace

std::string_view split_command(std::string_view frame,
                               std::vector<std::string_view>& args,
                               std::string& unescaped) {
  args.clear();
  if (frame.starts_with('*'))
    return split_multibulk(frame, args);
  return split_inline(frame, args, unescaped);
}

void append_simple(std::string& out, std::string_view text) {
  append_line(out, '+', text);
}

void append_error(std::string& out, std::string_view text) {
  append_line(out, '-', text);
}

void append_integer(std::string& out, std::int64_t number) {
  append_header(out, ':', number);
}

void append_bulk(std::string& out, std::string_view bytes) {
  append_header(out, '$', static_cast<std::int64_t>(bytes.size()));
  out += bytes;
  out += "\r\n";
}

void append_null(std::string& out) {
  out += "$-1\r\n";
}

void append_null_array(std::string& out) {
  out += "*-1\r\n";
}

void append_array(std::string& out, std::size_t size) {
  append_header(out, '*', static_cast<std::int64_t>(size));
}

void append_command(std::string& out, std::span<const std::string_view> args) {
  append_array(out, args.size());
  for (auto arg : args)
    append_bulk(out, arg);
}

bool take_element(std::string_view& rest, resp_element& element) {
  if (rest.empty())
    return false;
  std::uint32_t scanned = 0;
  auto type = rest.front();
  auto is_text = type == '+' || type == '-';
  auto line = is_text ? read_resp_text(rest, 0, scanned, line_bytes_max)
                      : read_resp_number(rest, 0, scanned, line_bytes_max);
  if (line.what != status::frame)
    return false;
  auto is_null = line.number == -1;
  auto next = line.next;
  switch (type) {
  case '+':
  case '-':
    element = {type == '+' ? resp_element::type::simple
                           : resp_element::type::error,
               0, rest.substr(1, line.next - 3)};
    break;
  case ':':
    element = {resp_element::type::integer, line.number, {}};
    break;
  case '$':
    if (is_null) {
      element = {};
      break;
    }
    if (line.number < 0 || rest.size() - next < 2
        || static_cast<std::size_t>(line.number) > rest.size() - next - 2)
      return false;
    element = {resp_element::type::bulk, 0,
               rest.substr(next, static_cast<std::size_t>(line.number))};
    next += element.text.size() + 2;
    break;
  case '*':
    if (line.number < -1)
      return false;
    element = {};
    if (!is_null)
      element = {resp_element::type::array, line.number, {}};
    break;
  default:
    return false;
  }
  rest.remove_prefix(next);
  return true;
}

} // namespace sluice::net

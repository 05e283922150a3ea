#include "net/length_prefix_codec.h"

#include "runtime/panic.h"

#include <arpa/inet.h>

#include <cstring>

namespace sluice::net {

namespace {

constexpr std::size_t u32_bytes = 4;
constexpr std::size_t varint_bytes_max = 10; // 64 bits, seven a byte

std::uint8_t byte_at(std::string_view input, std::size_t i) {
  return static_cast<std::uint8_t>(input[i]);
}

decoded payload(std::string_view input, std::size_t header,
                std::uint64_t length, std::size_t bytes_max) {
  if (length > bytes_max)
    return decoded::too_long("length prefix is over the limit");
  auto total = header + static_cast<std::size_t>(length);
  if (input.size() < total)
    return decoded::more(total);
  return decoded::frame(header, static_cast<std::size_t>(length), total);
}

decoded decode_u32(std::string_view input, std::size_t bytes_max) {
  if (input.size() < u32_bytes)
    return decoded::more();
  std::uint32_t length = 0;
  std::memcpy(&length, input.data(), u32_bytes);
  return payload(input, u32_bytes, ntohl(length), bytes_max);
}

decoded decode_varint(std::string_view input, std::size_t bytes_max) {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < varint_bytes_max; ++i) {
    if (i == input.size())
      return decoded::more();
    auto byte = byte_at(input, i);
    // The tenth byte has room for the 64th bit and for no other.
    if (i + 1 == varint_bytes_max && byte > 1)
      return decoded::malformed("length prefix is not a 64-bit varint");
    length |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if ((byte & 0x80) == 0)
      return payload(input, i + 1, length, bytes_max);
  }
  return decoded::malformed("length prefix is not a 64-bit varint");
}

} // namespace

length_prefix_codec::length_prefix_codec(length_format format,
                                         std::size_t frame_bytes_max)
    : frame_bytes_max_(checked_frame_bound(frame_bytes_max)), format_(format) {
}

decoded length_prefix_codec::decode(std::string_view input) {
  return format_ == length_format::u32_be
             ? decode_u32(input, frame_bytes_max_)
             : decode_varint(input, frame_bytes_max_);
}

envelope length_prefix_codec::wrap(std::size_t size) const {
  runtime::check(size <= frame_bytes_max_, "payload over its codec's bound");
  envelope result;
  if (format_ == length_format::u32_be) {
    for (std::size_t i = 0; i < u32_bytes; ++i)
      result.header[i] = static_cast<char>(size >> (8 * (u32_bytes - 1 - i)));
    result.header_size = u32_bytes;
    return result;
  }
  auto rest = size;
  do {
    auto more = rest > 0x7f ? 0x80u : 0u;
    result.header[result.header_size++] =
        static_cast<char>((rest & 0x7f) | more);
    rest >>= 7;
  } while (rest > 0);
  return result;
}

} // namespace sluice::net

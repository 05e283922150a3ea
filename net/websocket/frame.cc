#include "net/websocket/frame.h"

namespace sluice::net::websocket {

frame_header make_header(opcode what, bool fin, std::uint64_t size,
                         const mask_key* mask) {
  frame_header result;
  auto put = [&result](std::uint64_t x) {
    result.bytes[result.size++] = static_cast<char>(x & 0xff);
  };
  auto mask_bit = mask != nullptr ? 0x80u : 0u;
  put((fin ? 0x80u : 0u) | static_cast<unsigned>(what));
  if (size < 126) {
    put(mask_bit | size);
  } else if (size <= 0xffff) {
    put(mask_bit | 126u);
    put(size >> 8);
    put(size);
  } else {
    put(mask_bit | 127u);
    for (int shift = 56; shift >= 0; shift -= 8)
      put(size >> shift);
  }
  if (mask != nullptr)
    for (auto x : *mask)
      put(x);
  return result;
}

byte_slice masked(std::string_view payload, const mask_key& key) {
  if (payload.empty())
    return {};
  auto memory = runtime::slab::make(payload.size());
  auto to = memory->data();
  for (std::size_t i = 0; i < payload.size(); ++i)
    to[i] = static_cast<char>(static_cast<std::uint8_t>(payload[i])
                              ^ key[i % key.size()]);
  return {std::move(memory), 0, payload.size()};
}

std::optional<frame_head> look_at(std::string_view input) {
  if (input.size() < 2)
    return std::nullopt;
  auto at = [input](std::size_t i) {
    return static_cast<std::uint8_t>(input[i]);
  };
  frame_head result;
  result.fin = (at(0) & 0x80) != 0;
  result.reserved = (at(0) >> 4) & 7;
  result.code = at(0) & 0xf;
  result.masked = (at(1) & 0x80) != 0;
  result.form = at(1) & 0x7f;
  auto extra = result.form == 126 ? 2u : result.form == 127 ? 8u : 0u;
  result.size = static_cast<std::uint8_t>(2 + extra + (result.masked ? 4 : 0));
  if (input.size() < result.size)
    return std::nullopt;
  result.length = extra == 0 ? result.form : 0;
  for (std::size_t i = 0; i < extra; ++i)
    result.length = result.length << 8 | at(2 + i);
  return result;
}

} // namespace sluice::net::websocket

#include "net/websocket/frame.h"

#include "runtime/panic.h"

#include <openssl/rand.h>

#include <cstring>

namespace sluice::net::websocket {

namespace {

void apply_mask(std::string_view from, const mask_key& key, char* to) {
  for (std::size_t i = 0; i < from.size(); ++i)
    to[i] = static_cast<char>(static_cast<std::uint8_t>(from[i])
                              ^ key[i % key.size()]);
}

} // namespace

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
  apply_mask(payload, key, memory->data());
  return {std::move(memory), 0, payload.size()};
}

mask_key random_mask() {
  // The generator has a price for each call; one client sends many frames.
  struct store {
    std::array<std::uint8_t, 256> bytes{};
    std::size_t used = 256;
  };
  thread_local store keys;
  if (keys.used == keys.bytes.size()) {
    runtime::check(
        RAND_bytes(keys.bytes.data(), static_cast<int>(keys.bytes.size())) == 1,
        "the system has no random numbers");
    keys.used = 0;
  }
  mask_key result;
  std::memcpy(result.data(), keys.bytes.data() + keys.used, result.size());
  keys.used += result.size();
  return result;
}

byte_slice masked_frame(opcode what, bool fin, std::string_view payload) {
  auto key = random_mask();
  auto header = make_header(what, fin, payload.size(), &key);
  auto memory = runtime::slab::make(header.size + payload.size());
  std::memcpy(memory->data(), header.bytes.data(), header.size);
  apply_mask(payload, key, memory->data() + header.size);
  return {std::move(memory), 0, header.size + payload.size()};
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

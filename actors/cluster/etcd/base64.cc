#include "actors/cluster/etcd/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice::actors::cluster::etcd {

namespace {

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t no_letter = 64;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> result{};
  result.fill(no_letter);
  for (std::size_t i = 0; i < letters.size(); ++i)
    result[static_cast<unsigned char>(letters[i])] =
        static_cast<std::uint8_t>(i);
  return result;
}

constexpr auto values = make_values();

} // namespace

std::string to_base64(std::string_view bytes) {
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8
              | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j])
                                      : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      result +=
          i + j <= bytes.size() ? letters[group >> (18 - 6 * j) & 63] : '=';
  }
  return result;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size()
         && text[text.size() - 1 - padding] == '=')
    ++padding;
  text.remove_suffix(padding);
  std::string result;
  result.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (auto letter : text) {
    auto value = values[static_cast<unsigned char>(letter)];
    if (value == no_letter)
      return std::nullopt;
    bits = bits << 6 | value;
    count += 6;
    if (count < 8)
      continue;
    count -= 8;
    result += static_cast<char>(bits >> count & 0xff);
    bits &= (1u << count) - 1;
  }
  if (bits != 0)
    return std::nullopt;
  return result;
}

} // namespace sluice::actors::cluster::etcd

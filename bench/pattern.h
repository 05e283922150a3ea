// What the load generator sends on one connection, and the check that the same
// comes back: a stream of messages of equal size, each beginning with a word
// made of its number, followed by bytes that depend on position and
// connection. A lost, doubled, swapped or foreign message shows in the word.
//
// One thread; one object per connection; holds no buffer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace sluice::bench {

class pattern {
public:
  static constexpr size_t message_bytes_min = sizeof(uint64_t);

  // `message_bytes` is at least message_bytes_min.
  pattern(size_t message_bytes, uint64_t connection)
      : message_bytes_(message_bytes), connection_(connection) {}

  // Writes the part of a message that is the same in all of them.
  void fill_body(std::span<std::byte> message) const {
    for (size_t i = sizeof(uint64_t); i < message.size(); ++i)
      message[i] = body_byte(i);
  }

  // Writes the word that numbers the message.
  void stamp(std::span<std::byte> message, uint64_t number) const {
    auto word = header(number);
    std::memcpy(message.data(), &word, sizeof(word));
  }

  // Checks `chunk`, which begins at byte `offset` of the stream: every whole
  // header in it, and its last byte. Cheap enough to stay on.
  bool check_sample(std::span<const std::byte> chunk, uint64_t offset) const {
    auto position = static_cast<size_t>(offset % message_bytes_);
    auto number = offset / message_bytes_;
    // Where in the chunk the next header begins.
    size_t at = position == 0 ? 0 : message_bytes_ - position;
    for (number += position == 0 ? 0 : 1; at + sizeof(uint64_t) <= chunk.size();
         at += message_bytes_, ++number) {
      uint64_t word = 0;
      std::memcpy(&word, chunk.data() + at, sizeof(word));
      if (word != header(number))
        return false;
    }
    return chunk.empty() || chunk.back() == expected(offset + chunk.size() - 1);
  }

  // As check_sample, but every byte.
  bool check_all(std::span<const std::byte> chunk, uint64_t offset) const {
    for (size_t i = 0; i < chunk.size(); ++i)
      if (chunk[i] != expected(offset + i))
        return false;
    return true;
  }

private:
  // The factor spreads the number over all eight bytes.
  uint64_t header(uint64_t number) const {
    return (number + 1) * 0x9E3779B97F4A7C15U ^ connection_;
  }

  std::byte body_byte(size_t position) const {
    return static_cast<std::byte>(position * 131 + (position >> 8) * 29
                                  + connection_ * 17);
  }

  std::byte expected(uint64_t offset) const {
    auto position = static_cast<size_t>(offset % message_bytes_);
    if (position >= sizeof(uint64_t))
      return body_byte(position);
    std::byte bytes[sizeof(uint64_t)];
    stamp(bytes, offset / message_bytes_);
    return bytes[position];
  }

  size_t message_bytes_;
  uint64_t connection_;
};

} // namespace sluice::bench

#include "bench/pattern.h"

#include <gtest/gtest.h>
#include <random>
#include <string>
#include <vector>

namespace {

using sluice::bench::pattern;

constexpr size_t message_bytes = 64;
constexpr uint64_t messages = 16;

// The bytes of `count` messages, as the load generator sends them.
std::vector<std::byte> stream_of(const pattern& p, uint64_t count) {
  std::vector<std::byte> bytes(count * message_bytes);
  for (uint64_t i = 0; i < count; ++i) {
    auto message = std::span{bytes}.subspan(i * message_bytes, message_bytes);
    p.fill_body(message);
    p.stamp(message, i);
  }
  return bytes;
}

class pattern_test : public testing::Test {
protected:
  pattern p_{message_bytes, 7};
  std::vector<std::byte> bytes_ = stream_of(p_, messages);
};

TEST_F(pattern_test, intact_stream_passes_however_it_is_cut) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  for (int round = 0; round < 200; ++round) {
    for (size_t offset = 0; offset < bytes_.size();) {
      std::uniform_int_distribution<size_t> size{
          1, std::min<size_t>(200, bytes_.size() - offset)};
      auto chunk = std::span{bytes_}.subspan(offset, size(random));
      ASSERT_TRUE(p_.check_sample(chunk, offset)) << offset;
      ASSERT_TRUE(p_.check_all(chunk, offset)) << offset;
      offset += chunk.size();
    }
  }
}

TEST_F(pattern_test, nothing_received_passes) {
  EXPECT_TRUE(p_.check_sample({}, 100));
}

TEST_F(pattern_test, two_messages_swapped_fail) {
  std::swap_ranges(bytes_.begin() + 2 * message_bytes,
                   bytes_.begin() + 3 * message_bytes,
                   bytes_.begin() + 5 * message_bytes);
  EXPECT_FALSE(p_.check_sample(bytes_, 0));
}

TEST_F(pattern_test, lost_message_fails) {
  bytes_.erase(bytes_.begin() + message_bytes,
               bytes_.begin() + 2 * message_bytes);
  EXPECT_FALSE(p_.check_sample(bytes_, 0));
}

TEST_F(pattern_test, lost_byte_fails) {
  bytes_.erase(bytes_.begin() + 100);
  EXPECT_FALSE(p_.check_sample(bytes_, 0));
}

TEST_F(pattern_test, bytes_of_another_connection_fail) {
  pattern other{message_bytes, 8};
  EXPECT_FALSE(other.check_sample(bytes_, 0));
}

TEST_F(pattern_test, header_cut_in_two_is_checked_at_its_end) {
  // Ends in the middle of the third message's header, on a wrong byte.
  auto chunk = std::span{bytes_}.first(2 * message_bytes + 4);
  ASSERT_TRUE(p_.check_sample(chunk, 0));
  chunk.back() ^= std::byte{1};
  EXPECT_FALSE(p_.check_sample(chunk, 0));
}

TEST_F(pattern_test,
       flipped_body_byte_escapes_the_sample_but_not_the_full_check) {
  bytes_[20] ^= std::byte{1};
  EXPECT_TRUE(p_.check_sample(bytes_, 0));
  EXPECT_FALSE(p_.check_all(bytes_, 0));
}

} // namespace

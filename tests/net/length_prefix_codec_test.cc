#include "net/length_prefix_codec.h"

#include "tests/net/framing.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

using namespace sluice::testing;
using strings = std::vector<std::string>;
using status = decoded::status;

constexpr const char* over_the_limit = "length prefix is over the limit";
constexpr const char* no_varint = "length prefix is not a 64-bit varint";

make_codec prefixed(length_format format, std::size_t bytes_max = 1000) {
  return
      [=] { return std::make_unique<length_prefix_codec>(format, bytes_max); };
}

const auto u32 = prefixed(length_format::u32_be);
const auto varint = prefixed(length_format::varint);

/// Bytes with zeros among them.
std::string bytes(std::initializer_list<int> values) {
  std::string result;
  for (auto value : values)
    result += static_cast<char>(value);
  return result;
}

TEST(length_prefix_codec_test, u32_is_big_endian) {
  EXPECT_EQ(frame_whole(u32, bytes({0, 0, 0, 2, 'h', 'i'})).frames,
            (strings{"hi"}));
  auto make = prefixed(length_format::u32_be, 0x01020304);
  EXPECT_EQ(make()->decode(bytes({1, 2, 3, 4})).expected, 0x01020304u + 4);
}

TEST(length_prefix_codec_test, zero_length_frames_are_frames) {
  EXPECT_EQ(frame_bytewise(u32, std::string(8, '\0')).frames,
            (strings{"", ""}));
  EXPECT_EQ(frame_bytewise(varint, std::string(2, '\0')).frames,
            (strings{"", ""}));
}

TEST(length_prefix_codec_test, u32_header_alone_needs_more_and_says_how_much) {
  auto codec = u32();
  EXPECT_EQ(codec->decode(bytes({0, 0, 0})).what, status::need_more);
  EXPECT_EQ(codec->decode(bytes({0, 0, 0})).expected, 0u);
  EXPECT_EQ(codec->decode(bytes({0, 0, 1, 0})).what, status::need_more);
  EXPECT_EQ(codec->decode(bytes({0, 0, 1, 0})).expected, 260u);
}

TEST(length_prefix_codec_test, u32_of_the_bound_passes_and_one_more_does_not) {
  auto make = prefixed(length_format::u32_be, 3);
  EXPECT_EQ(frame_whole(make, bytes({0, 0, 0, 3, 1, 2, 3})).error, "");
  EXPECT_EQ(frame_whole(make, bytes({0, 0, 0, 4, 1, 2, 3})).error,
            over_the_limit);
}

TEST(length_prefix_codec_test, u32_of_four_billion_is_refused_by_its_header) {
  EXPECT_EQ(frame_whole(u32, bytes({0xff, 0xff, 0xff, 0xff})).error,
            over_the_limit);
  auto largest = prefixed(length_format::u32_be, frame_bound_max);
  EXPECT_EQ(frame_whole(largest, bytes({0xff, 0xff, 0xff, 0xff})).error,
            over_the_limit);
}

TEST(length_prefix_codec_test, varint_has_the_least_significant_bits_first) {
  // 300 as in the encoding guide of protobuf.
  std::string payload(300, 'x');
  EXPECT_EQ(frame_whole(varint, bytes({0xac, 0x02}) + payload).frames,
            (strings{payload}));
}

TEST(length_prefix_codec_test, padded_varint_is_read_as_protobuf_reads_it) {
  EXPECT_EQ(frame_bytewise(varint, bytes({0x82, 0x80, 0x80, 0x80, 0x00}) + "hi")
                .frames,
            (strings{"hi"}));
  auto ten = bytes({0x82}) + std::string(8, '\x80') + bytes({0x00});
  EXPECT_EQ(frame_bytewise(varint, ten + "hi").frames, (strings{"hi"}));
}

TEST(length_prefix_codec_test, varint_of_eleven_bytes_is_malformed) {
  auto ten = std::string(10, '\x80');
  EXPECT_EQ(frame_whole(varint, ten).error, no_varint);
  EXPECT_EQ(frame_whole(varint, ten + bytes({0})).error, no_varint);
}

TEST(length_prefix_codec_test, varint_over_64_bits_is_malformed) {
  EXPECT_EQ(frame_whole(varint, std::string(9, '\xff') + bytes({2})).error,
            no_varint);
}

TEST(length_prefix_codec_test, varint_of_two_to_the_63_is_refused) {
  auto stream = std::string(9, '\x80') + bytes({1});
  EXPECT_EQ(frame_whole(varint, stream).error, over_the_limit);
  // Added to the size of its header, this one would come round to 9.
  EXPECT_EQ(frame_whole(varint, std::string(9, '\xff') + bytes({1})).error,
            over_the_limit);
}

TEST(length_prefix_codec_test,
     varint_of_the_bound_passes_and_one_more_does_not) {
  auto make = prefixed(length_format::varint, 200);
  EXPECT_EQ(make()->decode(bytes({0xc8, 0x01})).expected, 202u);
  EXPECT_EQ(make()->decode(bytes({0xc9, 0x01})).what, status::too_long);
}

TEST(length_prefix_codec_test, wrap_writes_the_shortest_header) {
  auto header = [](length_format format, std::size_t size) {
    return std::string{
        length_prefix_codec{format, frame_bound_max}.wrap(size).head()};
  };
  EXPECT_EQ(header(length_format::u32_be, 0x01020304), bytes({1, 2, 3, 4}));
  EXPECT_EQ(header(length_format::varint, 0), bytes({0}));
  EXPECT_EQ(header(length_format::varint, 127), bytes({0x7f}));
  EXPECT_EQ(header(length_format::varint, 128), bytes({0x80, 0x01}));
  EXPECT_EQ(header(length_format::varint, 300), bytes({0xac, 0x02}));
  EXPECT_EQ(header(length_format::varint, frame_bound_max).size(), 5u);
}

TEST(length_prefix_codec_death_test, wrap_of_a_payload_over_the_bound_aborts) {
  length_prefix_codec codec{length_format::u32_be, 10};
  EXPECT_DEATH(codec.wrap(11), "payload over its codec's bound");
}

TEST(length_prefix_codec_death_test, bound_over_32_bits_aborts) {
  EXPECT_DEATH(length_prefix_codec(length_format::u32_be, frame_bound_max + 1),
               "codec's bound");
}

TEST(length_prefix_codec_test, bytes_of_a_frame_are_looked_at_once) {
  for (auto format : {length_format::u32_be, length_format::varint}) {
    std::string payload(300'000, 'x');
    length_prefix_codec codec{format};
    auto stream = wrapped(codec, payload);
    EXPECT_EQ(frame_with_blanked_past(codec, stream, 1, 10), payload.size());
  }
}

TEST(length_prefix_codec_test, random_frames_come_out_as_they_went_in) {
  for_each_seed(500, [](std::uint64_t seed) {
    random_source random{seed};
    auto make = random.per_mille(500) ? u32 : varint;
    auto codec = make();
    framed expected;
    std::string stream;
    for (auto n = random.below(50); n > 0; --n) {
      expected.frames.push_back(
          random_text(random, random.size_between(0, 1000)));
      stream += wrapped(*codec, expected.frames.back());
    }
    EXPECT_EQ(frame_whole(make, stream), expected);
    EXPECT_EQ(frame_bytewise(make, stream), expected);
    EXPECT_EQ(frame_in_pieces(make, stream, random), expected);
  });
}

TEST(length_prefix_codec_test, garbage_gives_the_same_however_it_is_cut) {
  for_each_seed(500, [](std::uint64_t seed) {
    random_source random{seed};
    auto format =
        random.per_mille(500) ? length_format::u32_be : length_format::varint;
    auto make = prefixed(format, random.size_between(0, 100'000));
    auto stream = random_text(random, random.below(500),
                              random.per_mille(800)
                                  ? std::string_view{"\0\0\0\1\2\x80\xff", 7}
                                  : std::string_view{});
    auto whole = frame_whole(make, stream);
    EXPECT_EQ(frame_bytewise(make, stream), whole);
    EXPECT_EQ(frame_in_pieces(make, stream, random), whole);
  });
}

} // namespace
} // namespace sluice::net

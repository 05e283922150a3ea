#include "net/framer.h"

#include "net/length_prefix_codec.h"
#include "net/line_codec.h"
#include "net/resp_codec.h"
#include "runtime/error.h"
#include "runtime/limits.h"
#include "tests/net/allocations.h"
#include "tests/net/framing.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <cstring>

namespace sluice::net {
namespace {

using namespace sluice::testing;
using runtime::byte_slice;
using runtime::errc;
namespace limits = runtime::limits;
using strings = std::vector<std::string>;

std::unique_ptr<codec> lines(std::size_t bytes_max = 1000) {
  return std::make_unique<line_codec>(bytes_max);
}

std::unique_ptr<codec> prefixed(std::size_t bytes_max = 1024 * 1024) {
  return std::make_unique<length_prefix_codec>(length_format::u32_be,
                                               bytes_max);
}

std::string prefixed_frame(const std::string& payload) {
  return wrapped(*prefixed(), payload);
}

/// A read slab with `text` in its first bytes.
byte_slice read_slab(std::string_view text) {
  auto slab = runtime::slab::make(limits::read_slab_bytes);
  std::memcpy(slab->data(), text.data(), text.size());
  return {std::move(slab), 0, text.size()};
}

strings frames_of(framer& framer) {
  strings result;
  byte_slice frame;
  while (framer.next(frame))
    result.push_back(frame.str());
  return result;
}

bool is_inside(const byte_slice& part, const byte_slice& whole) {
  return part.begin() >= whole.begin() && part.end() <= whole.end();
}

TEST(framer_test, new_framer_has_nothing_and_holds_nothing) {
  framer framer{lines()};
  byte_slice frame;
  EXPECT_FALSE(framer.next(frame));
  EXPECT_FALSE(framer.error());
  EXPECT_FALSE(framer.at_end());
  EXPECT_EQ(framer.buffered(), 0u);
  EXPECT_TRUE(framer.take_rest().empty());
}

TEST(framer_test, whole_frames_share_the_memory_that_was_fed) {
  framer framer{lines()};
  auto bytes = read_slab("one\ntwo\nthree\n");
  framer.feed(bytes);
  byte_slice frame;
  reset_allocations();
  for (auto text : {"one", "two", "three"}) {
    ASSERT_TRUE(framer.next(frame));
    EXPECT_EQ(frame.view(), text);
    EXPECT_TRUE(is_inside(frame, bytes));
  }
  EXPECT_FALSE(framer.next(frame));
  EXPECT_EQ(allocations().calls, 0u);
}

TEST(framer_test, slab_is_let_go_with_the_last_frame) {
  framer framer{prefixed()};
  auto slab = runtime::slab::make(100);
  auto stream =
      prefixed_frame("one") + prefixed_frame("") + prefixed_frame("two");
  std::memcpy(slab->data(), stream.data(), stream.size());
  framer.feed({slab, 0, stream.size()});
  byte_slice frame;
  while (framer.next(frame))
    EXPECT_FALSE(slab->unique());
  frame = {};
  EXPECT_TRUE(slab->unique());
  EXPECT_EQ(framer.buffered(), 0u);
}

TEST(framer_test, slab_is_let_go_with_the_end_of_a_frame_that_spans_reads) {
  framer framer{lines()};
  framer.feed(read_slab("hel"));
  EXPECT_EQ(frames_of(framer), strings{});
  auto slab = runtime::slab::make(100);
  std::memcpy(slab->data(), "lo\n", 3);
  framer.feed({slab, 0, 3});
  EXPECT_EQ(frames_of(framer), strings{"hello"});
  EXPECT_TRUE(slab->unique());
}

/// Counts how often it is asked.
class counting_codec : public length_prefix_codec {
public:
  explicit counting_codec(int& calls)
      : length_prefix_codec(length_format::u32_be), calls_(calls) {}

  decoded decode(std::string_view input) override {
    ++calls_;
    return length_prefix_codec::decode(input);
  }

private:
  int& calls_;
};

TEST(framer_test, codec_is_asked_once_a_read_for_a_frame_of_known_size) {
  int calls = 0;
  framer framer{std::make_unique<counting_codec>(calls)};
  auto stream = prefixed_frame(std::string(200'000, 'x'));
  int reads = 0;
  for (std::size_t i = 0; i < stream.size(); i += 10'000, ++reads) {
    framer.feed(read_slab(std::string_view{stream}.substr(i, 10'000)));
    EXPECT_EQ(frames_of(framer).size(), reads == 20 ? 1u : 0u);
  }
  EXPECT_EQ(calls, reads);
}

TEST(framer_test, frame_that_spans_reads_is_gathered_and_the_rest_is_not) {
  framer framer{lines()};
  framer.feed(read_slab("hel"));
  EXPECT_EQ(frames_of(framer), strings{});
  EXPECT_EQ(framer.buffered(), 3u);
  auto second = read_slab("lo\nworld\n");
  framer.feed(second);
  byte_slice frame;
  ASSERT_TRUE(framer.next(frame));
  EXPECT_EQ(frame.view(), "hello");
  EXPECT_FALSE(is_inside(frame, second));
  ASSERT_TRUE(framer.next(frame));
  EXPECT_EQ(frame.view(), "world");
  EXPECT_TRUE(is_inside(frame, second));
  EXPECT_FALSE(framer.next(frame));
  EXPECT_EQ(framer.buffered(), 0u);
}

TEST(framer_test, large_part_of_a_slab_waits_in_place_for_an_adjoining_read) {
  framer framer{prefixed()};
  auto stream = prefixed_frame(std::string(50'000, 'x'));
  auto slab = read_slab(stream);
  reset_allocations();
  byte_slice frame;
  framer.feed(slab.sub(0, 30'000));
  EXPECT_FALSE(framer.next(frame));
  framer.feed(slab.sub(30'000, 10'000));
  EXPECT_FALSE(framer.next(frame));
  framer.feed(slab.sub(40'000));
  ASSERT_TRUE(framer.next(frame));
  EXPECT_EQ(frame.size(), 50'000u);
  EXPECT_TRUE(is_inside(frame, slab));
  EXPECT_EQ(allocations().calls, 0u);
}

TEST(framer_test, small_part_of_a_slab_does_not_keep_the_slab) {
  framer framer{prefixed()};
  auto slab = runtime::slab::make(limits::read_slab_bytes);
  auto stream = prefixed_frame(std::string(60'000, 'x'));
  std::memcpy(slab->data(), stream.data(), stream.size());
  framer.feed({slab, 0, 10'000});
  EXPECT_FALSE(slab->unique());
  EXPECT_EQ(frames_of(framer), strings{});
  EXPECT_TRUE(slab->unique());
  EXPECT_EQ(framer.buffered(), 10'000u);
}

TEST(framer_test, feeding_before_the_last_frames_were_taken_loses_nothing) {
  framer framer{lines()};
  for (auto text : {"a", "b\nc\n", "d", "\ne"})
    framer.feed(byte_slice::copy(text));
  EXPECT_EQ(frames_of(framer), (strings{"ab", "c", "d"}));
  framer.feed(byte_slice::copy("f\ng\nh"));
  byte_slice frame;
  ASSERT_TRUE(framer.next(frame));
  EXPECT_EQ(frame.view(), "ef");
  framer.feed(byte_slice::copy("i\n"));
  EXPECT_EQ(frames_of(framer), (strings{"g", "hi"}));
}

TEST(framer_test, feeding_nothing_changes_nothing) {
  framer framer{lines()};
  framer.feed({});
  EXPECT_EQ(frames_of(framer), strings{});
  framer.feed(byte_slice::copy("a"));
  framer.feed({});
  EXPECT_EQ(frames_of(framer), strings{});
  framer.feed({});
  framer.feed(byte_slice::copy("\n"));
  EXPECT_EQ(frames_of(framer), (strings{"a"}));
}

TEST(framer_test, compact_lets_go_of_a_slab_that_frames_are_left_in) {
  framer framer{lines()};
  auto slab = runtime::slab::make(limits::read_slab_bytes);
  std::memcpy(slab->data(), "one\ntwo\nthr", 11);
  framer.feed({slab, 0, 11});
  byte_slice frame;
  ASSERT_TRUE(framer.next(frame));
  frame = {};
  framer.compact();
  EXPECT_TRUE(slab->unique());
  EXPECT_EQ(framer.buffered(), 7u);
  EXPECT_EQ(frames_of(framer), (strings{"two"}));
  framer.compact();
  framer.feed(byte_slice::copy("ee\n"));
  EXPECT_EQ(frames_of(framer), (strings{"three"}));
}

// -- errors and the end -------------------------------------------------------

TEST(framer_test, error_is_sticky_and_names_its_kind) {
  framer framer{lines(3)};
  framer.feed(byte_slice::copy("ok\nlonger\nok\n"));
  EXPECT_EQ(frames_of(framer), (strings{"ok"}));
  EXPECT_EQ(framer.error().category(), runtime::error_category);
  EXPECT_EQ(framer.error().code(), static_cast<int>(errc::frame_too_long));
  EXPECT_EQ(runtime::to_text(framer.error()), "line is too long");
  EXPECT_EQ(framer.buffered(), 0u);
  framer.feed(byte_slice::copy("ok\n"));
  EXPECT_EQ(frames_of(framer), strings{});
  EXPECT_EQ(framer.buffered(), 0u);
  EXPECT_EQ(framer.at_end(), framer.error());
}

TEST(framer_test, malformed_and_too_long_are_told_apart) {
  framer framer{std::make_unique<resp_codec>(resp_side::commands)};
  framer.feed(byte_slice::copy("*x\r\n"));
  EXPECT_EQ(frames_of(framer), strings{});
  EXPECT_EQ(framer.error().code(), static_cast<int>(errc::malformed_frame));
}

TEST(framer_test, end_between_frames_is_no_error) {
  framer framer{prefixed()};
  framer.feed(byte_slice::copy(prefixed_frame("hi")));
  EXPECT_EQ(frames_of(framer), (strings{"hi"}));
  EXPECT_FALSE(framer.at_end());
}

TEST(framer_test, end_inside_a_frame_says_how_much_came) {
  framer framer{prefixed()};
  framer.feed(byte_slice::copy(prefixed_frame("hi").substr(0, 2)));
  EXPECT_EQ(frames_of(framer), strings{});
  EXPECT_EQ(framer.at_end().code(), static_cast<int>(errc::truncated_frame));
  EXPECT_EQ(runtime::to_text(framer.at_end()),
            "the stream ended inside a frame, after 2 bytes");
  framer.feed(byte_slice::copy(prefixed_frame("hi").substr(2, 3)));
  EXPECT_EQ(frames_of(framer), strings{});
  EXPECT_EQ(runtime::to_text(framer.at_end()),
            "the stream ended inside a frame, after 5 bytes of 6");
}

TEST(framer_test, rest_is_taken_from_wherever_it_is) {
  framer gathered{lines()};
  gathered.feed(read_slab("one\ntw"));
  frames_of(gathered);
  EXPECT_EQ(gathered.take_rest().view(), "tw");
  EXPECT_EQ(gathered.buffered(), 0u);
  framer in_place{lines()};
  in_place.feed(byte_slice::copy("one\ntwo three four"));
  frames_of(in_place);
  EXPECT_EQ(in_place.take_rest().view(), "two three four");
  framer both{lines()};
  both.feed(read_slab("tw"));
  frames_of(both);
  both.feed(byte_slice::copy("o\nthree"));
  EXPECT_EQ(both.take_rest().view(), "two\nthree");
}

// -- bounds -------------------------------------------------------------------

TEST(framer_test, memory_follows_the_bytes_and_not_the_claimed_length) {
  framer framer{prefixed()};
  auto stream = prefixed_frame(std::string(1024 * 1024, 'x'));
  reset_allocations();
  std::size_t arrived = 0;
  for (; arrived < 100'000; arrived += 100) {
    framer.feed(byte_slice::copy({stream.data() + arrived, 100}));
    EXPECT_EQ(frames_of(framer), strings{});
    EXPECT_LE(allocations().largest_bytes,
              std::max(2 * (arrived + 100), limits::gather_min_bytes)
                  + sizeof(runtime::slab));
  }
}

TEST(framer_test, slab_of_a_frame_of_known_size_is_no_larger_than_the_frame) {
  framer framer{prefixed()};
  auto stream = prefixed_frame(std::string(50, 'x'));
  framer.feed(read_slab(stream.substr(0, 30)));
  EXPECT_EQ(frames_of(framer), strings{});
  framer.feed(read_slab(stream.substr(30)));
  byte_slice frame;
  ASSERT_TRUE(framer.next(frame));
  EXPECT_EQ(frame.pinned(), stream.size());
}

TEST(framer_test,
     bytes_of_a_frame_that_comes_byte_by_byte_are_copied_in_linear_time) {
  constexpr std::size_t size = 300'000;
  for (auto known : {true, false}) {
    framer framer{known ? prefixed() : lines(size)};
    std::string payload(size, 'x');
    auto stream = known ? prefixed_frame(payload) : payload + "\n";
    auto slab = read_slab("");
    reset_allocations();
    byte_slice frame;
    for (char c : stream) {
      framer.feed(byte_slice::copy({&c, 1}));
      if (framer.next(frame))
        break;
    }
    EXPECT_EQ(frame.size(), size);
    // All slabs that were ever filled, without those of the single bytes.
    auto fed = stream.size() * (sizeof(runtime::slab) + 1);
    EXPECT_LE(allocations().total_bytes - fed, 5 * size);
  }
}

/// Claims nothing, bounds nothing.
class endless_codec : public codec {
public:
  decoded decode(std::string_view) override { return decoded::more(1 << 30); }
  envelope wrap(std::size_t) const override { return {}; }
  std::size_t frame_bytes_max() const override { return 1000; }
};

TEST(framer_test, codec_that_does_not_keep_its_bound_is_stopped) {
  framer framer{std::make_unique<endless_codec>()};
  std::size_t fed = 0;
  reset_allocations();
  while (!framer.error()) {
    framer.feed(byte_slice::copy(std::string(10, 'x')));
    EXPECT_EQ(frames_of(framer), strings{});
    fed += 10;
    ASSERT_LE(fed, 2000u);
  }
  EXPECT_LE(allocations().largest_bytes, 1100u);
  EXPECT_EQ(framer.error().code(), static_cast<int>(errc::frame_too_long));
}

class wrong_codec : public endless_codec {
public:
  explicit wrong_codec(decoded answer) : answer_(answer) {}
  decoded decode(std::string_view) override { return answer_; }

private:
  decoded answer_;
};

TEST(framer_death_test, codec_that_finds_frames_where_none_are_aborts) {
  for (auto answer : {decoded::frame(0, 0, 0), decoded::frame(0, 5, 4),
                      decoded::frame(5, 0, 4), decoded::frame(0, 11, 11)}) {
    framer framer{std::make_unique<wrong_codec>(answer)};
    framer.feed(byte_slice::copy("0123456789"));
    byte_slice frame;
    EXPECT_DEATH(framer.next(frame), "outside of its input");
  }
}

TEST(framer_death_test, framer_without_a_codec_aborts) {
  EXPECT_DEATH(framer{nullptr}, "framer without a codec");
}

TEST(framer_test, ten_thousand_idle_connections_cost_a_megabyte_and_a_half) {
  std::vector<framer> framers;
  framers.reserve(10'000);
  reset_allocations();
  for (int i = 0; i < 10'000; ++i) {
    auto& framer =
        framers.emplace_back(std::make_unique<resp_codec>(resp_side::commands));
    framer.feed(byte_slice::copy("*1\r\n$4\r\nPING\r\n"));
    EXPECT_EQ(frames_of(framer).size(), 1u);
  }
  EXPECT_LE(allocations().live_bytes + framers.size() * sizeof(framer),
            10'000u * 160);
}

make_codec random_codec(random_source& random, std::size_t& wire_bytes_max) {
  auto bound = random.size_between(4, 20'000);
  wire_bytes_max = bound + envelope::bytes_max;
  switch (random.below(5)) {
  case 0:
    return [=] { return lines(bound); };
  case 1:
    return [=] { return prefixed(bound); };
  case 2:
    return [=] {
      return std::make_unique<length_prefix_codec>(length_format::varint,
                                                   bound);
    };
  case 3:
    return [=] {
      return std::make_unique<resp_codec>(resp_side::commands,
                                          resp_bounds{.frame_bytes = bound});
    };
  default:
    return [=] {
      return std::make_unique<resp_codec>(resp_side::replies,
                                          resp_bounds{.frame_bytes = bound});
    };
  }
}

TEST(framer_test, garbage_ends_in_frames_or_an_error_and_memory_stays_bounded) {
  for_each_seed(3000, [](std::uint64_t seed) {
    random_source random{seed};
    std::size_t wire_bytes_max = 0;
    framer framer{random_codec(random, wire_bytes_max)()};
    auto alphabet = std::string_view{"*$+:-\r\n0123x\0\1\x80", 16};
    auto stream = random_text(random, random.size_between(1, 50'000),
                              random.per_mille(700) ? alphabet : "");
    // Numbers of many digits are rare by chance.
    if (random.per_mille(500))
      stream.insert(0,
                    random.per_mille(500) ? "*2\r\n$9000\r\n" : "$15000\r\n");
    auto slab = read_slab(stream);
    auto longest = random.size_between(1, 5000);
    std::size_t done = 0;
    std::size_t framed = 0;
    reset_allocations();
    byte_slice frame;
    while (done < stream.size()) {
      auto bytes = slab.sub(done, random.size_between(1, longest));
      done += bytes.size();
      framer.feed(std::move(bytes));
      while (framer.next(frame))
        framed += frame.size();
      frame = {};
      EXPECT_LE(framer.buffered(), wire_bytes_max);
    }
    EXPECT_LE(allocations().largest_bytes,
              std::max(wire_bytes_max, limits::gather_min_bytes)
                  + sizeof(runtime::slab));
    EXPECT_LE(framed, stream.size());
    if (framer.error()) {
      EXPECT_EQ(framer.buffered(), 0u);
      auto code = framer.error().code();
      EXPECT_TRUE(code == static_cast<int>(errc::frame_too_long)
                  || code == static_cast<int>(errc::malformed_frame));
    }
  });
}

} // namespace
} // namespace sluice::net

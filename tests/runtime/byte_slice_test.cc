#include "runtime/byte_slice.h"

#include "runtime/limits.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace sluice::runtime {
namespace {

byte_slice slice_of(const slab_ptr& memory, std::string_view text,
                    std::size_t offset = 0) {
  std::memcpy(memory->data() + offset, text.data(), text.size());
  return {memory, offset, text.size()};
}

TEST(byte_slice_test, default_one_is_empty_and_pins_nothing) {
  byte_slice x;
  EXPECT_TRUE(x.empty());
  EXPECT_EQ(x.size(), 0u);
  EXPECT_EQ(x.pinned(), 0u);
  EXPECT_EQ(x.view(), "");
  EXPECT_EQ(x.begin(), x.end());
  EXPECT_EQ(x, byte_slice::copy(""));
}

TEST(byte_slice_test, copy_has_bytes_of_its_own) {
  std::string text = "hello";
  auto x = byte_slice::copy(text);
  text[0] = 'j';
  EXPECT_EQ(x.view(), "hello");
  EXPECT_EQ(x.str(), "hello");
  EXPECT_EQ(x[1], 'e');
  EXPECT_EQ(x.pinned(), 5u);
}

TEST(byte_slice_test, copies_and_parts_share_the_memory) {
  auto memory = slab::make(100);
  auto x = slice_of(memory, "hello world", 7);
  auto y = x;
  auto z = x.sub(6, 3);
  EXPECT_EQ(x.data(), memory->data() + 7);
  EXPECT_EQ(y.data(), x.data());
  EXPECT_EQ(z.data(), x.data() + 6);
  EXPECT_EQ(z.view(), "wor");
  EXPECT_EQ(z.pinned(), 100u);
}

TEST(byte_slice_test, slab_lives_until_its_last_slice_is_gone) {
  auto memory = slab::make(100);
  EXPECT_TRUE(memory->unique());
  auto x = slice_of(memory, "hello");
  EXPECT_FALSE(memory->unique());
  auto part = x.sub(1, 2);
  x = {};
  EXPECT_FALSE(memory->unique());
  auto raw = memory.get();
  memory = nullptr;
  EXPECT_TRUE(raw->unique());
  EXPECT_EQ(part.view(), "el");
}

TEST(byte_slice_test, moved_slice_takes_its_reference_along) {
  auto memory = slab::make(10);
  auto x = slice_of(memory, "hello");
  auto y = std::move(x);
  y = {};
  x = {};
  EXPECT_TRUE(memory->unique());
}

TEST(byte_slice_test, part_ends_where_the_slice_ends) {
  auto x = byte_slice::copy("hello");
  EXPECT_EQ(x.sub(2).view(), "llo");
  EXPECT_EQ(x.sub(2, 100).view(), "llo");
  EXPECT_EQ(x.sub(0, 0).view(), "");
  EXPECT_EQ(x.sub(5).view(), "");
  EXPECT_EQ(x.sub(6).view(), "");
  EXPECT_EQ(x.sub(static_cast<std::size_t>(-1)).view(), "");
  EXPECT_EQ(x.sub(5).pinned(), 0u) << "an empty part pins nothing";
}

TEST(byte_slice_test, prefix_is_removed_up_to_the_end) {
  auto x = byte_slice::copy("hello");
  x.remove_prefix(2);
  EXPECT_EQ(x.view(), "llo");
  x.remove_prefix(100);
  EXPECT_EQ(x.view(), "");
  x.remove_prefix(1);
  EXPECT_TRUE(x.empty());
}

TEST(byte_slice_test, neighbours_in_one_slab_become_one) {
  auto memory = slab::make(100);
  auto a = slice_of(memory, "hello ");
  auto b = slice_of(memory, "world", 6);
  ASSERT_TRUE(a.adjoins(b));
  EXPECT_FALSE(b.adjoins(a));
  a.extend(b);
  EXPECT_EQ(a.view(), "hello world");
}

TEST(byte_slice_test, slices_with_a_gap_do_not_adjoin) {
  auto memory = slab::make(100);
  auto a = slice_of(memory, "hello");
  auto b = slice_of(memory, "world", 6);
  EXPECT_FALSE(a.adjoins(b));
  EXPECT_FALSE(a.adjoins(byte_slice::copy("world")));
}

TEST(byte_slice_test, compact_copies_what_uses_little_of_its_slab) {
  auto memory = slab::make(400);
  auto ratio = limits::compact_ratio;
  byte_slice small{memory, 0, 400 / ratio - 1};
  byte_slice large{memory, 0, 400 / ratio};
  EXPECT_EQ(large.compact().data(), large.data());
  auto compacted = small.compact();
  EXPECT_NE(compacted.data(), small.data());
  EXPECT_EQ(compacted.pinned(), small.size());
  EXPECT_EQ(byte_slice(memory, 10, 0).compact().pinned(), 0u);
  EXPECT_TRUE(byte_slice{}.compact().empty());
}

TEST(byte_slice_test, comparison_looks_at_the_bytes) {
  auto memory = slab::make(100);
  EXPECT_EQ(slice_of(memory, "abc"), byte_slice::copy("abc"));
  EXPECT_NE(byte_slice::copy("abc"), byte_slice::copy("abd"));
  EXPECT_NE(byte_slice::copy("abc"), byte_slice::copy("ab"));
}

TEST(byte_slice_test, text_form_hides_the_content) {
  EXPECT_EQ(to_string(byte_slice::copy("secret")), "byte_slice(6)");
  EXPECT_EQ(caf::deep_to_string(byte_slice::copy("secret")), "byte_slice(6)");
}

TEST(byte_slice_test, threads_may_share_one_slab) {
  auto x = byte_slice::copy(std::string(1000, 'x'));
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t)
    threads.emplace_back([x, t]() mutable {
      for (std::size_t i = 0; i < 10'000; ++i) {
        auto y = x.sub(t, 100);
        ASSERT_EQ(y[i % 100], 'x');
        x = byte_slice{x};
      }
    });
  x = {};
  for (auto& t : threads)
    t.join();
}

using byte_slice_death_test = testing::Test;

TEST(byte_slice_death_test, slice_outside_of_its_slab_is_a_bug) {
  auto memory = slab::make(10);
  EXPECT_DEATH(byte_slice(memory, 5, 6), "byte_slice outside of its slab");
  EXPECT_DEATH(byte_slice(memory, 11, 0), "byte_slice outside of its slab");
  EXPECT_DEATH(byte_slice(memory, 1, static_cast<std::size_t>(-1)),
               "byte_slice outside of its slab");
  EXPECT_DEATH(byte_slice(nullptr, 0, 0), "byte_slice without a slab");
}

TEST(byte_slice_death_test, memory_that_cannot_be_had_is_the_end) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer's allocator ends the process by itself";
#endif
  EXPECT_DEATH(slab::make(std::size_t{1} << 60), "out of memory for a slab");
  EXPECT_DEATH(slab::make(static_cast<std::size_t>(-1)),
               "out of memory for a slab");
}

// -- serialization ------------------------------------------------------------

class byte_slice_serialization_test : public testing::Test {
protected:
  std::vector<char> save(byte_slice x) {
    std::vector<char> buffer;
    caf::binary_serializer sink{sys, buffer};
    EXPECT_FALSE(sink(x));
    return buffer;
  }

  caf::error load(const std::vector<char>& buffer, byte_slice& x) {
    caf::binary_deserializer source{sys, buffer};
    return source(x);
  }

  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
};

TEST_F(byte_slice_serialization_test, what_is_loaded_is_what_was_saved) {
  for (std::size_t size : {0, 1, 127, 128, 100'000}) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i)
      text += static_cast<char>(i * 7);
    auto x = byte_slice::copy("something else");
    ASSERT_FALSE(load(save(byte_slice::copy(text)), x));
    EXPECT_EQ(x.view(), text);
    EXPECT_EQ(x.pinned(), size);
  }
}

TEST_F(byte_slice_serialization_test, only_the_part_is_saved) {
  auto x = byte_slice::copy(std::string(1000, 'x')).sub(10, 3);
  EXPECT_EQ(save(x).size(), 4u);
}

TEST_F(byte_slice_serialization_test, truncated_input_is_refused) {
  auto buffer = save(byte_slice::copy("hello"));
  for (std::size_t size = 0; size < buffer.size(); ++size) {
    byte_slice x;
    std::vector<char> part(buffer.begin(),
                           buffer.begin() + static_cast<long>(size));
    EXPECT_EQ(load(part, x), caf::sec::end_of_stream) << size;
    EXPECT_TRUE(x.empty());
  }
}

TEST_F(byte_slice_serialization_test, claimed_length_is_not_believed) {
  // The largest length that fits the variable-length code, and no bytes.
  byte_slice x;
  std::vector<char> huge(4, '\xff');
  huge.push_back('\x0f');
  EXPECT_EQ(load(huge, x), caf::sec::end_of_stream);
  EXPECT_EQ(x.pinned(), 0u);
}

TEST_F(byte_slice_serialization_test, slices_of_one_message_follow_each_other) {
  std::vector<char> buffer;
  caf::binary_serializer sink{sys, buffer};
  auto a = byte_slice::copy("hello");
  auto b = byte_slice::copy("world");
  ASSERT_FALSE(sink(a, b));
  byte_slice x;
  byte_slice y;
  caf::binary_deserializer source{sys, buffer};
  ASSERT_FALSE(source(x, y));
  EXPECT_EQ(x.view(), "hello");
  EXPECT_EQ(y.view(), "world");
  EXPECT_EQ(source.remaining(), 0u);
}

TEST_F(byte_slice_serialization_test, local_message_shares_the_memory) {
  auto x = byte_slice::copy("hello");
  auto message = caf::make_message(x);
  auto copy = message;
  EXPECT_EQ(copy.get_as<byte_slice>(0).data(), x.data());
}

} // namespace
} // namespace sluice::runtime

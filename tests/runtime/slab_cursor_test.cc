#include "runtime/slab_cursor.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace sluice::runtime {
namespace {

constexpr std::size_t slab_bytes = 100;

byte_slice fill(slab_cursor& cursor, std::string_view text,
                std::size_t room = 0) {
  auto space = cursor.room(std::max(room, text.size()));
  std::memcpy(space.data(), text.data(), text.size());
  return cursor.take(text.size());
}

TEST(slab_cursor_test, room_is_at_least_what_was_wanted) {
  slab_cursor cursor{slab_bytes};
  EXPECT_EQ(cursor.room(10).size(), slab_bytes) << "and all there is";
  EXPECT_EQ(cursor.room(slab_bytes).size(), slab_bytes);
}

TEST(slab_cursor_test, slices_of_a_kept_slab_follow_each_other) {
  slab_cursor cursor{slab_bytes};
  auto a = fill(cursor, "hello ");
  auto b = fill(cursor, "world");
  ASSERT_TRUE(a.adjoins(b));
  a.extend(b);
  EXPECT_EQ(a.view(), "hello world");
  EXPECT_EQ(cursor.room(1).size(), slab_bytes - 11);
}

TEST(slab_cursor_test, room_that_was_not_taken_is_given_again) {
  slab_cursor cursor{slab_bytes};
  auto kept = fill(cursor, "kept");
  auto first = cursor.room(10).data();
  EXPECT_EQ(cursor.room(10).data(), first);
}

TEST(slab_cursor_test, slab_that_nobody_holds_is_filled_from_its_front) {
  slab_cursor cursor{slab_bytes};
  auto front = cursor.room(1).data();
  for (int i = 0; i < 1000; ++i) {
    auto x = fill(cursor, "some bytes");
    ASSERT_EQ(x.data(), front);
  }
}

TEST(slab_cursor_test, slab_that_is_held_is_not_written_again) {
  slab_cursor cursor{slab_bytes};
  std::vector<byte_slice> kept;
  for (int i = 0; i < 100; ++i)
    kept.push_back(fill(cursor, std::to_string(i)));
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(kept[static_cast<std::size_t>(i)].view(), std::to_string(i));
}

TEST(slab_cursor_test, new_slab_is_taken_when_too_little_room_is_left) {
  slab_cursor cursor{slab_bytes};
  auto a = fill(cursor, std::string(60, 'a'));
  auto b = fill(cursor, "b", 50);
  EXPECT_FALSE(a.adjoins(b));
  EXPECT_EQ(b.pinned(), slab_bytes);
  EXPECT_EQ(cursor.room(1).size(), slab_bytes - 1);
  a = {};
  EXPECT_EQ(cursor.room(1).size(), slab_bytes - 1)
      << "the slab before is none of its business";
}

TEST(slab_cursor_test, whole_slab_can_be_taken) {
  slab_cursor cursor{slab_bytes};
  auto a = fill(cursor, std::string(slab_bytes, 'a'));
  EXPECT_EQ(a.size(), slab_bytes);
  EXPECT_EQ(cursor.room(1).size(), slab_bytes);
}

TEST(slab_cursor_test, nothing_taken_pins_nothing) {
  slab_cursor cursor{slab_bytes};
  auto front = cursor.room(1).data();
  auto nothing = cursor.take(0);
  EXPECT_TRUE(nothing.empty());
  EXPECT_EQ(nothing.pinned(), 0u);
  EXPECT_EQ(cursor.room(1).data(), front);
}

TEST(slab_cursor_test, copies_adjoin_each_other) {
  slab_cursor cursor{slab_bytes};
  auto a = cursor.copy("hello ");
  auto b = cursor.copy("world");
  EXPECT_TRUE(a.adjoins(b));
  EXPECT_EQ(b.view(), "world");
}

TEST(slab_cursor_test, nothing_is_copied_without_a_slab) {
  slab_cursor cursor{slab_bytes};
  EXPECT_TRUE(cursor.copy({}).empty());
  EXPECT_TRUE(cursor.copy("").empty());
}

TEST(slab_cursor_test, released_slab_lives_on_in_its_slices) {
  slab_cursor cursor{slab_bytes};
  auto a = fill(cursor, "hello");
  cursor.release();
  auto b = fill(cursor, "world");
  EXPECT_EQ(a.view(), "hello");
  EXPECT_EQ(b.view(), "world");
  EXPECT_FALSE(a.adjoins(b));
}

TEST(slab_cursor_death_test, more_than_a_slab_is_a_bug) {
  slab_cursor cursor{slab_bytes};
  EXPECT_DEATH(cursor.room(slab_bytes + 1), "more room wanted than a slab has");
  EXPECT_DEATH(cursor.copy(std::string(slab_bytes + 1, 'x')),
               "more room wanted than a slab has");
}

TEST(slab_cursor_death_test, more_than_the_room_is_a_bug) {
  slab_cursor cursor{slab_bytes};
  EXPECT_DEATH(cursor.take(1), "more taken than the room had");
  auto kept = fill(cursor, std::string(60, 'a'));
  cursor.room(40);
  EXPECT_DEATH(cursor.take(41), "more taken than the room had");
}

} // namespace
} // namespace sluice::runtime

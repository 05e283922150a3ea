#include "tests/support/random_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <numeric>
#include <vector>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

TEST(random_source_test, seed_gives_the_same_numbers_everywhere) {
  // Of the authors' reference code for xoshiro256** and splitmix64.
  random_source random{42};
  EXPECT_EQ(random.next(), 1546998764402558742u);
  EXPECT_EQ(random.next(), 6990951692964543102u);
  EXPECT_EQ(random.next(), 12544586762248559009u);
}

TEST(random_source_test, below_gives_every_number_about_as_often) {
  random_source random{1};
  std::map<std::uint64_t, int> count;
  for (int i = 0; i < 7000; ++i)
    ++count[random.below(7)];
  ASSERT_EQ(count.size(), 7u);
  EXPECT_EQ(count.rbegin()->first, 6u);
  for (auto [number, times] : count)
    EXPECT_NEAR(times, 1000, 150) << number;
}

TEST(random_source_test, between_includes_both_ends) {
  random_source random{1};
  std::map<std::uint64_t, int> count;
  for (int i = 0; i < 100; ++i)
    ++count[random.between(3, 5)];
  EXPECT_EQ(count.size(), 3u);
  EXPECT_EQ(count.begin()->first, 3u);
  EXPECT_EQ(random.between(9, 9), 9u);
  random.between(0, UINT64_MAX);
  EXPECT_EQ(random.between(5us, 5us), 5us);
}

TEST(random_source_test, sizes_come_from_every_order_of_magnitude) {
  random_source random{1};
  int small = 0;
  for (int i = 0; i < 1000; ++i) {
    auto size = random.size_between(1, 1 << 20);
    ASSERT_GE(size, 1u);
    ASSERT_LE(size, 1u << 20);
    small += size < 1024;
  }
  EXPECT_GT(small, 300);
  EXPECT_LT(small, 700);
  std::map<std::size_t, int> count;
  for (int i = 0; i < 1000; ++i)
    ++count[random.size_between(0, 5)];
  EXPECT_EQ(count.size(), 6u);
  EXPECT_EQ(random.size_between(1000, 1000), 1000u);
}

TEST(random_source_test, rates_of_none_and_all_are_exact) {
  random_source random{1};
  auto untouched = random;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(random.per_mille(0));
  }
  EXPECT_EQ(random.next(), untouched.next()); // nothing was drawn
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(random.per_mille(1000));
  }
}

TEST(random_source_test, shuffle_keeps_all_and_moves_some) {
  random_source random{1};
  std::vector<int> items(20);
  std::iota(items.begin(), items.end(), 0);
  auto shuffled = items;
  random.shuffle(std::span{shuffled});
  EXPECT_NE(items, shuffled);
  std::ranges::sort(shuffled);
  EXPECT_EQ(items, shuffled);
}

TEST(random_source_test, fork_goes_its_own_way) {
  random_source random{1};
  auto fork = random.fork();
  EXPECT_NE(fork.next(), random.next());
  std::array items{1, 2, 3};
  EXPECT_NE(std::ranges::find(items, random.pick(items)), items.end());
}

} // namespace
} // namespace sluice::testing

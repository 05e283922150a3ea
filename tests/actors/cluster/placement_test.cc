#include "actors/cluster/placement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>

namespace sluice::actors::cluster {
namespace {

std::vector<member> nodes(std::size_t count) {
  std::vector<member> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back({"node-" + std::to_string(i), 1, {}, {}, {"kv"}});
  return result;
}

constexpr std::uint64_t keys = 10'000;

std::string first(std::uint64_t key, const std::vector<member>& members) {
  return rank(key, members, "kv", 1).at(0).name;
}

TEST(placement_test, hash_is_the_same_on_every_machine) {
  // As xxhsum -H1 of version 0.8 says.
  EXPECT_EQ(hash_of(""), 0xef46db3751d8e999u);
  EXPECT_EQ(hash_of("a"), 0xd24ec4f1a98c6e5bu);
  EXPECT_EQ(hash_of("abc"), 0x44bc2cf5ad770999u);
}

TEST(placement_test, members_get_about_the_same_number_of_keys) {
  auto members = nodes(5);
  std::map<std::string, int> counts;
  for (std::uint64_t i = 0; i < keys; ++i)
    ++counts[first(i, members)];
  ASSERT_EQ(counts.size(), 5u);
  for (auto& [name, count] : counts)
    EXPECT_LE(std::abs(count - 2'000), 200) << name; // five deviations
}

TEST(placement_test, only_what_a_new_member_gains_moves) {
  auto before = nodes(4);
  auto after = nodes(5);
  auto moved = 0;
  for (std::uint64_t i = 0; i < keys; ++i)
    if (first(i, before) != first(i, after)) {
      ++moved;
      EXPECT_EQ(first(i, after), "node-4");
    }
  EXPECT_LE(std::abs(moved - 2'000), 200);
}

TEST(placement_test, second_is_first_when_the_first_has_gone) {
  auto members = nodes(5);
  for (std::uint64_t i = 0; i < 100; ++i) {
    auto both = rank(i, members, "kv", 2);
    auto rest = members;
    std::erase_if(rest, [&](auto& x) { return x.name == both[0].name; });
    EXPECT_EQ(first(i, rest), both[1].name);
  }
}

TEST(placement_test, order_of_members_and_their_lives_do_not_matter) {
  auto members = nodes(5);
  auto others = members;
  std::ranges::reverse(others);
  for (auto& x : others)
    x.incarnation = 7;
  for (std::uint64_t i = 0; i < 100; ++i)
    EXPECT_EQ(first(i, members), first(i, others));
}

TEST(placement_test, members_without_the_role_get_nothing) {
  auto members = nodes(3);
  members[1].roles = {"web"};
  for (std::uint64_t i = 0; i < 100; ++i) {
    auto all = rank(i, members, "kv", 5);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_NE(all[0].name, "node-1");
    EXPECT_NE(all[1].name, "node-1");
  }
  EXPECT_TRUE(rank(1, members, "db", 1).empty());
  EXPECT_EQ(rank(1, members, "", 5).size(), 3u);
}

TEST(placement_test, text_is_placed_by_its_hash) {
  view list;
  for (auto& x : nodes(5))
    list.members.push_back({x, false});
  EXPECT_EQ(rank("user:1", list, "kv", 1),
            rank(hash_of("user:1"), nodes(5), "kv", 1));
}

} // namespace
} // namespace sluice::actors::cluster

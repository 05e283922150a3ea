#include "actors/cluster/view.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::actors::cluster {
namespace {

member node(const char* name, std::uint64_t incarnation = 1) {
  return {name, incarnation, std::string{"unix:///"} + name, {}, {"store"}};
}

view three() {
  return {{1, 3}, "a", {{node("a")}, {node("b")}, {node("c")}}};
}

void apply(view& x, change_kind what, const member& who) {
  x.apply({{x.at.term, x.at.seq + 1}, what, who});
}

TEST(view_test, members_stand_in_the_order_in_which_they_joined) {
  view x{{1, 0}, "b", {}};
  apply(x, change_kind::joined, node("b"));
  apply(x, change_kind::joined, node("a"));
  apply(x, change_kind::joined, node("c"));
  apply(x, change_kind::left, node("a"));
  apply(x, change_kind::joined, node("a", 2));
  ASSERT_EQ(x.members.size(), 3u);
  EXPECT_EQ(x.members[0].who, node("b"));
  EXPECT_EQ(x.members[1].who, node("c"));
  EXPECT_EQ(x.members[2].who, node("a", 2));
  EXPECT_EQ(x.at, (version{1, 5}));
}

TEST(view_test, member_is_known_by_its_name_and_its_life) {
  auto x = three();
  EXPECT_TRUE(x.has(node("b")));
  EXPECT_FALSE(x.has(node("b", 2)));
  apply(x, change_kind::down, node("b", 2));
  EXPECT_TRUE(x.has(node("b"))) << "another life is down";
  apply(x, change_kind::down, node("b"));
  EXPECT_EQ(x.find("b"), nullptr);
}

TEST(view_test, keeper_is_null_when_the_seed_has_gone) {
  auto x = three();
  ASSERT_NE(x.keeper(), nullptr);
  EXPECT_EQ(*x.keeper(), node("a"));
  apply(x, change_kind::left, node("a"));
  EXPECT_EQ(x.keeper(), nullptr);
}

TEST(view_test, suspicion_comes_and_goes) {
  auto x = three();
  apply(x, change_kind::suspected, node("c"));
  EXPECT_TRUE(x.find("c")->suspected);
  EXPECT_FALSE(x.find("b")->suspected);
  apply(x, change_kind::trusted, node("c"));
  EXPECT_FALSE(x.find("c")->suspected);
}

TEST(view_test, difference_makes_one_list_of_another) {
  auto before = three();
  apply(before, change_kind::suspected, node("c"));
  view after{{4, 2}, "c", {{node("c")}, {node("b", 2), true}, {node("d")}}};
  auto changes = difference(before, after);
  std::vector<std::string> told;
  for (auto& x : changes) {
    EXPECT_EQ(x.at, after.at);
    told.push_back(to_string(x.what) + std::string{" "} + x.who.name + "/"
                   + std::to_string(x.who.incarnation));
    before.apply(x);
  }
  EXPECT_EQ(told, (std::vector<std::string>{"down a/1", "down b/1",
                                            "joined b/2", "joined d/1",
                                            "trusted c/1", "suspected b/2"}));
  EXPECT_EQ(before.members.size(), after.members.size());
  for (auto& x : after.members) {
    ASSERT_TRUE(before.has(x.who));
    EXPECT_EQ(before.find(x.who.name)->suspected, x.suspected);
  }
  EXPECT_TRUE(difference(after, after).empty());
}

} // namespace
} // namespace sluice::actors::cluster

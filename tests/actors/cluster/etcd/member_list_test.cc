#include "actors/cluster/etcd/member_list.h"

#include "actors/cluster/etcd/member_record.h"

#include <gtest/gtest.h>

namespace sluice::actors::cluster::etcd {

namespace {

const std::string prefix = member_prefix("c");

key_value key(const std::string& name, std::uint64_t created,
              std::uint64_t modified, bool leaving = false) {
  return {prefix + name, *to_text({"tcp://" + name, "", {}, leaving}), created,
          modified, 5};
}

key_list keys(std::uint64_t revision, std::vector<key_value> all) {
  return {{7, revision}, std::move(all)};
}

watch_answer events(std::vector<key_event> all) {
  watch_answer result;
  result.head = {7, all.back().what.modified};
  result.events = std::move(all);
  return result;
}

key_event gone(const std::string& name, std::uint64_t revision) {
  return {true, {prefix + name, {}, 0, revision, 0}};
}

/// `joined a 3/3`: what, who, in which life, at which revision.
std::string text(const std::vector<change>& all) {
  std::string result;
  for (auto& x : all) {
    EXPECT_EQ(x.at.term, 7u);
    result += (result.empty() ? "" : ", ") + std::string{to_string(x.what)}
              + " " + x.who.name + " " + std::to_string(x.who.incarnation) + "/"
              + std::to_string(x.at.seq);
  }
  return result;
}

class member_list_test : public ::testing::Test {
protected:
  member_list list{prefix};
};

TEST_F(member_list_test, first_list_tells_when_each_has_joined) {
  EXPECT_EQ(text(list.reset(keys(9, {key("b", 3, 3), key("a", 5, 7, true)}))),
            "joined b 3/3, joined a 5/5");
  EXPECT_EQ(list.revision(), 9u);
  EXPECT_EQ(list.current().find("a")->who.endpoint, "tcp://a");
}

TEST_F(member_list_test, who_goes_without_a_word_is_down) {
  list.reset(keys(5, {key("a", 3, 3)}));
  EXPECT_EQ(text(list.apply(events({gone("a", 6)}))), "down a 3/6");
  EXPECT_TRUE(list.current().members.empty());
}

TEST_F(member_list_test, who_says_so_before_has_left) {
  list.reset(keys(5, {key("a", 3, 3)}));
  EXPECT_EQ(text(list.apply(events({{false, key("a", 3, 6, true)}}))), "");
  EXPECT_EQ(text(list.apply(events({gone("a", 7)}))), "left a 3/7");
  // In its next life it has not said so.
  EXPECT_EQ(text(list.apply(events({{false, key("a", 8, 8)}, gone("a", 9)}))),
            "joined a 8/8, down a 8/9");
}

TEST_F(member_list_test, who_said_so_in_the_list_has_left) {
  list.reset(keys(5, {key("a", 3, 4, true)}));
  EXPECT_EQ(text(list.apply(events({gone("a", 7)}))), "left a 3/7");
}

TEST_F(member_list_test, what_is_known_is_not_told_again) {
  list.reset(keys(5, {key("a", 3, 3)}));
  EXPECT_EQ(
      text(list.apply(events(
          {{false, key("a", 3, 3)}, gone("b", 5), {false, key("c", 6, 6)}}))),
      "joined c 6/6");
}

TEST_F(member_list_test, one_revision_may_have_several_events) {
  list.reset(keys(5, {key("a", 3, 3), key("b", 4, 4)}));
  EXPECT_EQ(text(list.apply(events({gone("a", 6), gone("b", 6)}))),
            "down a 3/6, down b 4/6");
}

TEST_F(member_list_test, later_list_tells_the_difference_as_of_now) {
  list.reset(keys(5, {key("a", 3, 3), key("b", 4, 4), key("c", 5, 5)}));
  list.apply(events({{false, key("c", 5, 6, true)}}));
  EXPECT_EQ(text(list.reset(
                keys(20, {key("b", 4, 4), key("a", 9, 9), key("d", 12, 12)}))),
            "down a 3/20, left c 5/20, joined a 9/20, joined d 12/20");
}

TEST_F(member_list_test, keys_of_others_are_passed_over) {
  key_value nested = key("a/b", 3, 3);
  key_value garbage{prefix + "g", "garbage", 3, 3, 0};
  key_value foreign{"/elsewhere/a", "{}", 3, 3, 0};
  EXPECT_EQ(text(list.reset(keys(5, {nested, garbage, foreign}))), "");
  nested.modified = nested.created = garbage.modified = garbage.created =
      foreign.modified = foreign.created = 6;
  EXPECT_EQ(text(list.apply(
                events({{false, nested}, {false, garbage}, {false, foreign}}))),
            "");
  EXPECT_EQ(text(list.apply(events({gone("g", 7), gone("a/b", 8)}))), "");
  EXPECT_EQ(list.revision(), 8u);
}

TEST_F(member_list_test, agrees_with_the_same_members_in_the_same_lives) {
  list.reset(keys(5, {key("a", 3, 3), key("b", 4, 4)}));
  EXPECT_TRUE(list.agrees(keys(9, {key("b", 4, 4), key("a", 3, 8, true)})));
  EXPECT_FALSE(list.agrees(keys(9, {key("b", 4, 4), key("a", 6, 6)})));
  EXPECT_FALSE(list.agrees(keys(9, {key("b", 4, 4)})));
  EXPECT_FALSE(
      list.agrees(keys(9, {key("b", 4, 4), key("a", 3, 3), key("c", 6, 6)})));
}

} // namespace

} // namespace sluice::actors::cluster::etcd

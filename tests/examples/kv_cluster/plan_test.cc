#include "examples/kv_cluster/plan.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::examples::kv_cluster {
namespace {

using args = std::vector<std::string_view>;

constexpr std::uint32_t shards = 64;

plan plan_of(const args& x) {
  plan result;
  make_plan(x, shards, result);
  return result;
}

/// Two keys of different shards.
std::pair<std::string, std::string> strangers() {
  std::string first = "a";
  for (int i = 0;; ++i)
    if (auto other = std::to_string(i);
        shard_of_key(other, shards) != shard_of_key(first, shards))
      return {first, other};
}

TEST(plan_test, command_of_one_key_goes_where_the_key_is_as_it_came) {
  auto x = plan_of({"GET", "k"});
  EXPECT_EQ(x.what, plan_kind::single);
  EXPECT_EQ(x.shard, shard_of_key("k", shards));
  EXPECT_FALSE(x.writes);
  x = plan_of({"set", "k", "v"});
  EXPECT_EQ(x.what, plan_kind::single);
  EXPECT_TRUE(x.writes);
}

TEST(plan_test, only_the_part_in_braces_of_a_key_counts) {
  EXPECT_EQ(shard_of_key("{user1}.name", shards),
            shard_of_key("user1", shards));
  EXPECT_EQ(shard_of_key("x{user1}y{z}", shards),
            shard_of_key("user1", shards));
  // As in Redis Cluster: an empty part, or one without an end, does not count.
  std::set<std::uint32_t> empty;
  std::set<std::uint32_t> open;
  for (int i = 0; i < 20; ++i) {
    empty.insert(shard_of_key("{}" + std::to_string(i), shards));
    open.insert(shard_of_key("{x" + std::to_string(i), shards));
  }
  EXPECT_GT(empty.size(), 1u);
  EXPECT_GT(open.size(), 1u);
}

TEST(plan_test, keys_that_are_kept_together_make_one_command) {
  EXPECT_EQ(plan_of({"mget", "{a}1", "{a}2"}).what, plan_kind::single);
  EXPECT_EQ(plan_of({"rename", "{a}1", "{a}2"}).what, plan_kind::single);
}

TEST(plan_test, command_of_several_keys_is_divided) {
  auto [a, b] = strangers();
  auto x = plan_of({"mget", a, b, a});
  ASSERT_EQ(x.what, plan_kind::parts);
  EXPECT_EQ(x.how, merge::values);
  ASSERT_EQ(x.parts.size(), 3u);
  EXPECT_EQ(x.parts[0].shard, shard_of_key(a, shards));
  EXPECT_EQ(x.parts[1].shard, shard_of_key(b, shards));
  EXPECT_EQ(x.parts[0].command, "*2\r\n$3\r\nget\r\n$"
                                    + std::to_string(a.size()) + "\r\n" + a
                                    + "\r\n");
  x = plan_of({"mset", a, "1", b, "2"});
  ASSERT_EQ(x.what, plan_kind::parts);
  EXPECT_EQ(x.how, merge::all_ok);
  EXPECT_TRUE(x.writes);
  EXPECT_EQ(x.parts.size(), 2u);
  for (auto name : {"del", "unlink", "exists"})
    EXPECT_EQ(plan_of({name, a, b}).how, merge::sum) << name;
}

TEST(plan_test, command_that_cannot_be_divided_is_refused_as_by_redis) {
  auto [a, b] = strangers();
  auto x = plan_of({"rename", a, b});
  EXPECT_EQ(x.what, plan_kind::refused);
  EXPECT_EQ(x.error, "CROSSSLOT Keys in request don't hash to the same slot");
}

TEST(plan_test, command_about_all_keys_asks_each_shard) {
  auto x = plan_of({"dbsize"});
  ASSERT_EQ(x.what, plan_kind::parts);
  EXPECT_EQ(x.how, merge::sum);
  ASSERT_EQ(x.parts.size(), shards);
  EXPECT_EQ(x.parts[shards - 1].shard, shards - 1);
  EXPECT_EQ(plan_of({"keys", "*"}).how, merge::arrays);
  EXPECT_EQ(plan_of({"flushall"}).how, merge::all_ok);
  EXPECT_TRUE(plan_of({"flushall"}).writes);
  EXPECT_EQ(plan_of({"randomkey"}).how, merge::any);
}

TEST(plan_test, what_is_not_about_keys_or_is_wrong_is_answered_here) {
  for (auto& x : std::vector<args>{{},
                                   {"ping"},
                                   {"info"},
                                   {"nonsense", "k"},
                                   {"get"},
                                   {"dbsize", "x"},
                                   {"client", "list"}})
    EXPECT_EQ(plan_of(x).what, plan_kind::local) << (x.empty() ? "" : x[0]);
}

TEST(plan_test, odd_mset_gets_the_error_of_its_owner) {
  EXPECT_EQ(plan_of({"mset", "a"}).what, plan_kind::local); // too short
  auto [a, b] = strangers();
  EXPECT_NE(plan_of({"mset", a, "1", b}).what, plan_kind::parts);
}

// -- SCAN ---------------------------------------------------------------------

std::string scan_reply(std::string_view cursor, std::string_view key) {
  return "*2\r\n$" + std::to_string(cursor.size()) + "\r\n"
         + std::string{cursor} + "\r\n*1\r\n$" + std::to_string(key.size())
         + "\r\n" + std::string{key} + "\r\n";
}

TEST(plan_test, scan_goes_through_one_shard_after_the_other) {
  auto x = plan_of({"scan", "0", "count", "5"});
  ASSERT_EQ(x.what, plan_kind::parts);
  ASSERT_EQ(x.parts.size(), 1u);
  EXPECT_EQ(x.shard, 0u);
  // More in this shard.
  EXPECT_EQ(merge_answers(x.how, {scan_reply("7", "k")}, shards, 3),
            scan_reply(std::to_string(7 * shards + 3), "k"));
  x = plan_of({"scan", std::to_string(7 * shards + 3)});
  EXPECT_EQ(x.shard, 3u);
  EXPECT_EQ(x.parts[0].command, "*2\r\n$4\r\nscan\r\n$1\r\n7\r\n");
  // It is through: the next shard.
  EXPECT_EQ(merge_answers(x.how, {scan_reply("0", "k")}, shards, 3),
            scan_reply("4", "k"));
  // It was the last one.
  EXPECT_EQ(merge_answers(x.how, {scan_reply("0", "k")}, shards, shards - 1),
            scan_reply("0", "k"));
}

TEST(plan_test, cursor_that_is_no_number_is_refused) {
  for (auto cursor : {"x", "-1", "1x", "", "99999999999999999999999"}) {
    auto x = plan_of({"scan", cursor});
    EXPECT_EQ(x.what, plan_kind::refused) << cursor;
    EXPECT_EQ(x.error, "ERR invalid cursor");
  }
}

// -- answers ------------------------------------------------------------------

TEST(plan_test, answers_of_parts_make_one) {
  EXPECT_EQ(merge_answers(merge::values, {"$1\r\n1\r\n", "$-1\r\n"}, 2, 0),
            "*2\r\n$1\r\n1\r\n$-1\r\n");
  EXPECT_EQ(merge_answers(merge::sum, {":1\r\n", ":0\r\n", ":5\r\n"}, 2, 0),
            ":6\r\n");
  EXPECT_EQ(merge_answers(merge::all_ok, {"+OK\r\n", "+OK\r\n"}, 2, 0),
            "+OK\r\n");
  EXPECT_EQ(merge_answers(
                merge::arrays,
                {"*1\r\n$1\r\na\r\n", "*0\r\n", "*2\r\n$1\r\nb\r\n$1\r\nc\r\n"},
                2, 0),
            "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n");
  EXPECT_EQ(merge_answers(merge::any, {"$-1\r\n", "$1\r\na\r\n"}, 2, 0),
            "$1\r\na\r\n");
  EXPECT_EQ(merge_answers(merge::any, {"$-1\r\n", "$-1\r\n"}, 2, 0), "$-1\r\n");
}

TEST(plan_test, first_error_of_a_part_is_the_answer) {
  for (auto how : {merge::values, merge::sum, merge::all_ok, merge::arrays,
                   merge::any, merge::cursor})
    EXPECT_EQ(merge_answers(how, {"+OK\r\n", "-ERR a\r\n", "-ERR b\r\n"}, 2, 0),
              "-ERR a\r\n");
}

TEST(plan_test, keys_are_those_of_the_table_of_commands) {
  std::vector<std::string_view> keys;
  args mset{"mset", "a", "1", "b", "2"};
  keys_of(mset, keys);
  EXPECT_EQ(keys, (args{"a", "b"}));
  args ping{"ping"};
  keys_of(ping, keys);
  EXPECT_TRUE(keys.empty());
}

} // namespace
} // namespace sluice::examples::kv_cluster

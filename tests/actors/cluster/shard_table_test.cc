#include "actors/cluster/shard_table.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::actors::cluster {
namespace {

TEST(shard_table_test, keys_belong_to_the_same_shard_on_every_machine) {
  EXPECT_EQ(shard_of("abc", 64), 0x44bc2cf5ad770999u % 64);
  EXPECT_EQ(shard_of("", 1), 0u);
}

TEST(shard_table_test, later_term_is_newer_whatever_its_planner_did) {
  EXPECT_LT((table_version{1, {"b", 1}, 900}), (table_version{2, {"a", 1}, 1}));
  EXPECT_LT((table_version{1, {"a", 1}, 900}), (table_version{1, {"b", 1}, 1}));
  EXPECT_LT((table_version{1, {"a", 1}, 1}), (table_version{1, {"a", 1}, 2}));
}

TEST(shard_table_test, nobody_holds_nothing) {
  shard_table table;
  table.entries.resize(3);
  EXPECT_FALSE(table.holds_any(holder{}));
  table.entries[1].joining = {"a", 1};
  EXPECT_TRUE(table.holds_any({"a", 1}));
  EXPECT_FALSE(table.holds_any({"a", 2}));
}

TEST(shard_table_test, losses_of_all_shards_are_added) {
  shard_table table;
  table.entries.resize(3);
  table.entries[0].losses = 1;
  table.entries[2].losses = 2;
  EXPECT_EQ(table.losses(), 3u);
}

TEST(shard_table_test, text_names_who_has_what) {
  shard_table table;
  table.at = {2, {"n1", 5}, 7};
  table.entries.resize(1);
  table.entries[0] = {4, 4, 1, {"n1", 5}, {"n2", 6}, {}, 0, 0, {}};
  EXPECT_EQ(to_string(table), "table 2.7 of n1/5\n"
                              "0: epoch 4 primary n1/5 backup n2/6 lost 1\n");
}

} // namespace
} // namespace sluice::actors::cluster

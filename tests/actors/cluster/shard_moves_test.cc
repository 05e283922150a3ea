#include "actors/cluster/shard_moves.h"

#include "actors/cluster/placement.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::actors::cluster {
namespace {

/// One shard, whose nodes are named by their rank for it: 0 is wanted most.
class shard_moves_test : public ::testing::Test {
protected:
  shard_moves_test() {
    settings.shards = 1;
    std::vector<member> all;
    for (auto i = 0; i < 4; ++i)
      all.push_back({"n" + std::to_string(i), 1, {}, {}, {}});
    ranked = rank(0, all, {}, 4);
    situation.members = ranked;
    situation.standings.resize(1);
    table.entries.resize(1);
  }

  holder node(std::size_t rank) const { return holder{ranked[rank]}; }

  shard_entry& entry() { return table.entries[0]; }

  bool plan() { return move_shards(table, situation, settings); }

  void lose(std::size_t rank) {
    situation.gone.insert(node(rank));
    std::erase(situation.members, ranked[rank]);
  }

  void say(bool shard_standing::*what) {
    situation.standings[0] = {entry().primary, entry().epoch, false, false};
    situation.standings[0].*what = true;
  }

  void begin_with(const holder& primary, const holder& backup) {
    entry().epoch = entry().reign = 5;
    entry().primary = primary;
    entry().backup = backup;
  }

  shard_settings settings;
  std::vector<member> ranked;
  shard_situation situation;
  shard_table table;
};

TEST_F(shard_moves_test, new_shard_begins_on_the_first_and_gets_a_second) {
  table.entries.clear();
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().primary, node(0));
  EXPECT_EQ(entry().reign, 1u);
  EXPECT_EQ(entry().losses, 0u);
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().joining, node(1));
  EXPECT_FALSE(plan());
  say(&shard_standing::in_sync);
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().backup, node(1));
  EXPECT_FALSE(entry().joining);
  EXPECT_FALSE(plan());
}

TEST_F(shard_moves_test, backup_replaces_a_primary_that_is_gone) {
  begin_with(node(0), node(1));
  lose(0);
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().primary, node(1));
  EXPECT_EQ(entry().reign, entry().epoch);
  EXPECT_FALSE(entry().backup);
  EXPECT_EQ(entry().losses, 0u);
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().joining, node(2));
}

TEST_F(shard_moves_test, nothing_is_decided_about_a_node_that_is_only_missing) {
  begin_with(node(0), node(1));
  std::erase(situation.members, ranked[0]);
  EXPECT_FALSE(plan());
}

TEST_F(shard_moves_test, loss_of_all_copies_is_counted) {
  begin_with(node(0), node(1));
  lose(0);
  lose(1);
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().primary, node(2));
  EXPECT_EQ(entry().losses, 1u);
  EXPECT_EQ(entry().reign, entry().epoch);
}

TEST_F(shard_moves_test, node_that_catches_up_is_no_copy) {
  begin_with(node(0), {});
  entry().joining = node(1);
  lose(0);
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().primary, node(1));
  EXPECT_EQ(entry().losses, 1u);
  EXPECT_FALSE(entry().joining);
}

TEST_F(shard_moves_test, single_copy_that_was_about_to_move_survives) {
  settings.copies = 1;
  begin_with(node(1), {});
  entry().joining = entry().next = node(0);
  lose(1);
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().primary, node(0));
  EXPECT_EQ(entry().losses, 0u);
}

TEST_F(shard_moves_test, what_was_said_in_another_epoch_does_not_count) {
  begin_with(node(0), {});
  plan();
  ASSERT_EQ(entry().joining, node(1));
  say(&shard_standing::in_sync);
  --situation.standings[0].epoch;
  EXPECT_FALSE(plan());
  situation.standings[0].epoch += 2;
  EXPECT_FALSE(plan());
}

TEST_F(shard_moves_test, primary_changes_only_when_it_has_released_the_shard) {
  begin_with(node(1), node(0));
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().primary, node(1));
  EXPECT_EQ(entry().next, node(0));
  EXPECT_FALSE(plan());
  say(&shard_standing::released);
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().primary, node(0));
  EXPECT_EQ(entry().backup, node(1));
  EXPECT_EQ(entry().backup_since, entry().epoch);
  EXPECT_FALSE(entry().next);
}

TEST_F(shard_moves_test, third_copy_lets_the_backup_stay) {
  begin_with(node(2), node(1));
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().joining, node(0));
  say(&shard_standing::in_sync);
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().next, node(0));
  EXPECT_EQ(entry().backup, node(1));
  say(&shard_standing::released);
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().primary, node(0));
  EXPECT_EQ(entry().backup, node(1));
  EXPECT_FALSE(entry().has(node(2)));
}

TEST_F(shard_moves_test, draining_node_gives_up_what_it_has) {
  begin_with(node(0), node(1));
  table.draining = {node(0)};
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().next, node(1));
  say(&shard_standing::released);
  plan();
  EXPECT_EQ(entry().primary, node(1));
  plan();
  EXPECT_EQ(entry().joining, node(2));
  say(&shard_standing::in_sync);
  plan();
  EXPECT_EQ(entry().backup, node(2));
  EXPECT_FALSE(table.holds_any(node(0)));
  EXPECT_FALSE(plan());
}

TEST_F(shard_moves_test, last_two_nodes_become_one) {
  situation.members = {ranked[0], ranked[1]};
  begin_with(node(0), node(1));
  table.draining = {node(1)};
  EXPECT_TRUE(plan());
  EXPECT_EQ(entry().primary, node(0));
  EXPECT_FALSE(entry().backup);
}

TEST_F(shard_moves_test, nothing_moves_when_all_want_to_leave) {
  begin_with(node(0), node(1));
  for (auto i = 0u; i < 4; ++i)
    table.draining.push_back(node(i));
  EXPECT_FALSE(plan());
}

TEST_F(shard_moves_test, few_shards_move_at_a_time_and_bare_ones_first) {
  settings.shards = 20;
  settings.transfers_max = 2;
  table.entries.resize(20);
  situation.standings.resize(20);
  situation.members = {ranked[0], ranked[1], ranked[2]};
  for (auto& x : table.entries) {
    x.epoch = x.reign = 1;
    x.primary = node(0);
    x.backup = node(1);
  }
  table.entries[18].backup = table.entries[19].backup = {};
  EXPECT_TRUE(plan());
  auto moving = 0;
  for (auto& x : table.entries)
    moving += x.joining ? 1 : 0;
  EXPECT_EQ(moving, 2); // one node is copied from
  EXPECT_TRUE(table.entries[18].joining);
  EXPECT_TRUE(table.entries[19].joining);
}

} // namespace
} // namespace sluice::actors::cluster

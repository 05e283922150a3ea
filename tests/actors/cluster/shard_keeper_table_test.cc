// What keepers do with tables, leases and lives.

#include "actors/cluster/shard_keeper.h"

#include "tests/actors/cluster/shard_desk.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

namespace sluice::actors::cluster {
namespace {

using namespace std::chrono_literals;
using testing::shard_desk;

template <class T>
bool is(const shard_letter& x) {
  return std::holds_alternative<T>(x.body);
}

TEST(shard_keeper_table_test, without_a_lease_nothing_is_served) {
  shard_desk desk{1};
  desk.start();
  auto& keeper = *desk[0].keeper;
  EXPECT_EQ(keeper.route(desk.now() + 9s, 0).what, route_kind::here);
  EXPECT_EQ(keeper.route(desk.now() + 10s, 0).what, route_kind::hold);
}

TEST(shard_keeper_table_test,
     after_a_break_of_the_lease_a_planner_has_to_agree) {
  shard_desk desk{3};
  desk.begin(desk.unlike_first(), 0); // plans
  desk.start();
  auto& primary = desk.primary();
  ASSERT_FALSE(primary.keeper->is_planner());
  // It was stopped for 20 s and has a lease again; nobody else noticed.
  auto later = desk.now() + 20s;
  desk.drops = [](auto&, auto&, auto&) { return true; };
  primary.keeper->on_lease(later, later + 10s);
  desk.run();
  EXPECT_EQ(primary.keeper->route(later, 0).what, route_kind::hold);
  // The table alone is not enough: it may be older than the break.
  primary.keeper->receive(
      later, {holder{desk.backup().self}, shard_news{desk.newest()}});
  EXPECT_EQ(primary.keeper->route(later, 0).what, route_kind::hold);
  desk.drops = [](auto&, auto&, auto&) { return false; };
  desk.pass(22s);
  EXPECT_EQ(desk.route(primary), route_kind::here);
}

TEST(shard_keeper_table_test, request_by_a_newer_table_is_held) {
  shard_desk desk{2};
  desk.start();
  auto at = desk.newest().at;
  auto& keeper = *desk.primary().keeper;
  EXPECT_EQ(keeper.route(desk.now(), 0, at).what, route_kind::here);
  ++at.seq;
  EXPECT_EQ(keeper.route(desk.now(), 0, at).what, route_kind::hold);
}

TEST(shard_keeper_table_test, primary_that_was_replaced_is_not_listened_to) {
  shard_desk desk{3};
  desk.start();
  auto& primary = desk.primary();
  auto& backup = desk.backup();
  primary.is_silent = true;
  desk.change(change_kind::down, primary.self);
  desk.pass(3s);
  desk.write(backup, 7);
  desk.run();
  // It was stopped in the middle of a write, and goes on.
  desk.write(primary, 6);
  primary.is_silent = false;
  desk.run();
  EXPECT_EQ(backup.store->read(0, "key"), 7u);
  // It hears of the newer table from the one that it wrote to.
  EXPECT_NE(desk.route(primary), route_kind::here);
  auto ended = primary.take<shard_deactivated>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].why, shard_end::replaced);
  EXPECT_FALSE(primary.keeper->has_data(0));
}

TEST(shard_keeper_table_test, copy_that_was_none_for_a_while_begins_anew) {
  shard_desk desk{2};
  desk.start();
  auto& primary = desk.primary();
  auto& backup = desk.backup();
  // Two tables later, of which the primary has missed the first.
  auto table = desk.newest();
  table.at.seq += 2;
  auto& entry = table.entries[0];
  entry.epoch += 2;
  entry.joining = std::exchange(entry.backup, {});
  entry.joining_since = entry.epoch;
  auto is_fresh = false;
  desk.drops = [&](auto&, auto& to, auto& x) {
    auto copies = std::get_if<shard_copies>(&x.body);
    is_fresh |= copies != nullptr && &to == &backup && copies->segments[0].fresh
                && copies->segments[0].seq == 1;
    return false;
  };
  primary.keeper->receive(desk.now(), {holder{backup.self}, shard_news{table}});
  desk.run();
  EXPECT_TRUE(is_fresh);
}

TEST(shard_keeper_table_test, table_of_an_earlier_planner_is_refused) {
  shard_desk desk{2};
  desk.start();
  auto& keeper = *desk[0].keeper;
  auto table = desk.newest();
  auto before = table.at;
  auto say = [&](shard_letter_body what) {
    keeper.receive(desk.now(), {holder{desk[1].self}, std::move(what)});
  };
  say(shard_collect{{before.term + 5, holder{desk[1].self}, 0}, 1'000});
  ++table.at.seq;
  say(shard_news{table});
  EXPECT_EQ(keeper.table().at, before);
  auto refusals = 0;
  desk.drops = [&](auto& from, auto&, auto& x) {
    refusals += &from == &desk[0] && is<shard_refusal>(x);
    return true;
  };
  say(shard_collect{{before.term + 4, holder{desk[1].self}, 0}, 1'000});
  desk.run();
  EXPECT_EQ(refusals, 1);
}

TEST(shard_keeper_table_test, planner_by_an_older_list_is_not_listened_to) {
  shard_desk desk{2};
  desk.start();
  auto& keeper = *desk[0].keeper;
  auto table = desk.newest();
  auto before = table.at;
  desk.drops = [](auto&, auto&, auto&) { return true; };
  desk.list.at = {2, 0};
  keeper.on_view(desk.now(), desk.list, desk[0].self);
  before = keeper.table().at;
  table.at = before;
  ++table.at.seq;
  table.members_term = 1;
  keeper.receive(desk.now(), {holder{desk[1].self}, shard_news{table}});
  EXPECT_EQ(keeper.table().at, before);
  table.members_term = 2;
  keeper.receive(desk.now(), {holder{desk[1].self}, shard_news{table}});
  EXPECT_EQ(keeper.table().at, table.at);
}

TEST(shard_keeper_table_test, node_in_a_new_life_forgets_all) {
  shard_desk desk{2};
  desk.start();
  auto& primary = desk.primary();
  desk.write(primary, 1);
  desk.run();
  ++primary.self.incarnation;
  primary.keeper->on_view(desk.now(), desk.list, primary.self);
  desk.run();
  auto ended = primary.take<shard_deactivated>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].why, shard_end::rejoined);
  EXPECT_TRUE(primary.store->of(0).empty());
  EXPECT_FALSE(primary.keeper->has_data(0));
}

TEST(shard_keeper_table_test, loss_of_both_copies_is_told_to_everyone_left) {
  shard_desk desk{4};
  desk.start();
  auto& primary = desk.primary();
  auto& backup = desk.backup();
  desk.write(primary, 1);
  desk.run();
  primary.is_silent = backup.is_silent = true;
  desk.list.apply({{1, 20}, change_kind::down, primary.self});
  desk.list.apply({{1, 21}, change_kind::down, backup.self});
  desk.tell_list();
  desk.pass(3s);
  for (auto i = 0u; i < 4; ++i)
    if (!desk[i].is_silent) {
      auto lost = desk[i].take<shard_lost>();
      ASSERT_EQ(lost.size(), 1u) << i;
      EXPECT_EQ(lost[0].losses, 1u);
    }
  EXPECT_EQ(desk.primary().store->read(0, "key"), 0u);
  EXPECT_EQ(desk.route(desk.primary()), route_kind::here);
}

TEST(shard_keeper_table_test, shard_moves_in_order_when_its_node_drains) {
  shard_desk desk{3};
  desk.start();
  auto& primary = desk.primary();
  desk.write(primary, 5);
  primary.keeper->drain(desk.now());
  desk.pass(3s);
  EXPECT_EQ(primary.take<shard_drained>().size(), 1u);
  auto ended = primary.take<shard_deactivated>();
  ASSERT_EQ(ended.size(), 1u);
  EXPECT_EQ(ended[0].why, shard_end::moved);
  EXPECT_NE(desk.primary().self, primary.self);
  EXPECT_EQ(desk.primary().store->read(0, "key"), 5u);
  EXPECT_EQ(desk.backup().store->read(0, "key"), 5u);
  EXPECT_FALSE(primary.keeper->has_data(0));
}

TEST(shard_keeper_table_test, drained_planner_stays_until_all_others_know) {
  shard_desk desk{3};
  desk.begin(desk.first(), 0); // plans
  desk.start();
  auto& primary = desk.primary();
  auto& third = desk.third();
  ASSERT_TRUE(primary.keeper->is_planner());
  third.is_silent = true;
  primary.keeper->drain(desk.now());
  desk.pass(3s);
  // The backup has the shard, but the third one does not know.
  EXPECT_NE(primary.keeper->table().entries[0].primary, holder{primary.self});
  EXPECT_TRUE(primary.take<shard_drained>().empty());
  third.is_silent = false;
  desk.pass(3s);
  EXPECT_EQ(primary.take<shard_drained>().size(), 1u);
}

TEST(shard_keeper_table_test,
     lost_shard_begins_empty_where_it_was_catching_up) {
  shard_desk desk{2};
  desk.begin(0, 9);
  desk.join(0);
  desk.pass(1s);
  desk.write(desk[0], 5);
  desk.drops = [](auto&, auto&, auto& x) { return is<shard_acks>(x); };
  desk.join(1);
  desk.pass(1s);
  ASSERT_EQ(desk[1].store->read(0, "key"), 5u); // but it is not said
  desk[0].is_silent = true;
  desk.down(0);
  desk.pass(1s);
  EXPECT_EQ(desk.route(desk[1]), route_kind::here);
  EXPECT_EQ(desk[1].store->read(0, "key"), 0u);
  EXPECT_EQ(desk[1].take<shard_lost>().size(), 1u);
}

} // namespace
} // namespace sluice::actors::cluster

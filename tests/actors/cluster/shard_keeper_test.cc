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

TEST(shard_keeper_test, nobody_serves_before_there_is_a_list) {
  shard_desk desk{1};
  EXPECT_EQ(desk.route(desk[0]), route_kind::nobody);
}

TEST(shard_keeper_test, one_node_serves_alone_and_settles_at_once) {
  shard_desk desk{1};
  desk.start();
  EXPECT_EQ(desk.route(desk[0]), route_kind::here);
  auto activated = desk[0].take<shard_activated>();
  ASSERT_EQ(activated.size(), 1u);
  EXPECT_TRUE(activated[0].empty);
  auto position = desk.write(desk[0], 1);
  EXPECT_EQ(desk[0].keeper->settled(0), position);
}

TEST(shard_keeper_test, others_know_where_the_shard_is) {
  shard_desk desk{3};
  desk.start();
  EXPECT_EQ(desk.route(desk.primary()), route_kind::here);
  auto there = desk.third().keeper->route(desk.now(), 0);
  ASSERT_EQ(there.what, route_kind::elsewhere);
  EXPECT_EQ(there.at->name, desk.primary().self.name);
}

TEST(shard_keeper_test, write_is_settled_when_the_backup_has_it) {
  shard_desk desk{2};
  desk.start();
  auto& primary = desk.primary();
  auto position = desk.write(primary, 5);
  EXPECT_LT(primary.keeper->settled(0), position);
  desk.run();
  EXPECT_EQ(primary.keeper->settled(0), position);
  auto settled = primary.take<shard_settled>();
  ASSERT_FALSE(settled.empty());
  EXPECT_EQ(settled.back().position, position);
  EXPECT_EQ(desk.backup().store->read(0, "key"), 5u);
}

TEST(shard_keeper_test, silent_backup_is_waited_for_until_it_is_down) {
  shard_desk desk{2};
  desk.start();
  auto& primary = desk.primary();
  auto& backup = desk.backup();
  backup.is_silent = true;
  // The planner may be the silent one; then the other one takes over.
  auto position = desk.write(primary, 5);
  desk.pass(5s);
  EXPECT_LT(primary.keeper->settled(0), position);
  desk.change(change_kind::down, backup.self);
  desk.pass(1s);
  EXPECT_EQ(primary.keeper->settled(0), position);
  EXPECT_EQ(desk.route(primary), route_kind::here);
}

TEST(shard_keeper_test, backup_serves_at_once_when_the_primary_is_down) {
  shard_desk desk{3};
  desk.start();
  auto& backup = desk.backup();
  auto& primary = desk.primary();
  desk.write(primary, 5);
  desk.run();
  primary.is_silent = true;
  desk.change(change_kind::down, primary.self);
  EXPECT_EQ(desk.route(backup), route_kind::here);
  EXPECT_EQ(backup.store->read(0, "key"), 5u);
  auto activated = backup.take<shard_activated>();
  ASSERT_EQ(activated.size(), 1u);
  EXPECT_FALSE(activated[0].empty);
}

TEST(shard_keeper_test, node_that_may_become_the_backup_is_waited_for) {
  shard_desk desk{2};
  desk.begin(0, 9);
  desk.join(0);
  desk.pass(1s);
  auto& primary = desk[0];
  // The second one plans from now on, and does not hear that it is in sync.
  desk.drops = [](auto&, auto&, auto& x) {
    auto report = std::get_if<shard_report>(&x.body);
    return report != nullptr && !report->in_sync.empty();
  };
  desk.join(1);
  desk.pass(1s);
  ASSERT_TRUE(desk[1].keeper->is_planner());
  ASSERT_EQ(desk.newest().entries[0].joining, holder{desk[1].self});
  desk.drops = [](auto&, auto&, auto& x) { return is<shard_acks>(x); };
  auto position = desk.write(primary, 1);
  desk.run();
  EXPECT_LT(primary.keeper->settled(0), position);
  desk.drops = [](auto&, auto&, auto&) { return false; };
  desk.pass(2s);
  EXPECT_EQ(primary.keeper->settled(0), position);
}

TEST(shard_keeper_test, what_settled_before_is_copied_before_it_is_in_sync) {
  shard_desk desk{2};
  desk.begin(0, 9);
  desk.join(0);
  desk.pass(1s);
  auto& primary = desk[0];
  // The copy has come, and its acknowledgement is under way.
  auto is_held = true;
  auto claims = 0;
  desk.drops = [&](auto&, auto&, auto& x) {
    auto report = std::get_if<shard_report>(&x.body);
    claims += report != nullptr && !report->in_sync.empty();
    return is_held && is<shard_acks>(x);
  };
  desk.join(1);
  desk.pass(1s);
  auto position = desk.write(primary, 1);
  EXPECT_EQ(primary.keeper->settled(0), position);
  // The write does not arrive; the acknowledgement of the copy does.
  primary.keeper->receive(
      desk.now(), {holder{desk[1].self}, shard_acks{{{0, 1, 1, 0, false}}}});
  desk.run();
  EXPECT_EQ(claims, 0);
  is_held = false;
  desk.pass(2s);
  EXPECT_GT(claims, 0);
  EXPECT_EQ(desk[1].store->read(0, "key"), 1u);
}

TEST(shard_keeper_test, lost_operations_are_sent_again) {
  shard_desk desk{2};
  desk.start();
  auto& primary = desk.primary();
  desk.drops = [](auto&, auto&, auto& x) { return is<shard_copies>(x); };
  auto position = desk.write(primary, 5);
  desk.run();
  desk.drops = [](auto&, auto&, auto&) { return false; };
  EXPECT_LT(primary.keeper->settled(0), position);
  desk.pass(1s);
  EXPECT_EQ(primary.keeper->settled(0), position);
  EXPECT_EQ(desk.backup().store->read(0, "key"), 5u);
}

TEST(shard_keeper_test, broken_stream_is_resumed_without_a_pause) {
  shard_desk desk{2};
  desk.start();
  auto& primary = desk.primary();
  desk.drops = [](auto&, auto&, auto& x) { return is<shard_acks>(x); };
  auto position = desk.write(primary, 5);
  desk.run();
  desk.drops = [](auto&, auto&, auto&) { return false; };
  primary.keeper->on_broken_stream(desk.now(), desk.backup().self.name);
  desk.run();
  EXPECT_EQ(primary.keeper->settled(0), position);
}

TEST(shard_keeper_test, no_room_above_the_limit_until_it_is_acknowledged) {
  shard_desk desk{2};
  desk.start();
  auto& primary = desk.primary();
  desk.drops = [](auto&, auto&, auto& x) { return is<shard_copies>(x); };
  auto writes = 0;
  for (; primary.keeper->has_room(0); ++writes)
    desk.write(primary, 1);
  EXPECT_EQ(writes, 10); // of 10 bytes, and 100 are allowed
  desk.run();
  primary.events.clear();
  desk.drops = [](auto&, auto&, auto&) { return false; };
  desk.pass(1s);
  EXPECT_TRUE(primary.keeper->has_room(0));
  EXPECT_EQ(primary.take<shard_routes_changed>().size(), 1u);
}

TEST(shard_keeper_test, letters_that_make_no_sense_are_ignored) {
  shard_desk desk{2};
  desk.start();
  auto& primary = desk.primary();
  auto& backup = desk.backup();
  auto& entry = desk.newest().entries[0];
  auto at = desk.newest().at;
  auto send = [&](shard_letter_body body) {
    backup.keeper->receive(desk.now(), {holder{primary.self}, body});
  };
  // A shard that there is not, and an operation longer than the segment.
  shard_segment far;
  far.shard = 1'000;
  shard_segment wrong;
  wrong.reign = entry.reign;
  wrong.stream = 1'000;
  wrong.seq = 1;
  wrong.operations =
      runtime::byte_slice::copy(std::string("\xff\xff\xff\xff=", 5));
  send(shard_copies{at, {far, wrong}});
  send(shard_probe{at, {{1'000, 1, 1, 1}}});
  send(shard_acks{{{1'000, 1, 1, 1, false}}});
  shard_report report;
  report.in_sync = report.released = {{1'000, 1}};
  send(report);
  shard_table table;
  table.at = {1'000, holder{primary.self}, 1};
  table.entries.resize(7);
  send(shard_news{table});
  EXPECT_EQ(desk.newest().at, at);
  EXPECT_TRUE(backup.store->of(0).empty());
}

} // namespace
} // namespace sluice::actors::cluster

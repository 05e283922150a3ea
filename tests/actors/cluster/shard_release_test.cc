#include "actors/cluster/shard_keeper.h"

#include "tests/actors/cluster/shard_desk.h"

#include <gtest/gtest.h>

namespace sluice::actors::cluster {
namespace {

using namespace std::chrono_literals;
using testing::shard_desk;

shard_settings asking() {
  auto result = shard_desk::one_shard();
  result.copies = 1;
  result.asks_before_release = true;
  return result;
}

TEST(shard_release_test, shard_moves_when_its_user_has_stopped) {
  shard_desk desk{2, asking()};
  desk.start();
  auto& old = desk.primary();
  old.keeper->drain(desk.now());
  desk.pass(5s);
  EXPECT_EQ(old.take<shard_stopping>().size(), 1u);
  EXPECT_TRUE(old.keeper->is_stopping(0));
  EXPECT_EQ(desk.route(old), route_kind::hold);
  ASSERT_EQ(&desk.primary(), &old);
  // What is written last goes along.
  desk.write(old, 7);
  old.keeper->stopped(desk.now(), 0);
  desk.pass(2s);
  auto& next = desk.primary();
  ASSERT_NE(&next, &old);
  EXPECT_EQ(desk.route(next), route_kind::here);
  EXPECT_EQ(next.store->read(0, "key"), 7u);
  EXPECT_FALSE(old.keeper->is_stopping(0));
  EXPECT_EQ(old.take<shard_drained>().size(), 1u);
  auto gone = old.take<shard_deactivated>();
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone[0].why, shard_end::moved);
}

TEST(shard_release_test, shard_stays_if_the_next_one_goes_before_that) {
  shard_desk desk{2, asking()};
  desk.start();
  auto& old = desk.primary();
  auto& other = &desk[0] == &old ? desk[1] : desk[0];
  old.keeper->drain(desk.now());
  desk.pass(5s);
  ASSERT_EQ(old.take<shard_stopping>().size(), 1u);
  other.is_silent = true;
  desk.change(change_kind::down, other.self);
  desk.pass(20s);
  EXPECT_FALSE(old.keeper->is_stopping(0));
  EXPECT_EQ(desk.route(old), route_kind::here);
  // Too late, and of no effect.
  old.keeper->stopped(desk.now(), 0);
  desk.pass(2s);
  EXPECT_EQ(desk.route(old), route_kind::here);
}

TEST(shard_release_test, nobody_is_asked_who_did_not_want_it) {
  auto settings = asking();
  settings.asks_before_release = false;
  shard_desk desk{2, settings};
  desk.start();
  auto& old = desk.primary();
  old.keeper->drain(desk.now());
  desk.pass(5s);
  EXPECT_TRUE(old.take<shard_stopping>().empty());
  EXPECT_NE(&desk.primary(), &old);
}

} // namespace
} // namespace sluice::actors::cluster

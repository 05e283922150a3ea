#include "actors/channel/inlet_group.h"

#include "runtime/limits.h"
#include "tests/actors/channel/channel_world.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

namespace sluice::actors::channel {
namespace {

using namespace std::chrono_literals;
using runtime::errc;
using testing::endpoint;
using testing::is;
using testing::self_of;

class inlet_group_test : public testing::channel_world {
protected:
  void open_group() {
    auto made = far_->open_inlets<std::string>(self_of(receiver_), "lines");
    ASSERT_TRUE(made);
    group_ = std::move(*made);
  }

  ~inlet_group_test() override { group_.close(); }

  inlet_group<std::string> group_;
};

TEST_F(inlet_group_test, each_outlet_has_an_inlet_of_its_own) {
  open_group();
  auto& first = open_outlet();
  auto& second = open_outlet();
  EXPECT_FALSE(first.push("a"));
  EXPECT_FALSE(second.push("b"));
  ASSERT_TRUE(until([&] { return got_->items.size() == 2; }));
  ASSERT_EQ(got_->in_opened.size(), 2u);
  EXPECT_NE(got_->in_opened[0].id, got_->in_opened[1].id);
  first.close();
  ASSERT_TRUE(until([&] { return !got_->ended.empty(); }));
  EXPECT_FALSE(second.push("c"));
  ASSERT_TRUE(until([&] { return got_->items.size() == 3; }));
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::finished);
}

TEST_F(inlet_group_test, interrupted_stream_goes_on_where_it_was) {
  open_group();
  auto& out = open_outlet();
  ASSERT_FALSE(push(out, 0, 10));
  ASSERT_TRUE(until([&] { return got_->items.size() == 10; }));
  world_.network().cut(world_.host(), world_.host());
  ASSERT_TRUE(until([&] { return !got_->interrupted.empty(); }));
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  world_.network().heal(world_.host(), world_.host());
  ASSERT_FALSE(push(out, 10, 20));
  ASSERT_FALSE(out.reopen());
  ASSERT_TRUE(until([&] { return got_->items.size() == 20; }));
  expect_items(20);
  ASSERT_EQ(got_->in_opened.size(), 2u);
  EXPECT_EQ(got_->in_opened[1].id, got_->in_opened[0].id);
}

TEST_F(inlet_group_test, closed_inlet_cancels_its_stream_and_no_other) {
  open_group();
  open_outlet();
  auto& second = open_outlet();
  ASSERT_TRUE(until([&] { return got_->in_opened.size() == 2; }));
  group_.close(got_->in_opened[0].id);
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::cancelled);
  EXPECT_FALSE(second.push("still here"));
  ASSERT_TRUE(until([&] { return got_->items.size() == 1; }));
  EXPECT_EQ(group_.size(), 1u);
}

TEST_F(inlet_group_test, closed_group_lets_go_of_its_name) {
  open_group();
  open_outlet();
  ASSERT_TRUE(until([&] { return !got_->in_opened.empty(); }));
  group_.close();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::cancelled);
  open_inlet();
}

TEST_F(inlet_group_test, name_belongs_to_an_inlet_or_to_a_group) {
  open_group();
  auto again = far_->open_inlets<std::string>(self_of(receiver_), "lines");
  ASSERT_FALSE(again);
  EXPECT_TRUE(is(again.error(), errc::name_taken));
  auto single = far_->open_inlet<std::string>(self_of(receiver_), "lines");
  ASSERT_FALSE(single);
  EXPECT_TRUE(is(single.error(), errc::name_taken));
  group_.close();
  open_inlet();
  auto late = far_->open_inlets<std::string>(self_of(receiver_), "lines");
  ASSERT_FALSE(late);
  EXPECT_TRUE(is(late.error(), errc::name_taken));
}

TEST_F(inlet_group_test, outlet_of_another_type_is_refused) {
  open_group();
  auto out = near_->open_outlet<int>(self_of(sender_), endpoint, "lines");
  ASSERT_TRUE(out);
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::type_mismatch);
}

TEST_F(inlet_group_test, finished_streams_are_remembered_up_to_a_limit) {
  open_group();
  auto limit = runtime::limits::channel_group_resting_max;
  for (std::size_t i = 1; i <= limit + 10; ++i) {
    auto& out = open_outlet();
    out.close();
    ASSERT_TRUE(until([&] { return sent_->closed.size() == i; }));
    outs_.clear();
    ASSERT_LE(group_.size(), limit + 1);
  }
  EXPECT_EQ(got_->ended.size(), limit + 10);
}

TEST_F(inlet_group_test, owner_that_ends_ends_its_streams) {
  open_group();
  open_outlet();
  ASSERT_TRUE(until([&] { return !got_->in_opened.empty(); }));
  caf::anon_send_exit(receiver_, caf::exit_reason::kill);
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::owner_ended);
}

// -- faults that somebody tries -----------------------------------------------

TEST_F(inlet_group_test, cut_way_is_silent_until_it_is_healed) {
  open_group();
  auto& out = open_outlet();
  ASSERT_FALSE(push(out, 0, 1));
  ASSERT_TRUE(until([&] { return got_->items.size() == 1; }));
  EXPECT_FALSE(near_->cut(endpoint));
  settle();
  ASSERT_FALSE(push(out, 1, 5));
  run_.during(1s);
  EXPECT_EQ(got_->items.size(), 1u);
  EXPECT_TRUE(got_->interrupted.empty());
  // Both ends find that the other one is silent.
  ASSERT_TRUE(until([&] { return !got_->interrupted.empty(); }));
  EXPECT_EQ(got_->interrupted[0].reason, end_reason::peer_silent);
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::peer_silent);
  EXPECT_TRUE(out.reopen());
  EXPECT_FALSE(near_->heal(endpoint));
  ASSERT_FALSE(out.reopen());
  ASSERT_TRUE(until([&] { return got_->items.size() == 5; }));
  expect_items(5);
}

TEST_F(inlet_group_test, cut_that_is_healed_in_time_loses_nothing) {
  open_group();
  auto& out = open_outlet();
  ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  EXPECT_FALSE(near_->cut(endpoint));
  ASSERT_FALSE(push(out, 0, 100));
  run_.during(2s);
  near_->heal_all();
  ASSERT_TRUE(until([&] { return got_->items.size() == 100; }));
  expect_items(100);
  EXPECT_TRUE(got_->interrupted.empty());
  EXPECT_TRUE(sent_->closed.empty());
}

TEST_F(inlet_group_test, slow_host_reads_at_the_rate_it_was_told) {
  open_group();
  far_->slow(100'000);
  auto& out = open_outlet();
  auto start = world_.now();
  ASSERT_FALSE(push(out, 0, 50, 10'000));
  ASSERT_TRUE(until([&] { return got_->items.size() == 50; }));
  EXPECT_GE(world_.now() - start, 4s);
  EXPECT_LE(world_.now() - start, 8s);
  far_->slow(0);
  start = world_.now();
  ASSERT_FALSE(push(out, 50, 100, 10'000));
  ASSERT_TRUE(until([&] { return got_->items.size() == 100; }));
  EXPECT_LE(world_.now() - start, 1s);
  expect_items(100, 10'000);
}

TEST_F(inlet_group_test, slow_with_the_greatest_number_is_not_slow) {
  open_group();
  far_->slow(std::numeric_limits<std::size_t>::max());
  auto& out = open_outlet();
  auto start = world_.now();
  ASSERT_FALSE(push(out, 0, 50, 10'000));
  ASSERT_TRUE(until([&] { return got_->items.size() == 50; }));
  EXPECT_LE(world_.now() - start, 1s);
  expect_items(50, 10'000);
}

TEST_F(inlet_group_test, cut_of_no_endpoint_is_an_error) {
  EXPECT_TRUE(is(near_->cut("nowhere"), errc::bad_endpoint));
  EXPECT_TRUE(is(near_->heal("nowhere"), errc::bad_endpoint));
}

} // namespace
} // namespace sluice::actors::channel

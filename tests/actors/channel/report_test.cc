// What a host says of its ends and links, and that the sums of those that went
// stay.

#include "tests/actors/channel/channel_world.h"

#include <gtest/gtest.h>

namespace sluice::actors::channel {
namespace {

class report_test : public testing::channel_world {};

TEST_F(report_test, outlet_and_inlet_say_how_far_they_are) {
  got_->keep = true; // nothing is handled
  open_inlet({.window_messages = 10});
  auto& out = open_outlet();
  EXPECT_FALSE(push(out, 0, 25));
  settle();
  auto near = near_->report();
  ASSERT_EQ(near.outlets.size(), 1u);
  auto& outlet = near.outlets[0];
  EXPECT_EQ(outlet.name, "lines");
  EXPECT_EQ(outlet.to, testing::endpoint);
  EXPECT_EQ(outlet.state, outlet_report::state_type::open);
  EXPECT_EQ(outlet.pushed_messages, 25u);
  EXPECT_EQ(outlet.in_flight_messages, 10u);
  EXPECT_EQ(outlet.queued_messages, 15u);
  EXPECT_GT(outlet.queued_bytes, 15u);
  EXPECT_EQ(outlet.credit_messages, 0u);
  EXPECT_EQ(outlet.confirmed_messages, 0u);
  EXPECT_FALSE(outlet.pressed);
  auto far = far_->report();
  ASSERT_EQ(far.inlets.size(), 1u);
  auto& inlet = far.inlets[0];
  EXPECT_EQ(inlet.name, "lines");
  EXPECT_TRUE(inlet.linked);
  EXPECT_EQ(inlet.received_messages, 10u);
  EXPECT_EQ(inlet.held_messages, 10u);
  EXPECT_EQ(inlet.handled_messages, 0u);
  EXPECT_EQ(inlet.credit_messages, 0u);
  EXPECT_TRUE(far.outlets.empty());

  got_->keep = false;
  got_->kept.clear();
  settle();
  EXPECT_EQ(near_->report().outlets[0].confirmed_messages, 25u);
  EXPECT_EQ(far_->report().inlets[0].handled_messages, 25u);
}

TEST_F(report_test, outlet_without_room_says_that_it_holds_its_owner) {
  got_->keep = true;
  open_inlet({.window_messages = 1});
  auto& out =
      open_outlet({.pending_marks = {1'000, 500}, .pending_cap_bytes = 10'000});
  EXPECT_FALSE(push(out, 0, 20, 100));
  run_.during(std::chrono::milliseconds{300});
  auto outlet = near_->report().outlets[0];
  EXPECT_TRUE(outlet.pressed);
  EXPECT_EQ(outlet.times_pressed, 1u);
  got_->keep = false;
  got_->kept.clear();
  settle();
  outlet = near_->report().outlets[0];
  EXPECT_FALSE(outlet.pressed);
  EXPECT_EQ(outlet.times_pressed, 1u);
}

TEST_F(report_test, link_says_where_it_leads_and_what_passed) {
  open_inlet();
  auto& out = open_outlet();
  EXPECT_FALSE(push(out, 0, 10, 1'000));
  settle();
  auto near = near_->report();
  ASSERT_EQ(near.links.size(), 1u);
  EXPECT_EQ(near.links[0].to, testing::endpoint);
  EXPECT_TRUE(near.links[0].open);
  EXPECT_GT(near.links[0].written_bytes, 10'000u);
  auto far = far_->report();
  ASSERT_EQ(far.links.size(), 1u);
  EXPECT_EQ(far.links[0].to, "");
  EXPECT_EQ(far.links[0].received_bytes, near.links[0].written_bytes);
  EXPECT_FALSE(near_->cut(testing::endpoint));
  settle();
  EXPECT_TRUE(near_->report().links[0].cut);
}

TEST_F(report_test, sums_of_what_went_stay) {
  open_inlet();
  auto& out = open_outlet();
  EXPECT_FALSE(push(out, 0, 10));
  out.close();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  outs_.clear();
  in_ = {};
  settle();
  auto near = near_->report();
  EXPECT_TRUE(near.outlets.empty());
  EXPECT_EQ(near.totals.outlets, 1u);
  EXPECT_EQ(near.totals.pushed_messages, 10u);
  EXPECT_EQ(near.totals.confirmed_messages, 10u);
  auto far = far_->report();
  EXPECT_TRUE(far.inlets.empty());
  EXPECT_EQ(far.totals.inlets, 1u);
  EXPECT_EQ(far.totals.received_messages, 10u);
  EXPECT_EQ(far.totals.handled_messages, 10u);
}

TEST_F(report_test, end_of_a_link_is_counted_by_its_reason) {
  open_inlet();
  open_outlet();
  settle();
  EXPECT_EQ(near_->report().totals.links, 1u);
  far_->stop();
  settle();
  auto near = near_->report();
  EXPECT_TRUE(near.links.empty());
  EXPECT_EQ(near.totals.links_ended, (std::map<end_reason, std::uint64_t>{
                                         {end_reason::host_stopped, 1u}}));
}

TEST_F(report_test, reporter_of_a_host_that_has_gone_says_nothing) {
  open_inlet();
  auto& out = open_outlet();
  EXPECT_FALSE(push(out, 0, 3));
  auto reporter = near_->reporter();
  EXPECT_EQ(reporter().totals.pushed_messages, 3u);
  outs_.clear();
  near_.reset();
  settle();
  EXPECT_TRUE(reporter().outlets.empty());
}

} // namespace
} // namespace sluice::actors::channel

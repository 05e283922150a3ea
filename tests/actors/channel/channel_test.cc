// A channel from end to end: order, credit, pressure, and the ends.

#include "runtime/error.h"
#include "runtime/limits.h"
#include "tests/actors/channel/channel_world.h"

#include "actors/flow_actor.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice::actors::channel {
namespace {

using namespace std::chrono_literals;
using runtime::errc;
using runtime::pressure;
using runtime::to_text;
using testing::is;
using testing::notes;
using testing::says;
using testing::self_of;

class channel_test : public testing::channel_world {};

struct unknown_type {
  int x = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, unknown_type& x) {
  return f(x.x);
}

TEST_F(channel_test, messages_arrive_in_order_and_the_end_is_confirmed) {
  open_inlet();
  auto& out = open_outlet();
  EXPECT_FALSE(push(out, 0, 5'000));
  out.close();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  expect_items(5'000);
  ASSERT_EQ(got_->ended.size(), 1u);
  EXPECT_EQ(got_->ended[0].position, 5'000u);
  EXPECT_EQ(got_->ended[0].id, in_.id());
  ASSERT_EQ(sent_->opened.size(), 1u);
  EXPECT_EQ(sent_->opened[0].id, out.id());
  EXPECT_EQ(sent_->closed[0].reason, end_reason::finished);
  EXPECT_FALSE(sent_->closed[0].error);
  EXPECT_EQ(sent_->closed[0].confirmed, 5'000u);
  EXPECT_EQ(sent_->closed[0].unconfirmed, 0u);
  EXPECT_TRUE(is(out.push("late"), errc::channel_closed));
  EXPECT_TRUE(is(out.reopen(), errc::bad_channel));
}

TEST_F(channel_test, empty_stream_ends_too) {
  open_inlet();
  open_outlet().close();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::finished);
  EXPECT_EQ(got_->ended.size(), 1u);
}

// -- what cannot be opened ----------------------------------------------------

TEST_F(channel_test, unknown_name_closes_the_outlet) {
  auto& out = open_outlet();
  EXPECT_FALSE(push(out, 0, 3));
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::unknown_name);
  EXPECT_TRUE(says(sent_->closed[0].error, "no inlet \"lines\""))
      << to_text(sent_->closed[0].error);
  EXPECT_EQ(sent_->closed[0].unconfirmed, 3u);
  // The receiver comes later.
  open_inlet();
  EXPECT_FALSE(out.reopen());
  out.close();
  ASSERT_TRUE(until([&] { return sent_->closed.size() == 2; }));
  EXPECT_EQ(sent_->closed[1].reason, end_reason::finished);
  expect_items(3);
}

TEST_F(channel_test, types_that_differ_are_both_named) {
  auto made = far_->open_inlet<double>(self_of(receiver_), "lines");
  ASSERT_TRUE(made);
  open_outlet();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  auto& why = sent_->closed[0];
  EXPECT_EQ(why.reason, end_reason::type_mismatch);
  EXPECT_TRUE(says(why.error, "double")) << to_text(why.error);
  EXPECT_TRUE(says(why.error, "str")) << to_text(why.error);
}

TEST_F(channel_test, type_that_the_system_does_not_know_is_refused) {
  auto out =
      near_->open_outlet<unknown_type>(self_of(sender_), "tcp://x:1", "lines");
  EXPECT_TRUE(is(out.error(), errc::bad_channel));
  auto in = far_->open_inlet<unknown_type>(self_of(receiver_), "lines");
  EXPECT_TRUE(is(in.error(), errc::bad_channel));
}

TEST_F(channel_test, names_endpoints_and_options_are_checked) {
  open_inlet();
  auto twice = far_->open_inlet<int>(self_of(receiver_), "lines");
  EXPECT_TRUE(is(twice.error(), errc::name_taken));
  auto nameless = far_->open_inlet<int>(self_of(receiver_), "");
  EXPECT_TRUE(is(nameless.error(), errc::bad_channel));
  auto longest = near_->open_outlet<int>(self_of(sender_), testing::endpoint,
                                         std::string(256, 'x'));
  EXPECT_TRUE(is(longest.error(), errc::bad_channel));
  auto nowhere = near_->open_outlet<int>(self_of(sender_), "tcp:/x", "lines");
  EXPECT_TRUE(is(nowhere.error(), errc::bad_endpoint));
  auto datagrams =
      near_->open_outlet<int>(self_of(sender_), "udp://x:1", "lines");
  EXPECT_TRUE(is(datagrams.error(), errc::bad_endpoint));
  auto marks = near_->open_outlet<int>(self_of(sender_), testing::endpoint,
                                       "lines", {.pending_marks = {5, 5}});
  EXPECT_TRUE(is(marks.error(), errc::bad_setting));
  auto window = far_->open_inlet<int>(self_of(receiver_), "other",
                                      {.window_messages = 0});
  EXPECT_TRUE(is(window.error(), errc::bad_setting));
}

TEST_F(channel_test, second_outlet_is_refused_while_the_first_feeds) {
  open_inlet();
  auto& first = open_outlet();
  ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  auto& second = open_outlet({.own_link = true});
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].id, second.id());
  EXPECT_EQ(sent_->closed[0].reason, end_reason::name_in_use);
  EXPECT_FALSE(first.push("still open"));
  first.close();
  ASSERT_TRUE(until([&] { return sent_->closed.size() == 2; }));
  EXPECT_EQ(sent_->closed[1].reason, end_reason::finished);
}

TEST_F(channel_test, nobody_listens) {
  far_.reset();
  open_outlet();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::nobody_listens);
  EXPECT_TRUE(says(sent_->closed[0].error, "ECONNREFUSED"));
}

// -- credit and pressure ------------------------------------------------------

TEST_F(channel_test, receiver_that_keeps_its_batches_stops_the_sender) {
  got_->keep = true;
  open_inlet({.window_messages = 4});
  auto& out =
      open_outlet({.pending_marks = {200, 100}, .pending_cap_bytes = 400});
  ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  std::uint64_t next = 0;
  while (true) {
    settle();
    if (auto err = out.push(text(next, 20))) {
      EXPECT_TRUE(is(err, errc::channel_full)) << to_text(err);
      break;
    }
    ++next;
    ASSERT_LT(next, 100u);
  }
  EXPECT_EQ(got_->items.size(), 4u);
  EXPECT_LE(out.pending_bytes(), 400u);
  EXPECT_TRUE(out.pressed());
  EXPECT_EQ(sent_->pressure, std::vector{pressure::applied});
  // What was refused stayed with us; all the rest arrives.
  while (got_->items.size() < next) {
    ASSERT_FALSE(got_->kept.empty());
    got_->kept.clear();
    settle();
    EXPECT_LE(got_->kept.size(), 4u);
  }
  expect_items(next, 20);
  EXPECT_EQ(sent_->pressure,
            (std::vector{pressure::applied, pressure::released}));
  EXPECT_FALSE(out.push(text(next, 20)));
}

TEST_F(channel_test, window_in_bytes_bounds_what_is_in_flight) {
  got_->keep = true;
  open_inlet({.window_bytes = 1'000});
  auto& out = open_outlet();
  EXPECT_FALSE(push(out, 0, 100, 91)); // 100 bytes each, with their lengths
  settle();
  EXPECT_EQ(got_->items.size(), 10u);
  while (got_->items.size() < 100) {
    got_->kept.clear();
    settle();
  }
  expect_items(100, 91);
}

TEST_F(channel_test, message_larger_than_the_window_passes_alone) {
  open_inlet({.window_bytes = 100});
  auto& out = open_outlet();
  EXPECT_FALSE(out.push(text(0)));
  EXPECT_FALSE(out.push(text(1, 10'000)));
  EXPECT_FALSE(out.push(text(2)));
  ASSERT_TRUE(until([&] { return got_->items.size() == 3; }));
  EXPECT_EQ(got_->items[1].size(), 10'000u);
}

TEST_F(channel_test, message_over_the_limit_is_refused_and_the_next_is_not) {
  open_inlet();
  auto& out = open_outlet();
  auto most = runtime::limits::channel_message_bytes_max;
  auto err = out.push(std::string(most, 'x')); // and its length
  EXPECT_TRUE(is(err, errc::message_too_long));
  EXPECT_TRUE(says(err, std::to_string(most)));
  EXPECT_FALSE(out.push(std::string(most - 10, 'x')));
  ASSERT_TRUE(until([&] { return got_->items.size() == 1; }));
}

TEST_F(channel_test, flow_actor_is_paused_and_released) {
  got_->keep = true;
  open_inlet({.window_messages = 2});
  auto log = std::make_shared<notes>();
  auto out = std::make_shared<outlet<std::string>>();
  auto handled = std::make_shared<int>(0);
  auto source = run_.system().spawn([=](flow_actor*) -> caf::behavior {
    return {
        [=](int) {
          ++*handled;
          EXPECT_FALSE(out->push(std::string(50, 'x')));
        },
        [=](const outlet_opened&) {},
    };
  });
  owners_.push_back(source);
  auto made = near_->open_outlet<std::string>(
      self_of(source), testing::endpoint, "lines",
      {.pending_marks = {200, 100}, .pending_cap_bytes = 1'000});
  ASSERT_TRUE(made);
  *out = std::move(*made);
  for (int i = 0; i < 50; ++i)
    caf::anon_send(source, i);
  settle();
  // Two in flight, and those that reach the mark.
  EXPECT_GE(*handled, 4);
  EXPECT_LE(*handled, 6);
  auto flow = dynamic_cast<flow_actor*>(self_of(source));
  EXPECT_TRUE(flow->flow().paused());
  while (got_->items.size() < 50) {
    ASSERT_FALSE(got_->kept.empty());
    got_->kept.clear();
    settle();
  }
  EXPECT_EQ(*handled, 50);
  EXPECT_FALSE(flow->flow().paused());
  *out = {};
}

TEST_F(channel_test, outlets_of_one_actor_do_not_release_each_other) {
  got_->keep = true;
  open_inlet({.window_messages = 1});
  auto other = far_->open_inlet<std::string>(self_of(receiver_), "other");
  ASSERT_TRUE(other);
  outlet_options options{.pending_marks = {200, 100}};
  auto& full = open_outlet(options);
  auto& quick = open_outlet(options, "other");
  EXPECT_FALSE(push(full, 0, 20, 50));
  EXPECT_FALSE(push(quick, 0, 20, 50));
  EXPECT_TRUE(full.pressed());
  EXPECT_TRUE(quick.pressed());
  settle();
  EXPECT_TRUE(full.pressed());
  EXPECT_FALSE(quick.pressed());
  EXPECT_EQ(sent_->pressure, (std::vector{pressure::applied, pressure::applied,
                                          pressure::released}));
}

TEST_F(channel_test, slow_channel_does_not_hold_up_another_on_its_link) {
  got_->keep = true;
  open_inlet();
  auto other = far_->open_inlet<int>(self_of(receiver_), "numbers");
  ASSERT_TRUE(other);
  auto& slow = open_outlet({.pending_cap_bytes = 8 << 20});
  for (int i = 0; i < 40; ++i)
    EXPECT_FALSE(slow.push(std::string(100'000, 'x')));
  settle();
  EXPECT_LE(got_->items.size(), 10u);
  auto before = world_.host().open_descriptors();
  auto quick =
      near_->open_outlet<int>(self_of(sender_), testing::endpoint, "numbers");
  ASSERT_TRUE(quick);
  for (int i = 0; i < 1'000; ++i)
    EXPECT_FALSE(quick->push(i));
  quick->close();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].id, quick->id());
  EXPECT_EQ(sent_->closed[0].reason, end_reason::finished);
  EXPECT_EQ(world_.host().open_descriptors(), before) << "one link for both";
}

TEST_F(channel_test, channel_may_have_a_link_of_its_own) {
  open_inlet();
  auto other = far_->open_inlet<std::string>(self_of(receiver_), "other");
  open_outlet();
  settle();
  auto before = world_.host().open_descriptors();
  open_outlet({.own_link = true}, "other");
  ASSERT_TRUE(until([&] { return sent_->opened.size() == 2; }));
  EXPECT_EQ(world_.host().open_descriptors(), before + 2);
  std::set<std::string> names;
  for (auto& x : near_->report().links)
    names.insert(x.channel);
  EXPECT_EQ(names, (std::set<std::string>{"", "other"}));
}

// -- slices -------------------------------------------------------------------

TEST_F(channel_test, slices_are_sent_as_they_are) {
  auto seen = std::make_shared<std::vector<runtime::byte_slice>>();
  auto sink =
      run_.system().spawn([=](caf::event_based_actor*) -> caf::behavior {
        return {
            [=](const batch<runtime::byte_slice>& x) {
              seen->insert(seen->end(), x.begin(), x.end());
            },
            [=](const inlet_opened&) {},
        };
      });
  owners_.push_back(sink);
  auto in = far_->open_inlet<runtime::byte_slice>(self_of(sink), "bytes");
  auto out = near_->open_outlet<runtime::byte_slice>(
      self_of(sender_), testing::endpoint, "bytes");
  ASSERT_TRUE(in && out);
  std::vector<std::string> texts{"", "small", std::string(70'000, 'x'),
                                 std::string(5'000, 'y'), "z"};
  for (auto& x : texts)
    EXPECT_FALSE(out->push(runtime::byte_slice::copy(x)));
  ASSERT_TRUE(until([&] { return seen->size() == texts.size(); }));
  for (std::size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ((*seen)[i].view(), texts[i]);
}

} // namespace
} // namespace sluice::actors::channel

// What the owner of an outlet may rely on: the handle, what `push` takes and
// counts, and each of the ways in which an outlet ends.

#include "actors/flow_actor.h"
#include "tests/actors/channel/channel_world.h"

#include <gtest/gtest.h>

#include <functional>

namespace sluice::actors::channel {
namespace {

using namespace std::chrono_literals;
using runtime::errc;
using runtime::pressure;
using testing::is;
using testing::notes;
using testing::self_of;

class outlet_test : public testing::channel_world {
protected:
  void open(inlet_options in = {}, outlet_options out = {}) {
    open_inlet(in);
    open_outlet(out);
    ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  }

  outlet<std::string>& out() { return outs_.front(); }

  /// Both ends notice that nothing comes from the other one.
  void lose_link() {
    world_.network().cut(world_.host(), world_.host());
    ASSERT_TRUE(until(
        [&] { return !sent_->closed.empty() && !got_->interrupted.empty(); }));
    world_.network().heal(world_.host(), world_.host());
  }
};

// -- the handle ---------------------------------------------------------------

TEST_F(outlet_test, handle_of_nothing_is_false_and_harmless) {
  outlet<std::string> x;
  EXPECT_FALSE(x);
  EXPECT_EQ(x.id(), 0u);
  EXPECT_EQ(x.position(), 0u);
  EXPECT_EQ(x.confirmed(), 0u);
  EXPECT_EQ(x.pending_bytes(), 0u);
  EXPECT_FALSE(x.pressed());
  EXPECT_TRUE(is(x.push("x"), errc::channel_closed));
  EXPECT_TRUE(is(x.reopen(), errc::channel_closed));
  EXPECT_TRUE(x.take_unconfirmed().empty());
  x.close();
  x.fail();
  auto& made = open_outlet();
  EXPECT_TRUE(made);
  EXPECT_NE(made.id(), 0u);
  x = std::move(made);
  EXPECT_TRUE(x);
  EXPECT_FALSE(made);
  EXPECT_FALSE(x.push("it has only moved"));
}

TEST_F(outlet_test, handle_that_is_assigned_to_drops_its_outlet) {
  open();
  out() = {};
  ASSERT_TRUE(until([&] { return !got_->in_closed.empty(); }));
  EXPECT_EQ(got_->in_closed[0].reason, end_reason::dropped);
}

// -- pushing ------------------------------------------------------------------

TEST_F(outlet_test, message_counts_its_size_and_four_bytes) {
  open_outlet();
  EXPECT_FALSE(out().push(std::string(99, 'x'))); // CAF's length has one byte
  EXPECT_EQ(out().pending_bytes(), 104u);
  EXPECT_FALSE(out().push(""));
  EXPECT_EQ(out().pending_bytes(), 109u);
}

TEST_F(outlet_test, position_counts_what_was_taken_from_the_start_position_on) {
  open_outlet({.pending_marks = {20, 10},
               .pending_cap_bytes = 40,
               .start_position = 1'000});
  EXPECT_EQ(out().position(), 1'000u);
  EXPECT_EQ(out().confirmed(), 1'000u);
  EXPECT_TRUE(is(push(out(), 0, 100), errc::channel_full));
  auto taken = 40 / (1 + 1 + 4);
  EXPECT_EQ(out().position(), 1'000u + taken);
  EXPECT_TRUE(is(out().push("x"), errc::channel_full));
  EXPECT_EQ(out().position(), 1'000u + taken);
}

TEST_F(outlet_test, single_message_fits_whatever_the_cap) {
  open_outlet({.pending_marks = {20, 10}, .pending_cap_bytes = 40});
  EXPECT_FALSE(out().push(std::string(1'000, 'x')));
  EXPECT_TRUE(is(out().push(""), errc::channel_full));
}

TEST_F(outlet_test, owner_is_told_at_the_marks_and_not_before) {
  got_->keep = true;
  open({.window_messages = 1}, {.pending_marks = {100, 50}});
  EXPECT_FALSE(out().push("")); // takes the credit
  settle();
  for (std::size_t i = 1; i <= 4; ++i) {
    EXPECT_FALSE(out().push(std::string(15, 'x'))); // 20 bytes
    EXPECT_EQ(out().pending_bytes(), 20 * i);
    EXPECT_FALSE(out().pressed());
  }
  EXPECT_FALSE(out().push(std::string(15, 'x')));
  EXPECT_TRUE(out().pressed());
  for (std::size_t left = 80; left > 40; left -= 20) {
    EXPECT_TRUE(out().pressed());
    got_->kept.clear();
    settle();
    EXPECT_EQ(out().pending_bytes(), left);
  }
  got_->kept.clear();
  settle();
  EXPECT_EQ(out().pending_bytes(), 40u);
  EXPECT_FALSE(out().pressed());
  EXPECT_EQ(sent_->pressure,
            (std::vector{pressure::applied, pressure::released}));
}

TEST_F(outlet_test, owner_is_told_inside_of_its_own_push) {
  auto told = std::make_shared<int>(0);
  auto out = std::make_shared<outlet<std::string>>();
  auto source = run_.system().spawn([=](flow_actor* self) -> caf::behavior {
    return {[=](int) {
      EXPECT_FALSE(self->flow().paused());
      EXPECT_FALSE(out->push(std::string(100, 'x')));
      EXPECT_TRUE(self->flow().paused());
      ++*told;
    }};
  });
  owners_.push_back(source);
  auto made = near_->open_outlet<std::string>(
      self_of(source), testing::endpoint, "lines", {.pending_marks = {50, 1}});
  ASSERT_TRUE(made);
  *out = std::move(*made);
  caf::anon_send(source, 1);
  ASSERT_TRUE(until([&] { return *told == 1; }));
  *out = {};
}

// -- the ends -----------------------------------------------------------------

TEST_F(outlet_test, finished_waits_until_the_last_batch_is_handled) {
  got_->keep = true;
  open();
  EXPECT_FALSE(push(out(), 0, 10));
  out().close();
  EXPECT_TRUE(is(out().push("late"), errc::channel_closed));
  settle();
  EXPECT_EQ(got_->ended.size(), 1u);
  EXPECT_TRUE(sent_->closed.empty());
  got_->kept.clear();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::finished);
  EXPECT_EQ(out().confirmed(), 10u);
}

TEST_F(outlet_test, end_comes_after_all_that_waited) {
  got_->keep = true;
  open({.window_messages = 2});
  EXPECT_FALSE(push(out(), 0, 10));
  out().close();
  settle();
  EXPECT_TRUE(got_->ended.empty());
  got_->keep = false;
  got_->kept.clear();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  expect_items(10);
  ASSERT_EQ(got_->ended.size(), 1u);
  EXPECT_EQ(got_->ended[0].position, 10u);
}

TEST_F(outlet_test, stream_that_is_given_up_can_still_be_taken) {
  got_->keep = true;
  open({.window_messages = 2});
  EXPECT_FALSE(push(out(), 0, 5));
  settle();
  out().fail();
  EXPECT_TRUE(is(out().push("late"), errc::channel_closed));
  EXPECT_TRUE(is(out().reopen(), errc::channel_closed));
  ASSERT_TRUE(until([&] { return !got_->in_closed.empty(); }));
  EXPECT_EQ(got_->in_closed[0].reason, end_reason::dropped);
  settle();
  EXPECT_TRUE(sent_->closed.empty()) << "who failed it knows";
  EXPECT_EQ(out().take_unconfirmed(),
            (std::vector<std::string>{"0", "1", "2", "3", "4"}));
  EXPECT_TRUE(out().take_unconfirmed().empty()) << "once";
}

TEST_F(outlet_test, outlet_that_is_not_closed_gives_nothing_back) {
  open_inlet();
  open_outlet();
  EXPECT_FALSE(push(out(), 0, 3));
  EXPECT_TRUE(out().take_unconfirmed().empty()) << "it is being opened";
  EXPECT_TRUE(is(out().reopen(), errc::channel_closed));
  ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  EXPECT_TRUE(out().take_unconfirmed().empty());
  EXPECT_TRUE(is(out().reopen(), errc::channel_closed));
  EXPECT_FALSE(push(out(), 3, 5));
  out().close();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  expect_items(5);
}

TEST_F(outlet_test, what_is_taken_is_what_the_receiver_has_not_handled) {
  open();
  EXPECT_FALSE(push(out(), 0, 5));
  run_.during(6s); // what is left is confirmed with the next ping
  got_->keep = true;
  EXPECT_FALSE(push(out(), 5, 8));
  settle();
  lose_link();
  EXPECT_EQ(sent_->closed[0].confirmed, 5u);
  EXPECT_EQ(sent_->closed[0].unconfirmed, 3u);
  EXPECT_EQ(out().take_unconfirmed(),
            (std::vector<std::string>{"5", "6", "7"}));
}

TEST_F(outlet_test, slices_are_handed_back_too) {
  auto out = near_->open_outlet<runtime::byte_slice>(self_of(sender_),
                                                     testing::endpoint, "none");
  ASSERT_TRUE(out);
  std::string large(50'000, 'x');
  EXPECT_FALSE(out->push(runtime::byte_slice::copy("small")));
  EXPECT_FALSE(out->push(runtime::byte_slice::copy(large)));
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  auto rest = out->take_unconfirmed();
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[0].view(), "small");
  EXPECT_EQ(rest[1].view(), large);
}

// -- the owner ----------------------------------------------------------------

TEST_F(outlet_test, owner_is_kept_until_the_outlet_is_over) {
  using step = std::function<void(outlet<std::string>&)>;
  std::vector<std::pair<const char*, step>> ways = {
      {"finished", [](auto& x) { x.close(); }},
      {"failed", [](auto& x) { x.fail(); }},
      {"drained",
       [&](auto& x) {
         world_.network().cut(world_.host(), world_.host());
         run_.during(60s);
         world_.network().heal(world_.host(), world_.host());
         EXPECT_EQ(x.take_unconfirmed().size(), 1u);
       }},
      {"dropped", [](auto& x) { x = {}; }},
      {"stopped", [&](auto&) { near_->stop(); }},
  };
  for (auto& [name, end] : ways) {
    open_inlet();
    got_->keep = name == std::string{"drained"};
    outlet<std::string> out;
    // Nobody else refers to it.
    auto weak = [&] {
      auto source = run_.system().spawn([](caf::event_based_actor* self) {
        self->set_default_handler(caf::drop);
        return caf::behavior{[](caf::unit_t) {}};
      });
      auto made = near_->open_outlet<std::string>(self_of(source),
                                                  testing::endpoint, "lines");
      EXPECT_TRUE(made);
      out = std::move(*made);
      return caf::actor_cast<caf::weak_actor_ptr>(source);
    }();
    EXPECT_FALSE(out.push("x"));
    settle();
    EXPECT_TRUE(weak.lock()) << name;
    end(out);
    settle();
    EXPECT_FALSE(weak.lock()) << name;
    got_->kept.clear();
    in_ = {};
    settle();
  }
}

} // namespace
} // namespace sluice::actors::channel

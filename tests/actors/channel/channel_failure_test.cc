// What becomes of a channel when something goes away: an end, its owner, the
// link, the host; and how it goes on after that.

#include "actors/flow_actor.h"
#include "runtime/error.h"
#include "tests/actors/channel/channel_world.h"

#include <gtest/gtest.h>

namespace sluice::actors::channel {
namespace {

using namespace std::chrono_literals;
using runtime::errc;
using runtime::pressure;
using runtime::to_text;
using testing::is;
using testing::notes;
using testing::self_of;

class channel_failure_test : public testing::channel_world {
protected:
  channel_failure_test() : channel_world({.silence_max = 15s, .instance = 1}) {}

  void cut() { world_.network().cut(world_.host(), world_.host()); }
  void heal() { world_.network().heal(world_.host(), world_.host()); }

  /// Until both sides know that the link is lost.
  void lose_link() {
    cut();
    run_.during(60s);
    heal();
  }

  void open() {
    open_inlet();
    open_outlet();
    ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  }

  outlet<std::string>& out() { return outs_.front(); }
};

// -- the ends and their owners ------------------------------------------------

TEST_F(channel_failure_test, outlet_that_is_dropped_fails_the_stream) {
  open();
  EXPECT_FALSE(push(out(), 0, 3));
  settle();
  outs_.clear();
  ASSERT_TRUE(until([&] { return !got_->in_closed.empty(); }));
  EXPECT_EQ(got_->in_closed[0].reason, end_reason::dropped);
  EXPECT_EQ(got_->in_closed[0].position, 3u);
  EXPECT_TRUE(got_->ended.empty());
  settle();
  EXPECT_TRUE(sent_->closed.empty()) << "who dropped it knows";
}

TEST_F(channel_failure_test,
       outlet_that_is_dropped_after_the_end_changes_nothing) {
  got_->keep = true;
  open();
  EXPECT_FALSE(push(out(), 0, 3));
  out().close();
  settle();
  ASSERT_EQ(got_->ended.size(), 1u);
  outs_.clear();
  settle();
  EXPECT_TRUE(got_->in_closed.empty()) << "all was there already";
}

TEST_F(channel_failure_test, owner_of_the_outlet_dies) {
  open();
  EXPECT_FALSE(push(out(), 0, 3));
  settle();
  caf::anon_send_exit(sender_, caf::exit_reason::kill);
  ASSERT_TRUE(until([&] { return !got_->in_closed.empty(); }));
  EXPECT_EQ(got_->in_closed[0].reason, end_reason::owner_ended);
  EXPECT_TRUE(is(out().push("x"), errc::channel_closed));
}

TEST_F(channel_failure_test, owner_of_the_inlet_dies) {
  got_->keep = true;
  open();
  EXPECT_FALSE(push(out(), 0, 300));
  settle();
  caf::anon_send_exit(receiver_, caf::exit_reason::kill);
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::owner_ended);
  EXPECT_EQ(sent_->closed[0].confirmed, 0u) << "nothing was freed";
  EXPECT_EQ(sent_->closed[0].unconfirmed, 300u);
  auto rest = out().take_unconfirmed();
  ASSERT_EQ(rest.size(), 300u);
  EXPECT_EQ(rest[299], "299");
  EXPECT_TRUE(out().take_unconfirmed().empty());
  EXPECT_TRUE(is(out().reopen(), errc::channel_closed));
}

TEST_F(channel_failure_test, batches_that_a_dead_owner_never_saw_are_not_lost) {
  open();
  // The receiver has them in its mailbox when it is killed.
  auto stuck = run_.system().spawn([=](caf::event_based_actor* self) {
    self->set_default_handler(caf::skip);
    return caf::behavior{[](int) {}};
  });
  owners_.push_back(stuck);
  auto in = far_->open_inlet<std::string>(self_of(stuck), "stuck");
  auto& other = open_outlet({}, "stuck");
  EXPECT_FALSE(push(other, 0, 100));
  settle();
  EXPECT_EQ(in->position(), 100u);
  caf::anon_send_exit(stuck, caf::exit_reason::kill);
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].confirmed, 0u);
  EXPECT_EQ(other.take_unconfirmed().size(), 100u);
}

TEST_F(channel_failure_test, inlet_that_is_closed_cancels_the_stream) {
  open();
  EXPECT_FALSE(push(out(), 0, 3));
  settle();
  in_.close();
  EXPECT_FALSE(in_);
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::cancelled);
  settle();
  EXPECT_TRUE(got_->in_closed.empty()) << "who closed it knows";
  // The name is free again; a new receiver wants what this outlet does not have
  // any more.
  open_inlet();
}

TEST_F(channel_failure_test, receiver_may_end_when_the_stream_has) {
  auto log = std::make_shared<notes>();
  auto in = std::make_shared<inlet<std::string>>();
  auto sink =
      run_.system().spawn([=](caf::event_based_actor* self) -> caf::behavior {
        return {
            [=](const inlet_opened&) {},
            [=](const batch<std::string>& x) {
              log->items.insert(log->items.end(), x.begin(), x.end());
            },
            [=](const inlet_ended&) {
              *in = {};
              self->quit();
            },
        };
      });
  owners_.push_back(sink);
  auto made = far_->open_inlet<std::string>(self_of(sink), "once");
  ASSERT_TRUE(made);
  *in = std::move(*made);
  auto& x = open_outlet({}, "once");
  EXPECT_FALSE(push(x, 0, 1'000));
  x.close();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::finished);
  EXPECT_EQ(log->items.size(), 1'000u);
}

TEST_F(channel_failure_test, mailbox_that_refuses_a_batch_fails_the_channel) {
  auto sink = run_.system().spawn([](flow_actor* self) -> caf::behavior {
    self->limit_mailbox({.high = 2, .low = 1, .cap = 2});
    self->set_default_handler(caf::skip);
    return {[](int) {}};
  });
  owners_.push_back(sink);
  auto in = far_->open_inlet<std::string>(self_of(sink), "full");
  ASSERT_TRUE(in);
  auto& x = open_outlet({}, "full");
  for (int i = 0; i < 10 && sent_->closed.empty(); ++i) {
    EXPECT_FALSE(x.push("x"));
    settle();
  }
  ASSERT_EQ(sent_->closed.size(), 1u);
  EXPECT_EQ(sent_->closed[0].reason, end_reason::mailbox_full);
  EXPECT_EQ(sent_->closed[0].confirmed, 0u);
}

using release_atom = caf::atom_constant<caf::atom("release")>;

TEST_F(channel_failure_test, last_event_of_an_inlet_passes_a_full_mailbox) {
  auto closed = std::make_shared<std::vector<inlet_closed>>();
  auto sink = run_.system().spawn([=](flow_actor* self) -> caf::behavior {
    self->limit_mailbox({.high = 2, .low = 1, .cap = 2});
    self->hold_mailbox();
    return {[=](release_atom) { self->release_mailbox(); },
            [](const batch<std::string>&) {}, [](const inlet_opened&) {},
            [=](const inlet_closed& x) { closed->push_back(x); }};
  });
  owners_.push_back(sink);
  auto in = far_->open_inlet<std::string>(self_of(sink), "full");
  ASSERT_TRUE(in);
  auto& x = open_outlet({}, "full");
  for (int i = 0; i < 10 && sent_->closed.empty(); ++i) {
    EXPECT_FALSE(x.push("x"));
    settle();
  }
  ASSERT_EQ(sent_->closed.size(), 1u);
  EXPECT_TRUE(closed->empty());
  caf::anon_send<caf::message_priority::high>(sink, release_atom::value);
  ASSERT_TRUE(until([&] { return !closed->empty(); }));
  EXPECT_EQ((*closed)[0].reason, end_reason::mailbox_full);
}

// -- lost links ---------------------------------------------------------------

TEST_F(channel_failure_test, silent_peer_is_noticed_on_both_sides) {
  open();
  EXPECT_FALSE(push(out(), 0, 3));
  settle();
  lose_link();
  ASSERT_EQ(sent_->closed.size(), 1u);
  EXPECT_EQ(sent_->closed[0].reason, end_reason::peer_silent);
  EXPECT_FALSE(out().push("x")) << "it waits for the next link";
  ASSERT_EQ(got_->interrupted.size(), 1u);
  EXPECT_EQ(got_->interrupted[0].reason, end_reason::peer_silent);
  EXPECT_EQ(got_->interrupted[0].position, 3u);
}

TEST_F(channel_failure_test, idle_channel_stays_open) {
  open();
  run_.during(10min);
  EXPECT_TRUE(sent_->closed.empty());
  EXPECT_TRUE(got_->interrupted.empty());
  EXPECT_FALSE(out().push("0"));
  ASSERT_TRUE(until([&] { return got_->items.size() == 1; }));
}

TEST_F(channel_failure_test, after_a_lost_link_nothing_is_missing_or_repeated) {
  got_->keep = true;
  open_inlet({.window_messages = 256});
  open_outlet();
  settle();
  EXPECT_FALSE(push(out(), 0, 1'000));
  settle();
  EXPECT_EQ(got_->items.size(), 256u);
  lose_link();
  ASSERT_EQ(sent_->closed.size(), 1u);
  EXPECT_EQ(sent_->closed[0].unconfirmed, 1'000u);
  EXPECT_FALSE(out().reopen());
  EXPECT_TRUE(is(out().reopen(), errc::channel_closed)) << "it is under way";
  ASSERT_TRUE(until([&] { return sent_->opened.size() == 2; }));
  EXPECT_EQ(sent_->opened[1].position, 256u);
  EXPECT_EQ(got_->in_opened.back().position, 256u);
  got_->keep = false;
  got_->kept.clear();
  EXPECT_FALSE(push(out(), 1'000, 1'100));
  out().close();
  ASSERT_TRUE(until([&] { return sent_->closed.size() == 2; }));
  EXPECT_EQ(sent_->closed[1].reason, end_reason::finished);
  expect_items(1'100);
}

TEST_F(channel_failure_test, closed_outlet_has_no_credit_and_takes_messages) {
  open();
  EXPECT_FALSE(push(out(), 0, 10));
  settle();
  lose_link();
  // First the pressure, and then why.
  EXPECT_EQ(sent_->pressure, std::vector{pressure::applied});
  ASSERT_EQ(sent_->closed.size(), 1u);
  EXPECT_TRUE(out().pressed());
  EXPECT_FALSE(push(out(), 10, 20));
  EXPECT_FALSE(out().reopen());
  settle();
  EXPECT_EQ(sent_->pressure,
            (std::vector{pressure::applied, pressure::released}));
  expect_items(20);
}

TEST_F(channel_failure_test, closed_outlet_takes_no_more_than_its_cap) {
  open_inlet();
  auto& x =
      open_outlet({.pending_marks = {200, 100}, .pending_cap_bytes = 400});
  settle();
  lose_link();
  auto err = push(x, 0, 1'000);
  EXPECT_TRUE(is(err, errc::channel_full)) << to_text(err);
  EXPECT_LE(x.pending_bytes(), 400u);
}

TEST_F(channel_failure_test, owner_stays_under_pressure_as_long_as_it_is_full) {
  got_->keep = true;
  open_inlet({.window_messages = 256});
  auto& x = open_outlet({.pending_marks = {1'000, 500}});
  EXPECT_FALSE(push(x, 0, 1'000));
  settle();
  EXPECT_EQ(sent_->pressure, std::vector{pressure::applied});
  lose_link();
  EXPECT_FALSE(x.reopen());
  settle();
  EXPECT_EQ(sent_->pressure, std::vector{pressure::applied});
  EXPECT_TRUE(x.pressed());
}

TEST_F(channel_failure_test, whoever_gives_a_closed_outlet_up_is_released) {
  for (auto how : {"fail", "take", "drop", "stop"}) {
    sent_->pressure.clear();
    open_inlet();
    auto& x = open_outlet();
    EXPECT_FALSE(push(x, 0, 10));
    lose_link();
    ASSERT_EQ(sent_->pressure, std::vector{pressure::applied}) << how;
    if (how == std::string{"fail"})
      x.fail();
    else if (how == std::string{"take"})
      EXPECT_FALSE(x.take_unconfirmed().empty());
    else if (how == std::string{"drop"})
      x = {};
    else
      near_->stop();
    settle();
    EXPECT_EQ(sent_->pressure,
              (std::vector{pressure::applied, pressure::released}))
        << how;
    EXPECT_TRUE(is(x.push("late"), errc::channel_closed)) << how;
    EXPECT_TRUE(x.reopen()) << how;
    in_ = {};
    settle();
  }
}

TEST_F(channel_failure_test, flow_actor_waits_for_a_lost_link) {
  open_inlet();
  auto out = std::make_shared<outlet<std::string>>();
  auto handled = std::make_shared<int>(0);
  auto lost = std::make_shared<int>(0);
  auto source = run_.system().spawn([=](flow_actor*) -> caf::behavior {
    return {
        [=](int) { EXPECT_FALSE(out->push(text((*handled)++))); },
        [=](const outlet_opened&) {},
        [=](const outlet_closed&) { ++*lost; },
    };
  });
  owners_.push_back(source);
  auto made = near_->open_outlet<std::string>(self_of(source),
                                              testing::endpoint, "lines");
  ASSERT_TRUE(made);
  *out = std::move(*made);
  settle();
  lose_link();
  EXPECT_EQ(*lost, 1) << "it is told, paused or not";
  for (int i = 0; i < 50; ++i)
    caf::anon_send(source, i);
  settle();
  EXPECT_EQ(*handled, 0);
  EXPECT_FALSE(out->reopen());
  settle();
  EXPECT_EQ(*handled, 50);
  expect_items(50);
  *out = {};
}

TEST_F(channel_failure_test, link_lost_after_the_end_finishes_on_the_next) {
  got_->keep = true;
  open();
  EXPECT_FALSE(push(out(), 0, 10));
  out().close();
  settle();
  ASSERT_EQ(got_->ended.size(), 1u);
  lose_link();
  ASSERT_EQ(sent_->closed.size(), 1u);
  EXPECT_TRUE(got_->interrupted.empty()) << "it has everything";
  EXPECT_FALSE(out().reopen());
  settle();
  EXPECT_EQ(got_->ended.size(), 1u) << "the end is told once";
  got_->kept.clear();
  ASSERT_TRUE(until([&] { return sent_->closed.size() == 2; }));
  EXPECT_EQ(sent_->closed[1].reason, end_reason::finished);
}

TEST_F(channel_failure_test, new_receiver_wants_what_is_gone) {
  open();
  EXPECT_FALSE(push(out(), 0, 1'000));
  settle();
  run_.during(6s); // what is left is granted with the next ping
  EXPECT_EQ(out().confirmed(), 1'000u);
  EXPECT_FALSE(push(out(), 1'000, 1'010));
  settle();
  in_.close();
  ASSERT_TRUE(until([&] { return sent_->closed.size() == 1; }));
  open_inlet();
  EXPECT_FALSE(out().reopen());
  ASSERT_TRUE(until([&] { return sent_->closed.size() == 2; }));
  auto& why = sent_->closed[1];
  EXPECT_EQ(why.reason, end_reason::position_lost);
  EXPECT_NE(to_text(why.error).find(
                "receiver is at position 0, the outlet has 1000 to 1010"),
            std::string::npos)
      << to_text(why.error);
  // A receiver that knows where it was goes on there.
  in_ = {};
  open_inlet({.start_position = 1'000});
  EXPECT_FALSE(out().reopen());
  out().close();
  ASSERT_TRUE(until([&] { return sent_->closed.size() == 3; }));
  EXPECT_EQ(sent_->closed[2].reason, end_reason::finished);
}

TEST_F(channel_failure_test, new_sender_goes_on_where_the_receiver_is) {
  open();
  EXPECT_FALSE(push(out(), 0, 100));
  settle();
  lose_link();
  ASSERT_EQ(got_->interrupted.size(), 1u);
  auto& late = open_outlet();
  ASSERT_TRUE(until([&] { return sent_->closed.size() == 2; }));
  EXPECT_EQ(sent_->closed[1].reason, end_reason::position_lost);
  EXPECT_EQ(sent_->closed[1].id, late.id());
  auto& next = open_outlet({.start_position = 100});
  EXPECT_FALSE(push(next, 100, 200));
  next.close();
  ASSERT_TRUE(until([&] { return sent_->closed.size() == 3; }));
  EXPECT_EQ(sent_->closed[2].reason, end_reason::finished);
  expect_items(200);
}

// -- links and hosts ----------------------------------------------------------

TEST_F(channel_failure_test, link_without_channels_ends) {
  auto before = world_.host().open_descriptors();
  open();
  out().close();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(world_.host().open_descriptors(), before + 2);
  run_.during(30s);
  EXPECT_EQ(world_.host().open_descriptors(), before);
  in_ = {};
  open_inlet();
  open_outlet();
  ASSERT_TRUE(until([&] { return sent_->opened.size() == 2; }));
}

TEST_F(channel_failure_test, host_that_stops_closes_what_is_open) {
  open();
  EXPECT_FALSE(push(out(), 0, 3));
  settle();
  near_->stop();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::host_stopped);
  ASSERT_TRUE(until([&] { return !got_->interrupted.empty(); }));
  EXPECT_EQ(got_->interrupted[0].reason, end_reason::host_stopped);
  EXPECT_TRUE(is(out().reopen(), errc::channel_closed));
  auto late = near_->open_outlet<std::string>(self_of(sender_),
                                              testing::endpoint, "lines");
  EXPECT_TRUE(is(late.error(), errc::channel_closed));
  near_.reset();
  EXPECT_TRUE(is(out().push("x"), errc::channel_closed));
}

TEST_F(channel_failure_test,
       what_was_handled_is_confirmed_before_a_loop_stops) {
  open();
  EXPECT_FALSE(push(out(), 0, 3));
  out().close();
  ASSERT_TRUE(until([&] { return !got_->ended.empty(); }));
  // As a program that has what it wants: the link has had no turn since.
  far_->stop();
  run_.loop(1).request_stop();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::finished);
}

TEST_F(channel_failure_test, receiving_host_stops) {
  open();
  settle();
  far_->stop();
  ASSERT_TRUE(until([&] { return !got_->in_closed.empty(); }));
  EXPECT_EQ(got_->in_closed[0].reason, end_reason::host_stopped);
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::host_stopped);
  // Somebody else may listen there later.
  EXPECT_FALSE(out().reopen());
  ASSERT_TRUE(until([&] { return sent_->closed.size() == 2; }));
  EXPECT_EQ(sent_->closed[1].reason, end_reason::nobody_listens);
}

TEST_F(channel_failure_test, ends_outlive_their_host) {
  open();
  near_.reset();
  far_.reset();
  settle();
  EXPECT_TRUE(is(out().push("x"), errc::channel_closed));
  EXPECT_TRUE(is(out().reopen(), errc::channel_closed));
  outs_.clear();
  in_.close();
}

TEST_F(channel_failure_test, kept_batches_outlive_everything) {
  got_->keep = true;
  open();
  EXPECT_FALSE(push(out(), 0, 3));
  settle();
  outs_.clear();
  in_ = {};
  far_.reset();
  settle();
  ASSERT_FALSE(got_->kept.empty());
  EXPECT_EQ(got_->kept[0].items[0], "0");
  got_->kept.clear();
}

} // namespace
} // namespace sluice::actors::channel

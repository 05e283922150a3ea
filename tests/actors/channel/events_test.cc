#include "actors/channel/events.h"

#include "actors/config.h"
#include "actors/flow_actor.h"
#include "tests/actors/channel/channel_world.h"

#include <gtest/gtest.h>

namespace sluice::actors::channel {
namespace {

using namespace std::chrono_literals;
using testing::notes;
using testing::self_of;

using release_atom = caf::atom_constant<caf::atom("release")>;

class events_test : public testing::channel_world {
protected:
  outlet<std::string>& out() { return outs_.front(); }

  void lose_link() {
    world_.network().cut(world_.host(), world_.host());
    run_.during(60s);
    world_.network().heal(world_.host(), world_.host());
  }
};

TEST_F(events_test, each_names_its_end) {
  open_inlet();
  open_outlet();
  settle();
  lose_link();
  EXPECT_FALSE(out().reopen());
  settle();
  out().fail();
  settle();
  ASSERT_EQ(sent_->opened.size(), 2u);
  EXPECT_EQ(sent_->opened[1].id, out().id());
  ASSERT_EQ(sent_->closed.size(), 1u);
  EXPECT_EQ(sent_->closed[0].id, out().id());
  ASSERT_EQ(got_->in_opened.size(), 2u);
  EXPECT_EQ(got_->in_opened[1].id, in_.id());
  ASSERT_EQ(got_->interrupted.size(), 1u);
  EXPECT_EQ(got_->interrupted[0].id, in_.id());
  ASSERT_EQ(got_->in_closed.size(), 1u);
  EXPECT_EQ(got_->in_closed[0].id, in_.id());
  // Ends of one process are told apart.
  EXPECT_NE(in_.id(), out().id());
  in_ = {};
  open_inlet();
  far_->stop();
  settle();
  ASSERT_EQ(got_->in_closed.size(), 2u);
  EXPECT_EQ(got_->in_closed[1].id, in_.id());
}

TEST_F(events_test, ordinary_messages_without_a_sender) {
  auto seen = std::make_shared<std::vector<std::string>>();
  auto any = [=](caf::event_based_actor* self) -> caf::behavior {
    self->set_default_handler(
        [=](caf::scheduled_actor* me,
            caf::message_view& x) -> caf::result<caf::message> {
          EXPECT_EQ(me->current_sender(), nullptr);
          EXPECT_FALSE(me->current_mailbox_element()->mid.is_request());
          for (auto name :
               {"opened", "outlet_closed", "batch", "interrupted", "ended"})
            if (to_string(x.content()).find(name) != std::string::npos)
              seen->push_back(name);
          return caf::message{};
        });
    return {[](caf::unit_t) {}};
  };
  auto owner = run_.system().spawn(any);
  owners_.push_back(owner);
  auto in = far_->open_inlet<std::string>(self_of(owner), "lines");
  ASSERT_TRUE(in);
  auto& x = open_outlet({}, "lines", owner);
  EXPECT_FALSE(x.push("x"));
  settle();
  lose_link();
  EXPECT_FALSE(x.reopen());
  x.close();
  settle();
  for (auto name : {"outlet_closed", "interrupted", "ended"})
    EXPECT_NE(std::ranges::find(*seen, name), seen->end()) << name;
  EXPECT_EQ(std::ranges::count(*seen, "opened"), 4);
}

// It is paused until what waits has credit, and is told all the same.
TEST_F(events_test, paused_owner_hears_that_its_outlet_is_open) {
  got_->keep = true;
  open_inlet({.window_messages = 1});
  auto opened = std::make_shared<int>(0);
  auto out = std::make_shared<outlet<std::string>>();
  auto source = run_.system().spawn([=](flow_actor*) -> caf::behavior {
    return {
        [=](int) {
          for (int i = 0; i < 3; ++i)
            EXPECT_FALSE(out->push(std::string(100, 'x')));
        },
        [=](const outlet_opened&) { ++*opened; },
    };
  });
  owners_.push_back(source);
  auto made = near_->open_outlet<std::string>(
      self_of(source), testing::endpoint, "lines", {.pending_marks = {50, 1}});
  ASSERT_TRUE(made);
  *out = std::move(*made);
  caf::anon_send(source, 1);
  caf::anon_send(source, 1); // waits
  settle();
  EXPECT_TRUE(dynamic_cast<flow_actor*>(self_of(source))->flow().paused());
  EXPECT_EQ(*opened, 1);
  *out = {};
}

class full_owner_test : public events_test {
protected:
  /// Its mailbox holds `cap` messages, and it handles none until it is let go.
  void open_full(std::size_t cap) {
    sink_ = run_.system().spawn([=, this](flow_actor* self) -> caf::behavior {
      self->limit_mailbox({.high = cap, .low = cap - 1, .cap = cap});
      self->hold_mailbox();
      return {[=](release_atom) { self->release_mailbox(); },
              [=, this](const inlet_opened& x) { log_.in_opened.push_back(x); },
              [=, this](const inlet_interrupted& x) {
                log_.interrupted.push_back(x);
              },
              [=, this](const inlet_ended& x) { log_.ended.push_back(x); },
              [=, this](const batch<std::string>& x) {
                log_.items.insert(log_.items.end(), x.begin(), x.end());
              }};
    });
    owners_.push_back(sink_);
    auto made = far_->open_inlet<std::string>(self_of(sink_), "lines");
    ASSERT_TRUE(made);
    in_ = std::move(*made);
    open_outlet();
    settle();
    EXPECT_FALSE(out().push("x"));
    settle();
  }

  void let_go() {
    caf::anon_send<caf::message_priority::high>(sink_, release_atom::value);
    settle();
  }

  std::uint64_t dropped() {
    return dynamic_cast<flow_actor*>(self_of(sink_))->flow().counts().dropped;
  }

  caf::actor sink_;
  notes log_;
};

TEST_F(full_owner_test, end_of_the_stream_passes_a_mailbox_at_its_cap) {
  open_full(2); // opened, and a batch
  out().close();
  settle();
  let_go();
  EXPECT_EQ(log_.in_opened.size(), 1u);
  EXPECT_EQ(log_.items.size(), 1u);
  EXPECT_EQ(log_.ended.size(), 1u);
  EXPECT_EQ(dropped(), 0u);
}

TEST_F(full_owner_test, what_is_not_the_end_is_dropped_there_and_counted) {
  open_full(2);
  lose_link();
  EXPECT_EQ(dropped(), 1u) << "interrupted";
  EXPECT_FALSE(out().reopen());
  settle();
  EXPECT_EQ(dropped(), 2u) << "opened";
  let_go();
  EXPECT_TRUE(log_.interrupted.empty());
  EXPECT_EQ(log_.in_opened.size(), 1u);
}

// -- serialization ------------------------------------------------------------

TEST(event_types_test, systems_know_the_events_and_can_send_them) {
  config cfg;
  caf::actor_system system{cfg};
  auto error = caf::make_error(caf::sec::bad_function_call);
  auto sent = caf::make_message(
      outlet_opened{1, 2}, outlet_closed{3, end_reason::link_lost, error, 4, 5},
      inlet_opened{6, 7},
      inlet_interrupted{8, end_reason::peer_silent, error, 9},
      inlet_ended{10, 11}, inlet_closed{12, end_reason::cancelled, error, 13});
  std::vector<char> bytes;
  caf::binary_serializer sink{system, bytes};
  ASSERT_FALSE(sent.save(sink));
  caf::message got;
  caf::binary_deserializer source{system, bytes};
  ASSERT_FALSE(got.load(source));
  EXPECT_EQ(to_string(got), to_string(sent));
  EXPECT_EQ(got.get_as<outlet_closed>(1).reason, end_reason::link_lost);
  EXPECT_EQ(got.get_as<outlet_closed>(1).unconfirmed, 5u);
  EXPECT_EQ(got.get_as<inlet_closed>(5).position, 13u);
}

} // namespace
} // namespace sluice::actors::channel

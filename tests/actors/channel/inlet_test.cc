// What the owner of an inlet may rely on: the handle, the name, and the window
// that its batches hold.

#include "actors/flow_actor.h"
#include "tests/actors/channel/channel_world.h"

#include <gtest/gtest.h>

namespace sluice::actors::channel {
namespace {

using namespace std::chrono_literals;
using runtime::errc;
using testing::is;
using testing::notes;
using testing::self_of;

using release_atom = caf::atom_constant<caf::atom("release")>;

class inlet_test : public testing::channel_world {
protected:
  void open(inlet_options options = {}) {
    open_inlet(options);
    open_outlet();
    ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  }

  outlet<std::string>& out() { return outs_.front(); }

  bool name_is_taken() {
    auto made = far_->open_inlet<std::string>(self_of(receiver_), "lines");
    EXPECT_TRUE(made || is(made.error(), errc::name_taken));
    return !made;
  }
};

// -- the handle ---------------------------------------------------------------

TEST_F(inlet_test, handle_of_nothing_is_false_and_harmless) {
  inlet<std::string> x;
  EXPECT_FALSE(x);
  EXPECT_EQ(x.id(), 0u);
  EXPECT_EQ(x.position(), 0u);
  EXPECT_EQ(x.confirmed(), 0u);
  x.close();
  open_inlet();
  EXPECT_TRUE(in_);
  EXPECT_NE(in_.id(), 0u);
  x = std::move(in_);
  EXPECT_TRUE(x);
  EXPECT_FALSE(in_);
  EXPECT_TRUE(name_is_taken()) << "it has only moved";
  in_ = std::move(x);
}

TEST_F(inlet_test, handle_that_is_assigned_to_lets_go_of_its_inlet) {
  open();
  in_ = {};
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::cancelled);
  EXPECT_FALSE(name_is_taken());
}

TEST_F(inlet_test, inlet_that_is_dropped_cancels_the_stream) {
  open();
  { auto last = std::move(in_); }
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::cancelled);
  EXPECT_FALSE(name_is_taken());
}

// -- the name -----------------------------------------------------------------

TEST_F(inlet_test, name_is_taken_until_the_inlet_is_closed) {
  open();
  out().close();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(got_->ended.size(), 1u);
  EXPECT_TRUE(name_is_taken()) << "the stream has ended, the inlet is there";
  in_.close();
  EXPECT_FALSE(name_is_taken());
}

TEST_F(inlet_test, name_is_free_when_the_stream_has_failed) {
  open();
  out().fail();
  ASSERT_TRUE(until([&] { return !got_->in_closed.empty(); }));
  EXPECT_FALSE(name_is_taken());
}

TEST_F(inlet_test, name_is_free_when_the_owner_has_ended) {
  open();
  caf::anon_send_exit(receiver_, caf::exit_reason::user_shutdown);
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  auto made = far_->open_inlet<std::string>(self_of(sender_), "lines");
  EXPECT_TRUE(made);
}

// -- what is delivered --------------------------------------------------------

TEST_F(inlet_test, nothing_comes_after_close_but_what_is_in_the_mailbox) {
  auto log = std::make_shared<notes>();
  auto sink = run_.system().spawn([=](flow_actor* self) -> caf::behavior {
    self->hold_mailbox();
    return {[=](release_atom) { self->release_mailbox(); },
            [](const inlet_opened&) {},
            [=](const inlet_ended& x) { log->ended.push_back(x); },
            [=](const inlet_closed& x) { log->in_closed.push_back(x); },
            [=](const batch<std::string>& x) {
              log->items.insert(log->items.end(), x.begin(), x.end());
            }};
  });
  owners_.push_back(sink);
  auto made = far_->open_inlet<std::string>(self_of(sink), "lines");
  ASSERT_TRUE(made);
  auto& out = open_outlet();
  EXPECT_FALSE(push(out, 0, 3));
  settle();
  EXPECT_EQ(made->position(), 3u);
  EXPECT_TRUE(log->items.empty());
  EXPECT_FALSE(push(out, 3, 6)); // on its way
  made->close();
  caf::anon_send<caf::message_priority::high>(sink, release_atom::value);
  settle();
  EXPECT_EQ(log->items, (std::vector<std::string>{"0", "1", "2"}));
  EXPECT_TRUE(log->ended.empty());
  EXPECT_TRUE(log->in_closed.empty());
}

TEST_F(inlet_test, batch_says_whose_it_is_and_where_it_stands) {
  got_->keep = true;
  open_inlet({.start_position = 7});
  auto other = far_->open_inlet<std::string>(self_of(receiver_), "other");
  ASSERT_TRUE(other);
  auto& first = open_outlet({.start_position = 7});
  auto& second = open_outlet({}, "other");
  EXPECT_FALSE(push(first, 0, 2));
  settle();
  EXPECT_FALSE(push(second, 0, 3));
  settle();
  EXPECT_FALSE(push(first, 0, 1));
  settle();
  ASSERT_EQ(got_->kept.size(), 3u);
  EXPECT_EQ(got_->kept[0].id, in_.id());
  EXPECT_EQ(got_->kept[0].first, 7u);
  EXPECT_EQ(got_->kept[0].next(), 9u);
  EXPECT_EQ(got_->kept[1].id, other->id());
  EXPECT_EQ(got_->kept[1].first, 0u);
  EXPECT_EQ(got_->kept[1].next(), 3u);
  EXPECT_EQ(got_->kept[2].first, 9u);
}

// -- the window ---------------------------------------------------------------

TEST_F(inlet_test, batch_is_freed_when_its_handler_has_returned) {
  auto during = std::make_shared<std::vector<std::uint64_t>>();
  auto in = std::make_shared<inlet<std::string>>();
  auto sink =
      run_.system().spawn([=](caf::event_based_actor*) -> caf::behavior {
        return {[](const inlet_opened&) {},
                [=](const batch<std::string>& x) {
                  EXPECT_EQ(in->confirmed(), x.first);
                  EXPECT_EQ(in->position(), x.next());
                  during->push_back(x.next());
                }};
      });
  owners_.push_back(sink);
  auto made = far_->open_inlet<std::string>(self_of(sink), "lines");
  ASSERT_TRUE(made);
  *in = std::move(*made);
  auto& out = open_outlet();
  for (std::uint64_t i = 1; i <= 3; ++i) {
    EXPECT_FALSE(out.push("x"));
    settle();
    EXPECT_EQ(in->confirmed(), i);
  }
  EXPECT_EQ(*during, (std::vector<std::uint64_t>{1, 2, 3}));
  *in = {};
}

TEST_F(inlet_test, batch_holds_its_memory_until_the_last_copy_is_gone) {
  got_->keep = true;
  open({.window_messages = 1});
  EXPECT_FALSE(push(out(), 0, 2));
  settle();
  ASSERT_EQ(got_->kept.size(), 1u);
  auto copy = got_->kept[0];
  got_->kept.clear();
  settle();
  EXPECT_EQ(got_->items.size(), 1u);
  EXPECT_EQ(in_.confirmed(), 0u);
  copy = {};
  settle();
  EXPECT_EQ(got_->items.size(), 2u);
  EXPECT_EQ(in_.confirmed(), 1u);
}

TEST_F(inlet_test, batches_are_freed_in_any_order) {
  got_->keep = true;
  open();
  for (std::uint64_t i = 0; i < 3; ++i) {
    EXPECT_FALSE(push(out(), i, i + 1));
    settle();
  }
  ASSERT_EQ(got_->kept.size(), 3u);
  got_->kept.erase(got_->kept.begin() + 1);
  EXPECT_EQ(in_.confirmed(), 0u) << "everything up to there was freed";
  got_->kept.erase(got_->kept.begin());
  EXPECT_EQ(in_.confirmed(), 2u);
}

TEST_F(inlet_test, receiver_that_is_paused_makes_the_sender_wait) {
  auto count = std::make_shared<std::size_t>(0);
  auto sink = run_.system().spawn([=](flow_actor* self) -> caf::behavior {
    self->hold_mailbox();
    return {[=](release_atom) { self->release_mailbox(); },
            [](const inlet_opened&) {},
            [=](const batch<std::string>& x) { *count += x.size(); }};
  });
  owners_.push_back(sink);
  auto in = far_->open_inlet<std::string>(self_of(sink), "lines",
                                          {.window_messages = 10});
  ASSERT_TRUE(in);
  auto& out = open_outlet();
  EXPECT_FALSE(push(out, 0, 100));
  settle();
  EXPECT_EQ(in->position(), 10u);
  EXPECT_EQ(*count, 0u);
  EXPECT_GT(out.pending_bytes(), 0u);
  caf::anon_send<caf::message_priority::high>(sink, release_atom::value);
  settle();
  EXPECT_EQ(*count, 100u);
}

TEST_F(inlet_test, batch_does_not_leave_its_process) {
  batch<std::string> x;
  auto message = caf::make_message(x);
  std::vector<char> bytes;
  caf::binary_serializer sink{run_.system(), bytes};
  auto err = message.save(sink);
  EXPECT_EQ(err, caf::sec::unknown_type) << runtime::to_text(err);
  EXPECT_TRUE(bytes.empty());
}

TEST_F(inlet_test, batch_in_whose_handler_the_owner_quits_was_not_handled) {
  auto sink =
      run_.system().spawn([=](caf::event_based_actor* self) -> caf::behavior {
        return {[](const inlet_opened&) {},
                [=](const batch<std::string>& x) {
                  if (x.first > 0)
                    self->quit();
                }};
      });
  owners_.push_back(sink);
  auto in = far_->open_inlet<std::string>(self_of(sink), "lines");
  ASSERT_TRUE(in);
  auto& out = open_outlet();
  EXPECT_FALSE(push(out, 0, 3));
  settle();
  EXPECT_FALSE(push(out, 3, 5));
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::owner_ended);
  EXPECT_EQ(sent_->closed[0].unconfirmed, 5 - sent_->closed[0].confirmed);
  EXPECT_EQ(in->confirmed(), 3u);
  EXPECT_LE(sent_->closed[0].confirmed, 3u);
}

// -- the owner ----------------------------------------------------------------

TEST_F(inlet_test, owner_is_kept_until_the_end_of_the_stream) {
  auto alive = std::make_shared<int>(0);
  // Nobody else refers to it.
  auto weak = [&] {
    auto sink =
        run_.system().spawn([guard = std::shared_ptr<int>(alive)](
                                caf::event_based_actor* self) -> caf::behavior {
          self->set_default_handler(caf::drop);
          return {[guard](const batch<std::string>& x) {
            *guard += static_cast<int>(x.size());
          }};
        });
    auto made = far_->open_inlet<std::string>(self_of(sink), "lines");
    EXPECT_TRUE(made);
    in_ = std::move(*made);
    return caf::actor_cast<caf::weak_actor_ptr>(sink);
  }();
  settle();
  EXPECT_TRUE(weak.lock()) << "it waits for an outlet";
  auto& out = open_outlet();
  EXPECT_FALSE(push(out, 0, 3));
  settle();
  EXPECT_TRUE(weak.lock());
  EXPECT_EQ(*alive, 3);
  out.close();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  settle();
  EXPECT_FALSE(weak.lock());
  EXPECT_TRUE(in_) << "the handle does not keep it";
}

} // namespace
} // namespace sluice::actors::channel

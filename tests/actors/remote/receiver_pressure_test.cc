// Pressure from a receiver on another node, and its end.

#include "tests/actors/remote/remote_case.h"

#include <future>
#include <utility>

namespace sluice::actors::remote::testing {
namespace {

constexpr mailbox_limits small{8, 4, 1'000};

struct two_nodes : ::testing::Test {
  node here;
  node there;
  log_ptr sent = make_log();
  log_ptr received = make_log();
};

using receiver_pressure_test = two_nodes;

TEST_F(receiver_pressure_test, overloaded_receiver_is_heard_by_its_sender) {
  auto sink = there.spawn(gated, small, received, 100);
  auto to = here.connect(there.publish(sink));
  auto from = here.spawn(shouting, to, sent, 10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{100});
  sent->await("applied");
  EXPECT_EQ(sent->count("released"), 0u);
  open(sink);
  received->await("all 100");
  // More than once, perhaps: what was on its way makes it overloaded again.
  sent->await("released", sent->count("applied"));
  EXPECT_EQ(received->events(), std::vector<std::string>{"all 100"});
}

/// Keeps a worker of the scheduler until `end`.
behavior busy(caf::event_based_actor*, std::shared_future<void> end) {
  return {[end = std::move(end)](caf::unit_t) { end.wait(); }};
}

// With CAF's workers for reading, a message that waits for one of them would
// hide all behind it.
TEST_F(receiver_pressure_test,
       full_mailbox_is_told_while_no_thread_of_the_scheduler_is_free) {
  auto sink = there.spawn(gated, small, received, 100);
  auto to = here.connect(there.publish(sink));
  auto from = here.spawn(shouting, to, sent, 10);
  std::promise<void> end;
  auto ended = end.get_future().share();
  for (int i = 0; i < 2; ++i) // as many as there are
    caf::anon_send(there.spawn(busy, ended), caf::unit);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{100});
  EXPECT_TRUE(sent->await("applied"));
  end.set_value();
  open(sink);
  received->await("all 100");
  EXPECT_EQ(received->events(), std::vector<std::string>{"all 100"});
}

TEST_F(receiver_pressure_test, signal_names_the_handle_that_was_sent_to) {
  auto sink = there.spawn(gated, small, received, 100);
  auto to = here.connect(there.publish(sink));
  auto named = std::make_shared<std::promise<bool>>();
  auto from = here.spawn([=](caf::event_based_actor* self) -> behavior {
    for (std::uint64_t i = 1; i <= 20; ++i)
      self->send(to, i, "x");
    return {[=](const backpressure& x) {
      if (x.state == pressure::applied)
        named->set_value(x.source == to);
    }};
  });
  EXPECT_TRUE(named->get_future().get());
}

TEST_F(receiver_pressure_test,
       flow_actor_is_paused_until_the_receiver_goes_on) {
  auto sink = there.spawn(gated, small, received, 1'000);
  auto to = here.connect(there.publish(sink));
  auto from = here.spawn(passing, to, 10, mailbox_limits{});
  auto flow =
      &static_cast<flow_actor*>(caf::actor_cast<caf::abstract_actor*>(from))
           ->flow();
  for (int i = 0; i < 1'000; ++i)
    caf::anon_send(from, 1);
  auto end = std::chrono::steady_clock::now() + deadline;
  while (flow->held_by() == 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  EXPECT_EQ(flow->held_by(), 1u);
  open(sink);
  received->await("all 1000");
  EXPECT_EQ(received->events(), std::vector<std::string>{"all 1000"});
}

TEST_F(receiver_pressure_test, overload_reaches_the_senders_of_the_sender) {
  constexpr std::uint64_t many = 20'000;
  constexpr mailbox_limits marks{8, 4, 10 * many};
  auto sink = there.spawn(gated, marks, received, many);
  auto to = here.connect(there.publish(sink));
  auto relay = here.spawn([=](flow_actor* self) -> behavior {
    self->limit_mailbox(marks);
    return {[=](std::uint64_t n, const std::string& payload) {
      self->send(to, n, payload);
    }};
  });
  // It is at a third node and sends to the relay, which sends to the sink.
  node far;
  auto from = far.spawn(shouting, far.connect(here.publish(relay)), sent, 10);
  caf::anon_send(from, std::uint64_t{1}, many);
  auto& flow =
      static_cast<flow_actor*>(caf::actor_cast<caf::abstract_actor*>(relay))
          ->flow();
  auto end = std::chrono::steady_clock::now() + deadline;
  while ((flow.held_by() == 0 || !flow.overloaded() || !flow.paused())
         && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  EXPECT_TRUE(flow.paused());
  EXPECT_TRUE(flow.overloaded());
  sent->await("applied");
  EXPECT_EQ(received->events().size(), 0u);
  open(sink);
  received->await("all " + std::to_string(many));
  sent->await("released", sent->count("applied"));
  EXPECT_EQ(received->events().size(), 1u);
}

TEST_F(receiver_pressure_test, sender_whose_message_was_delegated_is_told) {
  auto sink = there.spawn(gated, small, received, 100);
  auto to = here.connect(there.publish(sink));
  auto relay = here.spawn([=](caf::event_based_actor* self) -> behavior {
    self->set_default_handler(
        [=](caf::scheduled_actor*,
            caf::message_view& x) -> caf::result<caf::message> {
          self->delegate(to, x.move_content_to_message());
          return caf::delegated<caf::message>{};
        });
    return {[](caf::unit_t) {}};
  });
  node far;
  auto from = far.spawn(shouting, far.connect(here.publish(relay)), sent, 10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{100});
  sent->await("applied");
  open(sink);
  received->await("all 100");
  sent->await("released", sent->count("applied"));
}

TEST_F(receiver_pressure_test, end_of_the_receiver_releases_its_senders) {
  auto sink = there.spawn(gated, small, received, 100);
  auto to = here.connect(there.publish(sink));
  auto from = here.spawn(shouting, to, sent, 10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{100});
  sent->await("applied");
  caf::anon_send_exit(sink, caf::exit_reason::kill);
  sent->await("released");
  sent->await("down");
}

TEST_F(receiver_pressure_test, loss_of_the_node_releases_its_senders) {
  auto sink = there.spawn(gated, small, received, 100);
  auto to = here.connect(there.publish(sink));
  auto from = here.spawn(shouting, to, sent, 10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{100});
  sent->await("applied");
  there.stop();
  sent->await("released");
  sent->await("down");
}

TEST_F(receiver_pressure_test,
       pressure_of_one_does_not_hold_senders_to_another) {
  auto slow = there.spawn(gated, small, received, 100);
  auto quick_log = make_log();
  auto quick = there.spawn(counting, quick_log, 100);
  auto to_slow = here.connect(there.publish(slow));
  auto to_quick = here.connect(there.publish(quick));
  auto slowed = here.spawn(shouting, to_slow, sent, 10);
  auto free_log = make_log();
  auto free = here.spawn(shouting, to_quick, free_log, 10);
  caf::anon_send(slowed, std::uint64_t{1}, std::uint64_t{100});
  sent->await("applied");
  caf::anon_send(free, std::uint64_t{1}, std::uint64_t{100});
  quick_log->await("all 100");
  EXPECT_EQ(free_log->count("applied"), 0u);
  EXPECT_EQ(sent->count("released"), 0u);
}

} // namespace
} // namespace sluice::actors::remote::testing

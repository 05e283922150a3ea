// Pressure on the way to another node: the network thread's mailbox, and the
// connection.

#include "tests/actors/remote/remote_case.h"

namespace sluice::actors::remote::testing {
namespace {

/// What both nodes have: marks that are reached soon.
node_options low_marks() {
  node_options x;
  x.limits = {{"sluice.remote-high-bytes", 64 * 1024},
              {"sluice.remote-low-bytes", 32 * 1024},
              {"sluice.remote-cap-bytes", 4 * 1024 * 1024},
              {"sluice.remote-cap-messages", 100}};
  return x;
}

/// More than the kernel and a connection take, in messages of `piece` bytes.
constexpr std::size_t piece = 16 * 1024;
constexpr std::uint64_t too_many = 4'000;

struct connection_pressure_test : ::testing::Test {
  connection_pressure_test() {
    sink = there.spawn(counting, received, 1);
    to = here.connect(there.publish(sink));
  }

  actor sender(std::size_t bytes) {
    return here.spawn(shouting, to, sent, bytes);
  }

  node here{low_marks()};
  node there{low_marks()};
  log_ptr sent = make_log();
  log_ptr received = make_log();
  actor sink;
  actor to;
};

TEST_F(connection_pressure_test, full_mailbox_of_the_network_thread_is_heard) {
  held_network held{here};
  auto from = sender(10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{80});
  sent->await("sent 80");
  sent->await("applied");
  EXPECT_EQ(sent->count("released"), 0u);
  held.release();
  sent->await("released");
  received->await("all 80");
  EXPECT_EQ(sent->count("rejected"), 0u);
}

TEST_F(connection_pressure_test, what_is_over_the_cap_of_messages_comes_back) {
  held_network held{here};
  auto from = sender(10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{150});
  sent->await("rejected", 50);
  held.release();
  // CAF's own actors may have sent something to each other as well.
  auto back = here.counts().handed_back;
  EXPECT_LE(back, 52u);
  sent->await("rejected", back);
  received->await("all " + std::to_string(150 - back));
  sent->await("released");
  EXPECT_EQ(received->count("all 1"), 1u);
}

TEST_F(connection_pressure_test,
       request_over_the_cap_is_answered_with_an_error) {
  held_network held{here};
  auto from = sender(10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{150});
  sent->await("rejected", 50);
  caf::anon_send(from, ask_atom::value);
  sent->await("error the mailbox of actor " + std::to_string(to.id())
              + " is full: it takes no further request");
}

TEST_F(connection_pressure_test, anonymous_messages_over_the_cap_are_counted) {
  held_network held{here};
  for (std::uint64_t i = 1; i <= 150; ++i)
    caf::anon_send(to, i, std::string{"x"});
  auto dropped = here.counts().dropped;
  EXPECT_GE(dropped, 50u);
  EXPECT_LE(dropped, 52u);
  held.release();
  received->await("all " + std::to_string(150 - dropped));
}

TEST_F(connection_pressure_test, urgent_messages_and_exits_pass_the_cap) {
  held_network held{here};
  for (std::uint64_t i = 1; i <= 150; ++i)
    caf::anon_send(to, i, std::string{"x"});
  auto dropped = here.counts().dropped;
  for (std::uint64_t i = 1; i <= 10; ++i)
    caf::anon_send<caf::message_priority::high>(to, 150 - dropped + i,
                                                std::string{"x"});
  auto from = sender(10);
  caf::anon_send_exit(to, caf::exit_reason::user_shutdown);
  EXPECT_EQ(here.counts().dropped, dropped);
  held.release();
  received->await("all " + std::to_string(160 - dropped));
  sent->await("down");
}

TEST_F(connection_pressure_test, node_that_reads_nothing_slows_senders_down) {
  auto from = sender(piece);
  held_network held{there};
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{40});
  // The mailbox says so first, and lets go: the connection takes it all.
  std::uint64_t last = 40;
  while (here.counts().handed_back == 0 && last < too_many) {
    caf::anon_send(from, last + 1, last + 40);
    last += 40;
    sent->await("sent " + std::to_string(last));
  }
  EXPECT_GT(here.counts().handed_back, 0u);
  sent->await("applied");
}

TEST_F(connection_pressure_test, sender_that_obeys_loses_nothing) {
  auto from =
      here.spawn(passing, to, piece, mailbox_limits{too_many, 1, too_many});
  // It has its limits when it has begun.
  caf::anon_send(from, 1);
  received->await("all 1");
  held_network held{there};
  for (std::uint64_t i = 1; i < too_many; ++i)
    caf::anon_send(from, 1);
  auto& flow =
      static_cast<flow_actor*>(caf::actor_cast<caf::abstract_actor*>(from))
          ->flow();
  auto end = std::chrono::steady_clock::now() + deadline;
  while (flow.counts().parks == 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  EXPECT_GT(flow.counts().parks, 0u);
  held.release();
  received->await("all " + std::to_string(too_many));
  EXPECT_EQ(received->events().size(), too_many);
  EXPECT_EQ(here.counts().handed_back, 0u);
}

TEST_F(connection_pressure_test, messages_that_have_no_way_any_more_come_back) {
  auto from = sender(10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{1});
  received->await("all 1");
  auto broker = here.system().middleman().named_broker<caf::io::basp_broker>(
      caf::atom("BASP"));
  // The way is lost before the network thread comes to what is in the mailbox.
  held_network held{here, [=] {
                      auto self = static_cast<caf::io::basp_broker*>(
                          caf::actor_cast<caf::abstract_actor*>(broker));
                      for (auto handle : self->connections())
                        self->connection_cleanup(handle, caf::sec::none);
                    }};
  caf::anon_send(from, std::uint64_t{2}, std::uint64_t{11});
  sent->await("sent 11");
  caf::anon_send(to, std::uint64_t{12}, std::string{"x"});
  held.release();
  sent->await("down");
  sent->await("rejected", 10);
  EXPECT_EQ(here.counts().handed_back, 10u);
  EXPECT_EQ(here.counts().dropped, 1u);
}

TEST_F(connection_pressure_test, end_of_the_broker_releases_everybody) {
  auto from = sender(piece);
  held_network held{there};
  for (std::uint64_t last = 0; here.counts().handed_back == 0; last += 10) {
    caf::anon_send(from, last + 1, last + 10);
    sent->await("sent " + std::to_string(last + 10));
  }
  sent->await("applied");
  auto times = sent->count("applied");
  auto broker = here.system().middleman().named_broker<caf::io::basp_broker>(
      caf::atom("BASP"));
  caf::anon_send_exit(broker, caf::exit_reason::kill);
  sent->await("released", times);
  sent->await("down");
  // The connection ends last.
  auto end = std::chrono::steady_clock::now() + deadline;
  while (here.counts().lost_bytes == 0
         && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  EXPECT_GT(here.counts().lost_bytes, 0u);
}

} // namespace
} // namespace sluice::actors::remote::testing

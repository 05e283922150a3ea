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
  explicit connection_pressure_test(const node_options& x = low_marks())
      : here(x), there(x) {
    sink = there.spawn(counting, received, 1);
    to = here.connect(there.publish(sink));
  }

  actor sender(std::size_t bytes) {
    return here.spawn(shouting, to, sent, bytes);
  }

  /// 60 large messages, which have arrived.
  void warm_up() {
    auto from = here.spawn(shouting, to, make_log(), piece);
    caf::anon_send(from, std::uint64_t{1}, std::uint64_t{60});
    received->await("all 60");
  }

  /// While the network thread is held: nothing more fits into its mailbox.
  void fill() {
    for (int i = 0; i < 150; ++i)
      caf::anon_send(to, caf::unit);
    before_ = here.counts();
    EXPECT_GE(before_.dropped, 45u);
  }

  void expect_all_passed() {
    EXPECT_EQ(here.counts().dropped, before_.dropped);
    EXPECT_EQ(here.counts().handed_back, before_.handed_back);
  }

  node here;
  node there;
  log_ptr sent = make_log();
  log_ptr received = make_log();
  actor sink;
  actor to;
  remote_counts before_;
};

TEST_F(connection_pressure_test, full_mailbox_of_the_network_thread_is_heard) {
  held_network held{here};
  auto from = sender(10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{50}); // 1 KiB each
  sent->await("sent 50");
  EXPECT_EQ(sent->count("applied"), 0u);
  caf::anon_send(from, std::uint64_t{51}, std::uint64_t{80});
  sent->await("sent 80");
  sent->await("applied");
  EXPECT_EQ(sent->count("released"), 0u);
  held.release();
  sent->await("released");
  received->await("all 80");
  EXPECT_EQ(sent->count("rejected"), 0u);
}

TEST_F(connection_pressure_test,
       waiting_messages_count_what_the_last_ones_had) {
  warm_up();
  held_network held{here};
  auto from = sender(10);
  caf::anon_send(from, std::uint64_t{61}, std::uint64_t{70});
  sent->await("applied");
  held.release();
  sent->await("released");
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
  EXPECT_EQ(here.counts().handed_back, sent->count("rejected") + 1);
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

TEST_F(connection_pressure_test, responses_pass_the_cap) {
  auto promise = std::make_shared<caf::response_promise>();
  auto asked = make_log();
  auto slow = here.spawn([=](caf::event_based_actor* self) -> behavior {
    self->set_default_handler(caf::drop); // it is told to slow down
    return {
        [=](ask_atom) -> caf::result<int> {
          *promise = self->make_response_promise();
          asked->add("asked");
          return caf::delegated<int>{};
        },
        [=](open_atom) {
          promise->deliver(42);
          asked->add("answered");
        },
    };
  });
  auto answers = make_log();
  auto asking =
      there.spawn(shouting, there.connect(here.publish(slow)), answers, 10);
  caf::anon_send(asking, ask_atom::value);
  asked->await("asked");
  held_network held{here};
  fill();
  open(slow);
  asked->await("answered");
  expect_all_passed();
  held.release();
  answers->await("answer");
}

TEST_F(connection_pressure_test, links_pass_the_cap) {
  held_network held{here};
  fill();
  auto log = make_log();
  here.spawn([=, this](caf::event_based_actor* self) -> behavior {
    self->set_exit_handler([=](const caf::exit_msg&) { log->add("exit"); });
    self->set_default_handler(caf::drop); // it is told to slow down
    self->link_to(to);
    log->add("linked");
    return {[](caf::unit_t) {}};
  });
  log->await("linked");
  expect_all_passed();
  held.release();
  caf::scoped_actor self{here.system()};
  // Behind the link on the same way.
  self->request(to, deadline, ask_atom::value)
      .receive([](int) {}, [](const caf::error&) {});
  caf::anon_send_exit(sink, caf::exit_reason::user_shutdown);
  log->await("exit");
}

TEST_F(connection_pressure_test, signals_pass_the_cap) {
  auto handled = make_log();
  auto slow = here.spawn(gated, mailbox_limits{8, 4, 1'000}, handled, 20);
  auto told = make_log();
  auto from =
      there.spawn(shouting, there.connect(here.publish(slow)), told, 10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{20});
  told->await("applied");
  held_network held{here};
  fill();
  open(slow);
  auto& flow =
      static_cast<flow_actor*>(caf::actor_cast<caf::abstract_actor*>(slow))
          ->flow();
  auto end = std::chrono::steady_clock::now() + deadline;
  while (flow.overloaded() && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  expect_all_passed();
  held.release();
  told->await("released", told->count("applied"));
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
  caf::anon_send(from, ask_atom::value);
  caf::anon_send(from, std::uint64_t{2}, std::uint64_t{11});
  sent->await("sent 11");
  caf::anon_send(to, std::uint64_t{12}, std::string{"x"});
  held.release();
  sent->await("down");
  sent->await("rejected", 10);
  sent->await("error exit_reason(remote_link_unreachable)");
  EXPECT_EQ(here.counts().handed_back, 11u) << "the request, too";
  EXPECT_EQ(here.counts().dropped, 1u);
}

struct many_messages_test : connection_pressure_test {
  static node_options options() {
    auto x = low_marks();
    x.limits.back().second = 100'000; // the cap of messages
    return x;
  }

  many_messages_test() : connection_pressure_test(options()) {}
};

TEST_F(many_messages_test, fewer_fit_if_they_seem_to_take_the_cap_of_bytes) {
  constexpr auto sure = runtime::limits::remote_sure_messages;
  warm_up(); // 256 of such would be 4 MiB
  held_network held{here};
  auto from = sender(10);
  caf::anon_send(from, std::uint64_t{61}, std::uint64_t{60 + sure + 50});
  sent->await("rejected", 50);
  held.release();
  auto back = here.counts().handed_back;
  EXPECT_LE(back, 55u);
  received->await("all " + std::to_string(60 + sure + 50 - back));
}

TEST_F(connection_pressure_test, end_of_the_broker_releases_everybody) {
  auto from = sender(piece);
  held_network held{there};
  for (std::uint64_t last = 0; here.counts().handed_back == 0; last += 10) {
    caf::anon_send(from, last + 1, last + 10);
    sent->await("sent " + std::to_string(last + 10));
    // What comes back does so because of the connection, not of the mailbox.
    held_network{here}.release();
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

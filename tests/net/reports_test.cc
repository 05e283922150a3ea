// What connections and listeners say of themselves, and the sums that a loop
// keeps of them.

#include "net/net_totals.h"
#include "net/reports.h"
#include "tests/net/stream_fixture.h"

#include <gtest/gtest.h>

namespace sluice::testing {
namespace {

using net::close_reason;
using net::reject_reason;
using net::stream_state;

class reports_test : public stream_fixture {
public:
  const net::stream_totals& totals() {
    return net::totals_of(run.loop()).streams;
  }

  std::uint64_t in(stream_state x) {
    return totals().by_state[static_cast<std::size_t>(x)];
  }

  std::uint64_t open_ones() {
    std::uint64_t result = 0;
    for (auto x : totals().by_state)
      result += x;
    return result;
  }

  std::uint64_t closed(close_reason x) {
    return totals().closed[static_cast<std::size_t>(x)];
  }

  std::uint64_t rejected(reject_reason x) {
    return totals().rejected[static_cast<std::size_t>(x)];
  }

  net::connection_report only() {
    auto all = net::report_connections(run.loop(), 10);
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? net::connection_report{} : all.front();
  }
};

TEST_F(reports_test, open_connection_says_what_it_is) {
  serve();
  peer.send("hello");
  pass(1ms);
  in_broker([](auto* x) { x->write("hi"); });
  auto report = only();
  EXPECT_EQ(report.id, self->id());
  EXPECT_EQ(report.name, "stream_broker");
  EXPECT_EQ(to_string(report.local), "tcp://127.0.0.1:7000");
  EXPECT_NE(report.remote.port(), 0);
  EXPECT_EQ(report.state, stream_state::open);
  EXPECT_EQ(report.received, 5u);
  EXPECT_EQ(report.accepted, 2u);
  EXPECT_EQ(report.written, 2u);
  EXPECT_EQ(report.queued, 0u);
  EXPECT_FALSE(report.pressed);
  EXPECT_EQ(in(stream_state::open), 1u);
  EXPECT_EQ(open_ones(), 1u);
  EXPECT_EQ(totals().accepted_connections, 1u);
  EXPECT_EQ(totals().received_bytes, 5u);
  EXPECT_EQ(totals().written_bytes, 2u);
}

TEST_F(reports_test, connection_under_pressure_says_how_often_and_how_long) {
  serve();
  fill();
  auto& one = add_writer();
  one.write(broker, std::string(high, 'x'));
  pass(500ms);
  auto report = only();
  EXPECT_TRUE(report.pressed);
  EXPECT_EQ(report.times_pressed, 1u);
  EXPECT_EQ(report.queued, high);
  EXPECT_EQ(report.peak, high);
  EXPECT_EQ(totals().queued_bytes(), high);
  EXPECT_EQ(totals().queued_bytes_peak, high);
  peer.read_all();
  pass(100ms);
  EXPECT_EQ(net::count_pressed_connections(run.loop()), 0u);
  report = only();
  EXPECT_FALSE(report.pressed);
  EXPECT_EQ(report.queued, 0u);
  EXPECT_EQ(report.peak, high) << "is kept";
  EXPECT_EQ(report.times_pressed, 1u);
  EXPECT_EQ(totals().queued_bytes(), 0u);
}

TEST_F(reports_test, wait_of_a_full_socket_is_timed) {
  serve();
  fill();
  auto before = totals().write_wait;
  in_broker([](auto* x) { x->write("late"); });
  pass(300ms);
  EXPECT_EQ(totals().write_wait.count(), before.count()) << "it waits still";
  peer.read_all();
  pass(10ms);
  ASSERT_EQ(totals().write_wait.count(), before.count() + 1);
  auto waited = totals().write_wait.sum_seconds() - before.sum_seconds();
  EXPECT_GT(waited, 0.29);
  EXPECT_LT(waited, 0.32);
}

TEST_F(reports_test, writes_that_come_back_are_counted_by_reason) {
  serve();
  fill();
  auto& one = add_writer();
  one.write(broker, std::string(cap + 1, 'x'));
  pass(1ms);
  EXPECT_EQ(rejected(reject_reason::too_large), 1u);
  one.write(broker, std::string(high - 1, 'x'));
  pass(1ms);
  in_broker([](auto* x) { x->abort(); });
  EXPECT_EQ(rejected(reject_reason::closed), 1u);
  EXPECT_EQ(totals().returned_bytes, high - 1);
  EXPECT_EQ(totals().queued_bytes(), 0u);
}

TEST_F(reports_test, write_that_finds_the_mailbox_full_is_counted) {
  serve();
  auto before = net::net_totals::refused_at_door.load();
  auto& one = add_writer();
  // In one go: the broker has no turn in between.
  for (int i = 0; i < 10; ++i)
    one.write(broker, std::string(cap / 4, 'x'));
  pass(10ms);
  auto refused = net::net_totals::refused_at_door.load() - before;
  EXPECT_GT(refused, 0u);
  EXPECT_EQ(static_cast<std::uint64_t>(one.count("rejected overflow 2500")),
            refused + rejected(reject_reason::overflow));
}

TEST_F(reports_test, end_keeps_the_sums_and_says_why) {
  serve();
  peer.send("bytes");
  pass(1ms);
  peer.reset();
  pass(10ms);
  EXPECT_EQ(closed(close_reason::peer_reset), 1u);
  EXPECT_EQ(open_ones(), 0u);
  EXPECT_EQ(totals().received_bytes, 5u);
  EXPECT_TRUE(net::report_connections(run.loop(), 10).empty());
}

TEST_F(reports_test, states_are_counted_where_they_are) {
  dial("tcp://127.0.0.9:9");
  pass(0ms);
  EXPECT_LE(open_ones(), 1u);
  pass(60s);
  EXPECT_EQ(open_ones(), 0u);
  EXPECT_EQ(totals().made_connections, 0u);
  EXPECT_EQ(closed(close_reason::connect_failed)
                + closed(close_reason::connect_timeout),
            1u);
}

TEST_F(reports_test, draining_is_a_state_of_its_own) {
  serve();
  fill();
  in_broker([](auto* x) {
    x->write("rest");
    x->close();
  });
  EXPECT_EQ(in(stream_state::draining), 1u);
  EXPECT_EQ(in(stream_state::open), 0u);
  EXPECT_EQ(only().state, stream_state::draining);
  peer.read_all();
  pass(10ms);
  EXPECT_EQ(in(stream_state::draining), 0u);
}

TEST_F(reports_test, first_are_those_that_hold_somebody_then_the_fullest) {
  serve([](auto*) { return caf::message_handler{[](const net::closed&) {}}; });
  auto first = self;
  auto first_broker = broker;
  fill();
  auto& one = add_writer();
  one.write(first_broker, std::string(high, 'x'));
  pass(1ms);
  std::vector<net::stream_broker*> others;
  std::deque<sim_peer> peers;
  for (std::size_t size : {10u, 30u, 20u}) {
    peers.emplace_back(world);
    peers.back().connect(at("127.0.0.1", 7000));
    pass(1ms);
    peers.back().stop_reading();
    auto more = self;
    in_broker([=](auto* x) { x->write(std::string(2 * buffer_bytes, '.')); });
    in_broker([=](auto* x) { x->write(std::string(size, '.')); });
    ASSERT_EQ(more->queued(), size);
    others.push_back(more);
  }
  auto all = net::report_connections(run.loop(), 3);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].id, first->id());
  EXPECT_TRUE(all[0].pressed);
  EXPECT_EQ(net::count_pressed_connections(run.loop()), 1u);
  EXPECT_EQ(all[1].id, others[1]->id());
  EXPECT_EQ(all[2].id, others[2]->id());
  EXPECT_EQ(net::report_connections(run.loop(), 100).size(), 4u);
  EXPECT_TRUE(net::report_connections(run.loop(), 0).empty());
}

TEST_F(reports_test, listener_says_whom_it_took) {
  serve();
  auto all = net::report_listeners(run.loop(), 10);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(to_string(all[0].local), "tcp://127.0.0.1:7000");
  EXPECT_EQ(all[0].accepted, 1u);
  EXPECT_FALSE(all[0].paused);
  auto& totals = net::totals_of(run.loop()).listeners;
  EXPECT_EQ(totals.listeners, 1u);
  EXPECT_EQ(totals.connections, 1u);
  caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
  pass(1ms);
  EXPECT_EQ(totals.listeners, 0u);
  EXPECT_EQ(totals.connections, 1u);
}

} // namespace
} // namespace sluice::testing

// Whom a stream_broker tells to slow down, when, and that it lets go of them
// however the connection ends. The contract is that of docs/flow_control.md.

#include "tests/net/stream_fixture.h"

#include <gtest/gtest.h>

#include <optional>

namespace sluice::testing {
namespace {

using net::stream_broker;

class stream_broker_pressure_test : public stream_fixture {
public:
  static std::string text(std::size_t size) { return std::string(size, 'x'); }

  void write(stream_writer& from, std::size_t size) {
    from.write(broker, text(size));
    pass(1ms);
  }
};

TEST_F(stream_broker_pressure_test, nobody_is_told_below_high) {
  serve();
  fill();
  auto& one = add_writer();
  write(one, high - 1);
  EXPECT_EQ(self->queued(), high - 1);
  EXPECT_EQ(one.noted(), lines{});
}

TEST_F(stream_broker_pressure_test,
       everybody_with_bytes_queued_is_told_at_high) {
  serve();
  fill();
  auto& one = add_writer();
  auto& two = add_writer();
  auto& idle = add_writer();
  write(one, high - 1);
  write(two, 1);
  EXPECT_EQ(one.noted(), lines{"applied"});
  EXPECT_EQ(two.noted(), lines{"applied"});
  EXPECT_EQ(idle.noted(), lines{});
}

TEST_F(stream_broker_pressure_test,
       applied_is_told_once_to_each_also_who_joins) {
  serve();
  fill();
  auto& one = add_writer();
  auto& late = add_writer();
  write(one, high);
  write(one, 100);
  write(late, 100);
  write(late, 100);
  EXPECT_EQ(one.noted(), lines{"applied"});
  EXPECT_EQ(late.noted(), lines{"applied"});
}

TEST_F(stream_broker_pressure_test, released_comes_at_low_and_not_before) {
  serve();
  fill();
  auto& one = add_writer();
  write(one, high);
  one.noted();
  auto lowest = self->queued();
  while (lowest > low) {
    EXPECT_EQ(one.noted(), lines{}) << "at " << lowest;
    peer.read_more(100);
    pass(1ms);
    lowest = self->queued();
  }
  EXPECT_EQ(one.noted(), lines{"released"});
}

TEST_F(stream_broker_pressure_test, second_wave_is_told_again) {
  serve();
  fill();
  auto& one = add_writer();
  for (int i = 0; i < 3; ++i) {
    peer.stop_reading();
    write(one, high + 2 * buffer_bytes);
    EXPECT_EQ(one.noted(), lines{"applied"});
    peer.read_all();
    pass(10ms);
    EXPECT_EQ(one.noted(), lines{"released"});
  }
}

TEST_F(stream_broker_pressure_test, signals_are_numbered_and_name_the_broker) {
  serve();
  std::vector<net::backpressure> signals;
  auto one =
      runtime::spawn_on(run.loop(), [&](runtime::loop_actor*) -> caf::behavior {
        return {[&](const net::backpressure& x) { signals.push_back(x); }};
      });
  for (int i = 0; i < 2; ++i) {
    peer.stop_reading();
    caf::send_as(one, broker,
                 net::write{runtime::byte_slice::copy(text(9'000))});
    pass(1ms);
    peer.read_all();
    pass(10ms);
  }
  ASSERT_EQ(signals.size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(signals[i].source,
              caf::actor_cast<caf::strong_actor_ptr>(broker));
    EXPECT_EQ(signals[i].state,
              i % 2 ? net::pressure::released : net::pressure::applied);
    EXPECT_TRUE(i == 0 || signals[i].sequence > signals[i - 1].sequence);
  }
  EXPECT_GE(signals[0].queued, high);
  EXPECT_LE(signals[1].queued, low);
  signals.clear();
}

TEST_F(stream_broker_pressure_test, actor_that_knows_no_signal_does_no_harm) {
  serve();
  fill();
  auto deaf =
      runtime::spawn_on(run.loop(), [](runtime::loop_actor*) -> caf::behavior {
        return {[](const net::rejected&) {}};
      });
  caf::send_as(deaf, broker, net::write{runtime::byte_slice::copy(text(high))});
  pass(1ms);
  peer.read_all();
  pass(10ms);
  EXPECT_EQ(self->state(), net::stream_state::open);
  EXPECT_EQ(peer.received().size(), 2 * buffer_bytes + high);
}

// -- a peer that takes nothing ------------------------------------------------

TEST_F(stream_broker_pressure_test, stalled_peer_is_told_of_and_aborted) {
  options.write_stall = 15s;
  serve();
  fill();
  auto& one = add_writer();
  write(one, 100); // below high: told all the same
  pass(14s);
  EXPECT_EQ(one.noted(), lines{});
  pass(2s);
  EXPECT_EQ(one.noted(),
            (lines{"applied", "stalled", "released", "rejected closed 100"}));
  EXPECT_EQ(noted(),
            (lines{"accepted", "timed_out write_stall", "closed write_stall"}));
  EXPECT_EQ(how->unsent, 100u);
  EXPECT_NE(how->error, caf::none);
}

TEST_F(stream_broker_pressure_test, stalled_peer_may_only_be_reported) {
  options.write_stall = 15s;
  options.abort_stalled = false;
  serve();
  fill();
  auto& one = add_writer();
  write(one, 100);
  pass(31s);
  EXPECT_EQ(one.noted(), (lines{"applied", "stalled", "stalled"}));
  EXPECT_EQ(noted(), (lines{"accepted", "timed_out write_stall",
                            "timed_out write_stall"}));
  peer.read_all();
  pass(1s);
  EXPECT_EQ(one.noted(), lines{"released"});
  pass(1min);
  EXPECT_EQ(noted(), lines{});
}

TEST_F(stream_broker_pressure_test, slow_peer_is_not_a_stalled_one) {
  options.write_stall = 15s;
  serve();
  fill();
  auto& one = add_writer();
  write(one, 9'000);
  for (int i = 0; i < 10; ++i) {
    pass(10s);
    peer.read_more(800);
  }
  EXPECT_EQ(noted("timed_out"), lines{});
}

TEST_F(stream_broker_pressure_test, stall_is_not_measured_without_a_limit) {
  options.write_stall = 0s;
  serve();
  fill();
  auto& one = add_writer();
  write(one, 100);
  pass(1h);
  EXPECT_EQ(one.noted(), lines{});
  EXPECT_EQ(noted(), lines{"accepted"});
}

// -- released on every path ---------------------------------------------------

struct way_to_end {
  const char* name;
  // Of *closed*; none where the behavior ends before the connection.
  std::optional<net::close_reason> reason;
  std::function<void(stream_fixture&)> happen;
};

void PrintTo(const way_to_end& x, std::ostream* out) {
  *out << x.name;
}

class stream_broker_release_test
    : public stream_broker_pressure_test,
      public ::testing::WithParamInterface<way_to_end> {};

TEST_P(stream_broker_release_test, everybody_is_released_and_gets_his_bytes) {
  auto before = world.host().open_descriptors();
  options.write_stall = 15s;
  options.on_overflow = net::overflow::disconnect;
  serve();
  watch_end(broker);
  fill();
  auto& one = add_writer();
  auto& two = add_writer();
  one.write(broker, std::string(3'000, '1'));
  two.write(broker, std::string(2'000, '2'), 5);
  in_broker([](auto* x) { x->write(std::string(1'000, '0')); });
  ASSERT_EQ(self->queued(), 6'000u);
  auto own = noted();
  ASSERT_EQ(own.back(), "applied");
  GetParam().happen(*this);
  pass(30s);
  ASSERT_EQ(self->state(), net::stream_state::closed);
  if (auto reason = GetParam().reason) {
    ASSERT_TRUE(how);
    EXPECT_EQ(to_string(how->reason), to_string(*reason));
    EXPECT_EQ(how->unsent, 6'000u);
    EXPECT_NE(how->error, caf::none);
    EXPECT_EQ(std::count(returned.begin(), returned.end(), '0'), 1'000);
  }
  for (auto x : {&one, &two}) {
    EXPECT_EQ(x->count("applied"), 1);
    EXPECT_EQ(x->count("released"), 1);
  }
  EXPECT_EQ(one.returned, std::string(3'000, '1'));
  EXPECT_EQ(two.returned, std::string(2'000, '2'));
  EXPECT_EQ(self->counts().returned, 6'000u);
  EXPECT_EQ(self->counts().accepted,
            self->counts().written + self->counts().returned);
  EXPECT_EQ(ends.size(), 1u);
  peer.close();
  caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
  pass(1s);
  EXPECT_EQ(world.host().open_descriptors(), before);
}

const way_to_end ways[] = {
    {"peer_resets", net::close_reason::peer_reset,
     [](stream_fixture& t) { t.peer.reset(); }},
    {"abort", net::close_reason::aborted,
     [](stream_fixture& t) {
       caf::anon_send(t.broker, net::close{net::close_mode::abort});
     }},
    {"drain_deadline", net::close_reason::drain_timeout,
     [](stream_fixture& t) {
       caf::anon_send(t.broker, net::close{net::close_mode::drain});
     }},
    {"exit", std::nullopt,
     [](stream_fixture& t) {
       caf::anon_send_exit(t.broker, caf::exit_reason::user_shutdown);
     }},
    {"kill", std::nullopt,
     [](stream_fixture& t) {
       caf::anon_send_exit(t.broker, caf::exit_reason::kill);
     }},
    {"quit", std::nullopt,
     [](stream_fixture& t) {
       t.in_broker([](auto* x) { x->quit(caf::exit_reason::user_shutdown); });
     }},
    {"handler_throws", std::nullopt,
     [](stream_fixture& t) {
       t.in_broker([](auto*) { throw std::runtime_error("on purpose"); });
     }},
    {"loop_stops", net::close_reason::shut_down,
     [](stream_fixture& t) { t.run.loop().request_stop(); }},
    {"stall", net::close_reason::write_stall, [](stream_fixture&) {}},
    {"overflow", net::close_reason::slow_consumer,
     [](stream_fixture& t) {
       t.in_broker([](auto* x) { x->write(std::string(9'000, '!')); });
     }},
};

INSTANTIATE_TEST_SUITE_P(ends, stream_broker_release_test,
                         ::testing::ValuesIn(ways),
                         [](const auto& x) { return x.param.name; });

} // namespace
} // namespace sluice::testing

// The metrics of a process: that they are in Prometheus' format, that they say
// what happened, and that nobody waits for a loop that is stuck.

#include "actors/config.h"
#include "actors/flow_actor.h"
#include "actors/metrics/collector.h"
#include "net/datagram.h"
#include "net/listen.h"
#include "runtime/error.h"
#include "runtime/loop_group.h"
#include "tests/actors/metrics/exposition.h"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>
#include <semaphore>
#include <stdexcept>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;
using actors::metrics::collector;
using actors::metrics::collector_options;

using text_or_error = caf::expected<std::string>;

sockaddr_in at_port(std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  result.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return result;
}

/// A client in plain system calls.
class plain_peer {
public:
  explicit plain_peer(std::uint16_t port)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    auto to = at_port(port);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }

  plain_peer(plain_peer&& x) noexcept : fd_(std::exchange(x.fd_, -1)) {}
  ~plain_peer() { close(); }

  void close() {
    if (fd_ >= 0)
      ::close(std::exchange(fd_, -1));
  }

  /// Ends with a reset.
  void reset() {
    linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }

  /// Sends and reads back.
  void echo(const std::string& text) {
    ASSERT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
    std::string back(text.size(), '\0');
    ASSERT_EQ(::recv(fd_, back.data(), back.size(), MSG_WAITALL),
              static_cast<ssize_t>(back.size()));
    EXPECT_EQ(back, text);
  }

private:
  int fd_;
};

caf::behavior echo(net::stream_broker* self) {
  return {
      [=](const net::received& in) { self->write(in.bytes); },
  };
}

class collector_test : public ::testing::Test {
public:
  collector_options both_loops() {
    collector_options result;
    result.loops = {&loops.at(0), &loops.at(1)};
    result.answer = 30s; // machines may be slow
    return result;
  }

  static std::future<text_or_error> ask(const collector& x) {
    auto result = std::make_shared<std::promise<text_or_error>>();
    x.collect([result](const text_or_error& y) { result->set_value(y); });
    return result->get_future();
  }

  exposition read(const collector& x) {
    auto text = ask(x).get();
    EXPECT_TRUE(text) << sys.render(text.error());
    exposition result{text ? *text : ""};
    EXPECT_EQ(result.errors(), std::vector<std::string>{});
    return result;
  }

  /// Reads until `holds`, which what was begun will make true.
  template <class F>
  exposition read_until(const collector& x, F holds) {
    auto deadline = std::chrono::steady_clock::now() + 20s;
    auto result = read(x);
    while (!holds(result) && std::chrono::steady_clock::now() < deadline)
      result = read(x);
    EXPECT_TRUE(holds(result)) << "does not happen";
    return result;
  }

  std::uint16_t serve() {
    auto server = net::listen(loops, "tcp://127.0.0.1:0", echo);
    EXPECT_TRUE(server) << sys.render(server.error());
    listener = server->actor;
    return server->local.port();
  }

  actors::config settings;
  caf::actor_system sys{settings};
  runtime::loop_group loops{sys, {.loops = 2}};
  caf::actor listener;
};

TEST_F(collector_test, everything_is_in_the_format) {
  serve();
  collector metrics{sys, both_loops()};
  auto text = read(metrics);
  EXPECT_GT(text.families().size(), 40u);
  for (auto& name : text.families())
    EXPECT_TRUE(name.starts_with("sluice_") || name.starts_with("process_"))
        << name;
  EXPECT_EQ(text.value("sluice_loop_up{loop=\"loop-0\"}"), 1.0);
  EXPECT_EQ(text.value("sluice_loop_up{loop=\"loop-1\"}"), 1.0);
  EXPECT_EQ(text.value("sluice_listeners"), 1.0);
  EXPECT_GT(*text.value("process_resident_memory_bytes"), 1e6);
  EXPECT_GE(*text.value("process_threads"), 3.0);
  EXPECT_GT(*text.value("process_start_time_seconds"), 1.7e9);
}

TEST_F(collector_test, connections_and_bytes_are_those_that_were) {
  auto port = serve();
  collector metrics{sys, both_loops()};
  std::vector<plain_peer> peers;
  for (int i = 0; i < 10; ++i) {
    peers.emplace_back(port);
    peers.back().echo(std::string(1'000, 'x'));
  }
  auto open = read(metrics);
  auto in_state = [](const exposition& x, const std::string& state) {
    return *x.value("sluice_connections{loop=\"loop-0\",state=\"" + state
                    + "\"}")
           + *x.value("sluice_connections{loop=\"loop-1\",state=\"" + state
                      + "\"}");
  };
  EXPECT_EQ(in_state(open, "open"), 10.0);
  EXPECT_EQ(open.value("sluice_connections_opened_total{by=\"peer\"}"), 10.0);
  EXPECT_EQ(open.value("sluice_connections_opened_total{by=\"us\"}"), 0.0);
  EXPECT_EQ(open.value("sluice_listener_connections_total"), 10.0);
  EXPECT_EQ(open.sum("sluice_connection_received_bytes_total"), 10'000.0);
  EXPECT_EQ(open.sum("sluice_connection_accepted_bytes_total"), 10'000.0);
  EXPECT_EQ(open.sum("sluice_connection_written_bytes_total"), 10'000.0);
  EXPECT_EQ(open.sum("sluice_connection_queued_bytes"), 0.0);
  EXPECT_EQ(open.sum("sluice_connections_closed_total"), 0.0);

  for (int i = 0; i < 5; ++i)
    peers[static_cast<std::size_t>(i)].close();
  for (int i = 5; i < 7; ++i)
    peers[static_cast<std::size_t>(i)].reset();
  caf::anon_send_exit(listener, caf::exit_reason::user_shutdown);
  auto ended = read_until(metrics, [](const exposition& x) {
    return x.sum("sluice_connections_closed_total") == 7
           && x.value("sluice_listeners") == 0;
  });
  EXPECT_EQ(ended.value("sluice_connections_closed_total{reason="
                        "\"peer_closed\"}"),
            5.0);
  EXPECT_EQ(ended.value("sluice_connections_closed_total{reason="
                        "\"peer_reset\"}"),
            2.0);
  EXPECT_EQ(in_state(ended, "open"), 3.0);
  // What those that ended had counted is still there.
  EXPECT_EQ(ended.sum("sluice_connection_received_bytes_total"), 10'000.0);
  EXPECT_EQ(ended.value("sluice_connections_opened_total{by=\"peer\"}"), 10.0);
}

TEST_F(collector_test, loops_count_their_work) {
  auto port = serve();
  collector metrics{sys, both_loops()};
  plain_peer peer{port};
  for (int i = 0; i < 100; ++i)
    peer.echo("x");
  auto text = read(metrics);
  EXPECT_GE(text.sum("sluice_loop_ready_events_total"), 100.0);
  EXPECT_GE(text.sum("sluice_loop_iterations_total"), 100.0);
  for (std::string loop : {"loop-0", "loop-1"}) {
    auto iterations =
        *text.value("sluice_loop_iterations_total{loop=\"" + loop + "\"}");
    // This question is asked in the middle of one.
    EXPECT_EQ(text.value("sluice_loop_iteration_seconds_count{loop=\"" + loop
                         + "\"}"),
              iterations - 1);
  }
  double busy = 0;
  for (auto phase : {"actors", "flush", "deliver", "timers"})
    for (auto loop : {"loop-0", "loop-1"})
      busy += *text.value(std::string{"sluice_loop_phase_seconds_total{loop=\""}
                          + loop + "\",phase=\"" + phase + "\"}");
  EXPECT_GT(busy, 0.0);
  // What is measured in one piece is the sum of its parts, but for what ended
  // between two looks at the clock.
  EXPECT_NEAR(text.sum("sluice_loop_iteration_seconds_sum"), busy,
              busy * 0.5 + 0.001);
}

TEST_F(collector_test, loops_that_share_a_name_have_series_of_their_own) {
  runtime::loop_group others{sys, {.loops = 2}};
  auto options = both_loops();
  options.loops.push_back(&others.at(0));
  options.loops.push_back(&others.at(1));
  collector metrics{sys, options};
  auto text = read(metrics);
  for (auto name : {"loop-0", "loop-1", "loop-0 (2)", "loop-1 (2)"})
    EXPECT_EQ(text.value("sluice_loop_up{loop=\"" + std::string{name} + "\"}"),
              1.0)
        << name;
}

TEST_F(collector_test, datagrams_are_those_that_were) {
  collector metrics{sys, both_loops()};
  auto opened =
      net::open_datagram(loops, "udp://127.0.0.1:0",
                         [](net::datagram_broker* self) -> caf::behavior {
                           return {
                               [=](const net::datagram& x) {
                                 self->send_datagram(x.bytes, x.from);
                               },
                               [](const net::rejected&) {},
                           };
                         });
  ASSERT_TRUE(opened) << sys.render(opened.error());
  auto fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  auto to = at_port(opened->local.port());
  ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  for (int i = 0; i < 5; ++i) {
    char back[100];
    ASSERT_EQ(::send(fd, "0123456789", 10, 0), 10);
    ASSERT_EQ(::recv(fd, back, sizeof back, 0), 10);
  }
  ::close(fd);
  auto text = read(metrics);
  EXPECT_EQ(text.value("sluice_datagram_sockets"), 1.0);
  EXPECT_EQ(text.value("sluice_datagrams_received_total"), 5.0);
  EXPECT_EQ(text.value("sluice_datagram_received_bytes_total"), 50.0);
  EXPECT_EQ(text.value("sluice_datagrams_written_total"), 5.0);
  EXPECT_EQ(text.value("sluice_datagram_written_bytes_total"), 50.0);
  EXPECT_EQ(text.value("sluice_datagrams_queued"), 0.0);
  // To a host name, which would need a look-up first.
  caf::scoped_actor self{sys};
  self->send(opened->actor,
             net::send_datagram{runtime::byte_slice::copy("x"),
                                *net::endpoint::parse("udp://localhost:1")});
  self->receive([](const net::rejected&) {});
  caf::anon_send_exit(opened->actor, caf::exit_reason::user_shutdown);
  auto after = read_until(metrics, [](const exposition& x) {
    return x.value("sluice_datagram_sockets") == 0;
  });
  EXPECT_EQ(
      after.value("sluice_datagrams_rejected_total{reason=\"bad_endpoint\"}"),
      1.0);
  EXPECT_EQ(
      after.value("sluice_datagram_sockets_closed_total{reason=\"quit\"}"),
      1.0);
  EXPECT_EQ(after.value("sluice_datagrams_received_total"), 5.0);
}

// -- a loop that is stuck -----------------------------------------------------

class stuck_loop {
public:
  explicit stuck_loop(runtime::event_loop& loop) {
    runtime::spawn_on(loop, [x = gates_](runtime::loop_actor*) {
      x->in.release();
      x->out.acquire();
    });
    gates_->in.acquire();
  }

  ~stuck_loop() { free(); }

  void free() {
    if (!std::exchange(freed_, true))
      gates_->out.release();
  }

private:
  struct gates {
    std::binary_semaphore in{0};
    std::binary_semaphore out{0};
  };

  std::shared_ptr<gates> gates_ = std::make_shared<gates>();
  bool freed_ = false;
};

TEST_F(collector_test, stuck_loop_is_said_so_and_the_others_figures_come) {
  auto port = serve();
  auto options = both_loops();
  options.answer = 200ms;
  collector metrics{sys, options};
  plain_peer one{port};
  plain_peer two{port};
  one.echo("hello");
  two.echo("hello");
  auto before = read_until(metrics, [](const exposition& x) {
    return x.sum("sluice_loop_up") == 2;
  });
  {
    stuck_loop stuck{loops.at(1)};
    auto meanwhile = read(metrics);
    EXPECT_EQ(meanwhile.value("sluice_loop_up{loop=\"loop-0\"}"), 1.0);
    EXPECT_EQ(meanwhile.value("sluice_loop_up{loop=\"loop-1\"}"), 0.0);
    EXPECT_TRUE(
        meanwhile.value("sluice_loop_iterations_total{loop=\"loop-0\"}"));
    EXPECT_FALSE(
        meanwhile.value("sluice_loop_iterations_total{loop=\"loop-1\"}"));
    // Sums over all loops do not fall: that would look like a restart.
    EXPECT_EQ(meanwhile.value("sluice_connections_opened_total{by=\"peer\"}"),
              before.value("sluice_connections_opened_total{by=\"peer\"}"));
    // However often it is asked, one question waits there.
    for (int i = 0; i < 3; ++i)
      read(metrics);
    EXPECT_LE(loops.at(1).residents(), before.sum("sluice_loop_actors") + 2);
  }
  auto after = read_until(metrics, [](const exposition& x) {
    return x.sum("sluice_loop_up") == 2;
  });
  EXPECT_TRUE(after.value("sluice_loop_iterations_total{loop=\"loop-1\"}"));
}

// -- several at once, and the end ---------------------------------------------

TEST_F(collector_test, who_comes_while_one_is_under_way_shares_it) {
  auto options = both_loops();
  collector metrics{sys, options};
  stuck_loop stuck{loops.at(0)};
  std::vector<std::future<text_or_error>> all;
  for (int i = 0; i < 5; ++i)
    all.push_back(ask(metrics));
  stuck.free();
  auto first = all[0].get();
  ASSERT_TRUE(first);
  for (std::size_t i = 1; i < all.size(); ++i) {
    auto next = all[i].get();
    ASSERT_TRUE(next);
    EXPECT_EQ(*next, *first);
  }
}

TEST_F(collector_test, too_many_that_wait_are_refused) {
  collector metrics{sys, both_loops()};
  stuck_loop stuck{loops.at(0)};
  std::vector<std::future<text_or_error>> all;
  for (std::size_t i = 0; i < runtime::limits::metrics_waiting_max; ++i)
    all.push_back(ask(metrics));
  auto refused = ask(metrics).get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(),
            static_cast<std::uint8_t>(runtime::errc::too_many_waiting));
  stuck.free();
  for (auto& x : all)
    EXPECT_TRUE(x.get());
}

TEST_F(collector_test, those_who_wait_hear_of_the_end) {
  auto metrics = std::make_unique<collector>(sys, both_loops());
  stuck_loop stuck{loops.at(0)};
  auto waiting = ask(*metrics);
  metrics.reset();
  EXPECT_FALSE(waiting.get());
}

TEST_F(collector_test, actors_ask_by_message) {
  collector metrics{sys, both_loops()};
  caf::scoped_actor self{sys};
  std::string text;
  self->request(metrics.actor(), 30s, actors::metrics::collect_metrics{})
      .receive([&](std::string& x) { text = std::move(x); },
               [&](caf::error& x) { FAIL() << sys.render(x); });
  EXPECT_EQ(exposition{text}.errors(), std::vector<std::string>{});
}

// -- what the program counts itself -------------------------------------------

struct bad_source final : prometheus::Collectable {
  std::vector<prometheus::MetricFamily> Collect() const override {
    throw std::runtime_error{"no"};
  }
};

TEST_F(collector_test, counters_of_the_program_are_there) {
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter()
      .Name("orders_total")
      .Help("Orders.")
      .Register(*registry)
      .Add({{"kind", "odd \"one\"\n"}})
      .Increment(3);
  auto options = both_loops();
  options.registries = {std::make_shared<bad_source>(), registry};
  collector metrics{sys, options};
  auto text = read(metrics);
  EXPECT_EQ(text.value("orders_total{kind=\"odd \"one\"\n\"}"), 3.0);
  EXPECT_EQ(text.value("sluice_metrics_sources_failed"), 1.0);
}

TEST_F(collector_test, family_of_a_name_that_is_taken_is_left_out) {
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter()
      .Name("sluice_listeners")
      .Help("Not so.")
      .Register(*registry)
      .Add({})
      .Increment(77);
  auto options = both_loops();
  options.registries = {registry, registry};
  collector metrics{sys, options};
  auto text = read(metrics); // which fails if a name comes twice
  EXPECT_EQ(text.value("sluice_listeners"), 0.0);
}

// -- mailboxes and pressure ---------------------------------------------------

class busy_worker : public actors::flow_actor {
public:
  busy_worker(caf::actor_config& cfg,
              std::shared_ptr<std::binary_semaphore> gate)
      : flow_actor(cfg), gate_(std::move(gate)) {
    limit_mailbox({.high = 10, .low = 5, .cap = 20});
  }

  const char* name() const override { return "busy_worker"; }

  caf::behavior make_behavior() override {
    return {[this](int) {
      if (auto gate = std::exchange(gate_, nullptr))
        gate->acquire();
    }};
  }

private:
  std::shared_ptr<std::binary_semaphore> gate_;
};

TEST_F(collector_test, mailboxes_say_what_they_hold_and_held) {
  auto gate = std::make_shared<std::binary_semaphore>(0);
  collector metrics{sys, both_loops()};
  // The sums are those of the process, which may have had other tests.
  auto before = read(metrics);
  auto series = [](const std::string& name) {
    return "sluice_" + name + "{actor=\"busy_worker\"}";
  };
  auto grown = [&](const exposition& now, const std::string& name) {
    return now.value(name).value_or(-1) - before.value(name).value_or(0);
  };
  auto held = "sluice_backpressure_held{queue=\"mailbox\"}";
  auto worker = sys.spawn<busy_worker>(gate);
  caf::scoped_actor self{sys};
  for (int i = 0; i < 30; ++i)
    self->send(worker, i);
  auto full = read(metrics);
  EXPECT_EQ(full.value(series("mailboxes")), 1.0);
  EXPECT_EQ(full.value(series("mailbox_messages")), 20.0);
  EXPECT_EQ(full.value(series("mailboxes_overloaded")), 1.0);
  EXPECT_EQ(grown(full, series("mailbox_refused_messages_total")), 10.0);
  EXPECT_EQ(grown(full, "sluice_backpressure_applied_total{queue=\"mailbox\"}"),
            1.0);
  EXPECT_EQ(grown(full, held), 1.0);
  gate->release();
  auto empty = read_until(metrics, [&](const exposition& x) {
    return x.value(series("mailbox_messages")) == 0;
  });
  EXPECT_EQ(grown(empty, held), 0.0);
  caf::anon_send_exit(worker, caf::exit_reason::user_shutdown);
  auto after = read_until(metrics, [&](const exposition& x) {
    return x.value(series("mailboxes")) == 0;
  });
  EXPECT_GE(grown(after, series("mailbox_handled_messages_total")), 20.0);
  EXPECT_EQ(grown(after, series("mailbox_overloads_total")), 1.0);
  EXPECT_EQ(after.value(series("mailbox_messages_peak")), 20.0);
  EXPECT_GT(grown(after, series("mailbox_holding_seconds_total")), 0.0);
  EXPECT_EQ(
      grown(after, "sluice_backpressure_held_seconds_count{queue=\"mailbox\"}"),
      1.0);
}

} // namespace
} // namespace sluice::testing

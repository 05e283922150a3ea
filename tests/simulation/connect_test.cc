// Brokers that connect to a server which answers, refuses, stalls or resets,
// on worlds with all faults: each stays connected or gets exactly one *closed*
// with a reason, and no descriptor is left.

#include "net/listen.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_runtime.h"
#include "tests/support/sim_server.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

struct client_log {
  net::stream_broker* self = nullptr;
  caf::actor handle;
  bool connected = false;
  bool got_welcome = false;
  std::size_t returned = 0;
  std::optional<net::closed> how;
  std::string fault;
};

constexpr std::string_view request = "a request of some bytes";

caf::behavior client(net::stream_broker* self, client_log* log) {
  log->self = self;
  log->handle = caf::actor{self};
  self->write(request);
  return {
      [=](const net::connected& x) {
        if (log->connected || log->how)
          log->fault = "connected twice, or after the end";
        if (x.remote.port() == 0 || x.local.port() == 0)
          log->fault = "an endpoint has no port";
        log->connected = true;
      },
      [=](const net::received&) {
        if (!log->connected)
          log->fault = "received before connected";
        log->got_welcome = true;
      },
      [=](const net::rejected& x) { log->returned += x.bytes.size(); },
      [=](const net::closed& x) {
        if (log->how)
          log->fault = "closed twice";
        log->how = x;
      },
  };
}

/// What the server does with a connection.
void treat(sim_world& world, sim_peer& peer) {
  auto& random = world.random();
  auto later = random.between(0ms, 1s);
  switch (random.below(5)) {
  case 0:
    world.after(later, [&peer] { peer.reset(); });
    break;
  case 1:
    world.after(later, [&peer] { peer.close(); });
    break;
  case 2:
    peer.stop_reading();
    break;
  default:
    peer.send("welcome");
  }
}

const char* const targets[] = {
    "tcp://127.0.0.1:6379", // somebody is there
    "tcp://127.0.0.1:6379",
    "tcp://127.0.0.1:6380", // nobody is
    "tcp://10.0.0.1:80",    // no route
    "unix:///nobody",
};

void check_end(const client_log& log, const caf::actor_system& sys) {
  EXPECT_EQ(log.fault, "");
  if (!log.how) {
    EXPECT_TRUE(log.connected) << "it neither stands nor ended";
    EXPECT_EQ(log.self->state(), net::stream_state::open);
    return;
  }
  EXPECT_EQ(log.self->state(), net::stream_state::closed);
  EXPECT_EQ(log.how->unsent, log.returned);
  auto& counts = log.self->counts();
  EXPECT_EQ(counts.accepted, counts.written + counts.returned);
  EXPECT_EQ(net::is_orderly(log.how->reason), !log.how->error);
  if (!log.connected) {
    EXPECT_EQ(log.returned, request.size());
    auto text = sys.render(log.how->error);
    EXPECT_NE(text.find("://"), std::string::npos)
        << "no endpoint is named: " << text;
  }
}

void run_clients(std::uint64_t seed) {
  sim_world world{seed};
  auto& random = world.random();
  std::deque<client_log> logs;
  sim_server server{world, at("127.0.0.1", 6379),
                    static_cast<int>(random.between(0, 4))};
  server.on_accept = [&](sim_peer& x) { treat(world, x); };
  if (random.per_mille(200))
    server.pause();
  if (random.per_mille(300))
    world.network().stall(world.host(), world.host(), random.between(1s, 1min));
  auto before = world.host().open_descriptors();
  {
    sim_runtime run{world, 2};
    for (auto count = random.between(1, 6); count > 0; --count) {
      logs.emplace_back();
      net::stream_options options;
      options.connect_deadline = random.between(100ms, 30s);
      options.write_stall = 10s;
      auto broker = net::connect(run.loop(random.below(2)),
                                 targets[random.below(std::size(targets))],
                                 client, options, &logs.back());
      ASSERT_TRUE(broker);
      if (random.per_mille(100))
        world.after(random.between(0ms, 100ms), [handle = *broker] {
          caf::anon_send(handle, net::close{});
        });
      run.during(random.between(0ms, 200ms));
    }
    run.during(5min);
    for (auto& x : logs)
      check_end(x, run.system());
    for (auto& x : logs)
      caf::anon_send(x.handle, net::close{net::close_mode::abort});
    run.during(1min);
    for (auto& x : logs) {
      EXPECT_TRUE(x.how);
      EXPECT_EQ(x.fault, "");
      x.handle = nullptr;
    }
  }
  EXPECT_EQ(world.host().open_descriptors(), before);
}

TEST(connect_simulation, each_stays_connected_or_ends_once_with_a_reason) {
  for_each_seed(2'000, run_clients);
}

} // namespace
} // namespace sluice::testing

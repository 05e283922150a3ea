// A listener on worlds with all faults that run out of descriptors again and
// again: it pauses, says so, resumes, and serves everybody in the end.

#include "net/listen.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_runtime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <set>
#include <string>
#include <vector>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

/// Answers the first bytes and closes: an early end frees a descriptor.
caf::behavior serve_once(net::stream_broker* self, std::size_t* served) {
  return {
      [=](const net::received&) {
        ++*served;
        self->write("served");
        self->close();
      },
  };
}

struct observer_log {
  std::size_t pauses = 0;
  std::size_t resumes = 0;
  std::set<int> errors;
};

caf::behavior observe(runtime::loop_actor*, observer_log* log) {
  return {
      [=](const net::accept_paused& x) {
        ++log->pauses;
        log->errors.insert(x.os_error);
      },
      [=](net::accept_resumed) { ++log->resumes; },
  };
}

/// Clients that ask, and close when they are answered.
struct crowd {
  crowd(sim_world& w, std::size_t size) : world(w) {
    for (std::size_t i = 0; i < size; ++i) {
      peers.emplace_back(world);
      auto& peer = peers.back();
      peer.on_progress = [this, &peer] {
        if (peer.saw_end() && !peer.closed())
          world.after(world.random().between(0ms, 300ms),
                      [&peer] { peer.close(); });
      };
    }
  }

  void come(runtime::duration within) {
    for (auto& peer : peers)
      world.after(world.random().between(0ms, within), [&peer] {
        peer.send("hello");
        peer.connect(at("127.0.0.1", 7000));
      });
  }

  std::size_t served() const {
    return static_cast<std::size_t>(
        std::count_if(peers.begin(), peers.end(),
                      [](auto& x) { return x.received() == "served"; }));
  }

  std::size_t aborted() const {
    return static_cast<std::size_t>(std::count_if(
        peers.begin(), peers.end(), [](auto& x) { return x.error() != 0; }));
  }

  sim_world& world;
  std::deque<sim_peer> peers;
};

void run_shortage(sim_world& world, std::size_t spare) {
  auto& random = world.random();
  auto before = world.host().open_descriptors();
  observer_log log;
  std::size_t served = 0;
  crowd clients{world, random.between(1, 20)};
  {
    sim_runtime run{world, 2};
    net::listen_options options;
    options.observer = runtime::spawn_on(run.loop(), observe, &log);
    auto server = net::listen(run.loop(), "tcp://127.0.0.1:7000", serve_once,
                              options, &served);
    if (!server)
      return; // a world without descriptors
    world.host().set_descriptor_limit(world.host().open_descriptors() + spare);
    clients.come(random.between(1ms, 2s));
    run.until([&] {
      return clients.served() + clients.aborted() == clients.peers.size();
    });
    if (world.settings().faults.accept_aborted == 0) {
      EXPECT_EQ(clients.aborted(), 0u);
      EXPECT_EQ(clients.served(), clients.peers.size());
    }
    run.during(10s);
    EXPECT_EQ(clients.served() + clients.aborted(), clients.peers.size());
    EXPECT_EQ(log.pauses, log.resumes);
    if (world.settings().faults.shortage == 0) {
      EXPECT_TRUE(log.errors.empty() || log.errors == std::set{EMFILE});
    }
    options.observer = nullptr;
    caf::anon_send_exit(server->actor, caf::exit_reason::user_shutdown);
  }
  EXPECT_EQ(world.host().open_descriptors(), before);
}

TEST(listener_simulation, everybody_is_served_with_few_descriptors) {
  for_each_seed(1'500, [](std::uint64_t seed) {
    sim_world world{seed};
    run_shortage(world, world.random().between(1, 5));
  });
}

// -- the same by hand ---------------------------------------------------------

TEST(listener_simulation, pause_is_told_with_its_errno_and_ends) {
  sim_world world{1, sim_settings::calm()};
  observer_log log;
  std::size_t served = 0;
  crowd clients{world, 2};
  sim_runtime run{world};
  net::listen_options options;
  options.observer = runtime::spawn_on(run.loop(), observe, &log);
  auto server = net::listen(run.loop(), "tcp://127.0.0.1:7000", serve_once,
                            options, &served);
  ASSERT_TRUE(server);
  world.host().set_descriptor_limit(world.host().open_descriptors());
  clients.come(1ms);
  run.during(50ms);
  EXPECT_EQ(log.pauses, 1u);
  EXPECT_EQ(log.resumes, 0u);
  EXPECT_EQ(log.errors, std::set{EMFILE});
  auto turns = run.loop().stats().iterations;
  run.during(1s);
  EXPECT_GE(log.pauses, 9u) << "it must try again";
  EXPECT_LE(run.loop().stats().iterations - turns, 100u) << "it must not spin";
  world.host().set_descriptor_limit(100);
  run.during(1s);
  EXPECT_EQ(clients.served(), 2u);
  EXPECT_EQ(log.pauses, log.resumes);
  options.observer = nullptr;
}

TEST(listener_simulation, port_in_use_is_named) {
  sim_world world{1, sim_settings::calm()};
  sim_runtime run{world};
  std::size_t served = 0;
  auto first =
      net::listen(run.loop(), "tcp://127.0.0.1:7000", serve_once, {}, &served);
  ASSERT_TRUE(first);
  auto second =
      net::listen(run.loop(), "tcp://127.0.0.1:7000", serve_once, {}, &served);
  ASSERT_FALSE(second);
  auto text = run.system().render(second.error());
  EXPECT_NE(text.find("tcp://127.0.0.1:7000"), std::string::npos) << text;
  EXPECT_NE(text.find("EADDRINUSE"), std::string::npos) << text;
}

TEST(listener_simulation, port_is_free_again_when_the_listener_ends) {
  sim_world world{1, sim_settings::calm()};
  sim_runtime run{world};
  std::size_t served = 0;
  for (int i = 0; i < 2; ++i) {
    auto server = net::listen(run.loop(), "tcp://127.0.0.1:7000", serve_once,
                              {}, &served);
    ASSERT_TRUE(server) << "round " << i;
    caf::anon_send(server->actor, net::close{});
    run.during(1ms);
  }
}

TEST(listener_simulation, port_of_zero_is_replaced_by_the_one_it_got) {
  sim_world world{1, sim_settings::calm()};
  sim_runtime run{world};
  std::size_t served = 0;
  auto server =
      net::listen(run.loop(), "tcp://127.0.0.1:0", serve_once, {}, &served);
  ASSERT_TRUE(server);
  ASSERT_NE(server->local.port(), 0);
  sim_peer peer{world};
  peer.send("hello");
  peer.connect(at("127.0.0.1", server->local.port()));
  run.during(1ms);
  EXPECT_EQ(peer.received(), "served");
}

} // namespace
} // namespace sluice::testing

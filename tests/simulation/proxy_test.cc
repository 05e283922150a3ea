// Two brokers back to back on worlds with all faults: what one reads the other
// writes. Bytes arrive as they were sent, and backpressure crosses: however
// slow one side is, little is held between them.

#include "net/listen.h"
#include "tests/support/pattern.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_runtime.h"
#include "tests/support/sim_server.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

struct side {
  net::stream_broker* self = nullptr;
  std::size_t overflows = 0;
  std::optional<net::closed> how;
};

struct proxy_log {
  side front;
  side back;
};

/// What both brokers of a pair do. `other` may not be known yet.
caf::behavior forward(net::stream_broker* self, side& mine,
                      const std::shared_ptr<caf::actor>& other) {
  mine.self = self;
  return {
      [=](const net::received& in) {
        self->send(*other, net::write{in.bytes, 0});
      },
      [=](net::half_closed) { self->send(*other, net::shutdown_write{}); },
      [&mine](const net::rejected& x) {
        mine.overflows += x.reason == net::reject_reason::overflow;
      },
      [=, &mine](const net::closed& x) {
        mine.how = x;
        self->send(*other,
                   net::close{is_orderly(x.reason) ? net::close_mode::drain
                                                   : net::close_mode::abort});
        *other = nullptr;
      },
  };
}

caf::behavior back(net::stream_broker* self, proxy_log* log, caf::actor front) {
  return forward(self, log->back, std::make_shared<caf::actor>(front));
}

caf::behavior front(net::stream_broker* self, proxy_log* log) {
  auto other = std::make_shared<caf::actor>();
  auto made = net::connect(self->loop(), "tcp://127.0.0.1:6379", back,
                           self->options(), log, caf::actor{self});
  EXPECT_TRUE(made);
  *other = *made;
  return forward(self, log->front, other);
}

/// A peer that sends a text in pieces and reads by fits; in the end it sends
/// its end and reads everything.
struct talker {
  talker(sim_world& w, std::uint64_t stream)
      : world(w),
        text(pattern(stream, 0,
                     w.random().size_between(1, w.settings().easy_bytes()))) {}

  void begin(sim_peer& p) {
    peer = &p;
    p.stop_reading();
    turns = world.random().below(40);
    go_on();
  }

  void go_on() {
    auto& random = world.random();
    if (turns == 0 || --turns == 0) {
      peer->send(std::string_view{text}.substr(sent));
      peer->half_close();
      return peer->read_all();
    }
    auto size =
        std::min(random.size_between(1, text.size()), text.size() - sent);
    peer->send(std::string_view{text}.substr(sent, size));
    sent += size;
    peer->read_more(random.size_between(1, 10'000));
    world.after(random.between(0ms, 50ms), [this] { go_on(); });
  }

  sim_world& world;
  std::string text;
  sim_peer* peer = nullptr;
  std::size_t sent = 0;
  std::size_t turns = 0;
};

void run_proxy(std::uint64_t seed, bool orderly) {
  sim_world world{seed};
  auto& random = world.random();
  world.settings().faults.accept_aborted = 0;
  world.settings().faults.shortage = 0;
  auto before = world.host().open_descriptors();
  net::stream_options options;
  auto high = random.size_between(64, 64 * 1024);
  options.write_marks = {high, high / 2};
  options.write_stall = 0s;
  options.close_drain = 1h;
  options.connect_deadline = 1h;
  proxy_log log;
  talker client{world, 1};
  talker origin{world, 2};
  sim_peer peer{world};
  sim_server server{world, at("127.0.0.1", 6379)};
  before = world.host().open_descriptors();
  server.on_accept = [&](sim_peer& x) { origin.begin(x); };
  {
    sim_runtime run{world, 2};
    auto bound = high + 2 * runtime::limits::read_turn_bytes;
    run.after_step = [&] {
      for (auto x : {&log.front, &log.back})
        if (x->self != nullptr && !x->how) {
          EXPECT_LE(x->self->queued(), bound);
        }
    };
    auto listening = net::listen(run.loop(), "tcp://127.0.0.1:7000", front,
                                 {.stream = options, .observer = {}}, &log);
    ASSERT_TRUE(listening);
    client.begin(peer);
    peer.connect(at("127.0.0.1", 7000));
    if (!orderly)
      world.after(random.between(0ms, 500ms), [&] {
        if (random.per_mille(500) && !server.peers().empty())
          server.last().reset();
        else
          peer.reset();
      });
    auto over = [](const sim_peer& x) {
      return x.saw_end() || x.error() != 0 || x.closed();
    };
    // A connection that is reset early may never reach the server.
    auto server_over = [&] {
      return server.peers().empty() ? !orderly : over(server.last());
    };
    if (orderly)
      run.until([&] { return over(peer) && server_over(); });
    else
      run.during(1h);
    ASSERT_TRUE(over(peer)) << "the client waits for ever";
    ASSERT_TRUE(server_over()) << "the server waits for ever";
    if (orderly) {
      EXPECT_EQ(testing::mismatch(1, 0, server.last().received()),
                std::string::npos);
      EXPECT_EQ(server.last().received().size(), client.text.size());
      EXPECT_EQ(testing::mismatch(2, 0, peer.received()), std::string::npos);
      EXPECT_EQ(peer.received().size(), origin.text.size());
    }
    peer.close();
    if (!server.peers().empty())
      server.last().close();
    run.during(10min);
    for (auto x : {&log.front, &log.back}) {
      if (x->self == nullptr && !orderly)
        continue; // it never came to be
      ASSERT_TRUE(x->how) << "half of a pair stayed";
      EXPECT_EQ(x->overflows, 0u);
      if (orderly) {
        EXPECT_TRUE(net::is_orderly(x->how->reason))
            << to_string(x->how->reason);
        EXPECT_EQ(x->how->unsent, 0u);
      }
    }
    run.after_step = {};
    caf::anon_send_exit(listening->actor, caf::exit_reason::user_shutdown);
  }
  EXPECT_EQ(world.host().open_descriptors(), before);
}

TEST(proxy_simulation, both_directions_arrive_as_they_were_sent) {
  for_each_seed(1'000, [](auto seed) { run_proxy(seed, true); });
}

TEST(proxy_simulation, reset_on_one_side_ends_the_other) {
  for_each_seed(1'000, [](auto seed) { run_proxy(seed, false); });
}

} // namespace
} // namespace sluice::testing

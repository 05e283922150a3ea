// An echo server on worlds with all faults: what a client gets back is what it
// sent, whatever is slow, short or interrupted.

#include "net/line_codec.h"
#include "net/listen.h"
#include "tests/support/pattern.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_runtime.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

/// What the brokers of one run did.
struct echo_log {
  std::size_t opened = 0;
  std::size_t orderly = 0;
  std::size_t failed = 0;
  std::size_t most_queued = 0;
  std::string first_failure;
};

caf::behavior echo(net::stream_broker* self, echo_log* log, bool framed) {
  auto note_end = [log](const net::closed& x) {
    if (net::is_orderly(x.reason) && x.unsent == 0)
      ++log->orderly;
    else if (++log->failed == 1)
      log->first_failure = to_string(x.reason);
  };
  return {
      [log](const net::accepted&) { ++log->opened; },
      [=](const net::received& in) {
        if (framed)
          self->write_frame(in.bytes);
        else
          self->write(in.bytes);
        log->most_queued =
            std::max<std::size_t>(log->most_queued, self->queued());
      },
      note_end,
  };
}

/// A client that sends and reads by fits.
struct client {
  client(sim_world& w, std::size_t size, bool framed)
      : world(w), peer(w), text(pattern(w.random().next(), 0, size)) {
    if (framed) {
      std::replace(text.begin(), text.end(), '\r', '.');
      for (std::size_t i = 99; i < text.size(); i += w.random().between(1, 200))
        text[i] = '\n';
      text += '\n';
    }
  }

  void begin() {
    peer.stop_reading();
    peer.connect(at("127.0.0.1", 7000));
    go_on();
  }

  void go_on() {
    auto& random = world.random();
    if (sent < text.size()) {
      auto size =
          std::min(random.size_between(1, text.size()), text.size() - sent);
      peer.send(std::string_view{text}.substr(sent, size));
      sent += size;
    } else {
      peer.half_close();
      done = true;
    }
    peer.read_more(random.size_between(1, text.size()));
    if (done)
      return peer.read_all();
    world.after(random.between(0ms, 5ms), [this] { go_on(); });
  }

  sim_world& world;
  sim_peer peer;
  std::string text;
  std::size_t sent = 0;
  bool done = false;
};

void run_echo(std::uint64_t seed, bool framed) {
  sim_world world{seed};
  auto& random = world.random();
  auto before = world.host().open_descriptors();
  net::stream_options options;
  auto high = random.size_between(256, 64 * 1024);
  options.write_marks = {high, high / 2};
  options.write_stall = 0s; // some worlds are very slow
  options.close_drain = 1h;
  if (framed)
    options.framing = [] {
      return std::make_unique<net::line_codec>(64 * 1024, net::line_ending::lf);
    };
  echo_log log;
  std::deque<client> clients;
  for (auto count = random.between(1, 4); count > 0; --count)
    clients.emplace_back(
        world, random.size_between(1, world.settings().easy_bytes()), framed);
  {
    sim_runtime run{world, random.between(1, 2)};
    auto server =
        net::listen(run.loop(), "tcp://127.0.0.1:7000", echo,
                    {.stream = options, .observer = {}}, &log, framed);
    if (!server)
      return; // a world without descriptors
    for (auto& x : clients)
      x.begin();
    auto over = [](auto& x) {
      return (x.done && x.peer.saw_end()) || x.peer.error() != 0;
    };
    ASSERT_TRUE(run.until([&] {
      return std::all_of(clients.begin(), clients.end(), over);
    })) << "a client waits for ever";
    for (auto& x : clients) {
      if (x.peer.error() == 0)
        EXPECT_EQ(x.peer.received(), x.text);
      else
        EXPECT_TRUE(world.settings().faults.accept_aborted > 0)
            << "a client was cut off";
      x.peer.close();
    }
    run.during(1min);
    EXPECT_EQ(log.failed, 0u) << log.first_failure;
    EXPECT_EQ(log.orderly, log.opened);
    // One write may cross high; then nothing more is read.
    EXPECT_LE(log.most_queued, high + 2 * runtime::limits::read_slab_bytes);
    caf::anon_send_exit(server->actor, caf::exit_reason::user_shutdown);
  }
  EXPECT_EQ(world.host().open_descriptors(), before);
}

TEST(echo_simulation, raw_bytes_come_back_as_they_were_sent) {
  for_each_seed(1'000, [](auto seed) { run_echo(seed, false); });
}

TEST(echo_simulation, lines_come_back_as_they_were_sent) {
  for_each_seed(1'000, [](auto seed) { run_echo(seed, true); });
}

} // namespace
} // namespace sluice::testing

// Writes on a stream_broker: by default as the contract wants it, until the
// sender is told *applied*; with --ignore as fast as it can, so that most
// writes are refused and come back.

#include "bench/loopback.h"
#include "bench/peer.h"
#include "bench/sink.h"
#include "net/config.h"
#include "net/listen.h"
#include "runtime/error.h"

#include <CLI/CLI.hpp>
#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace {

using sluice::bench::sink_block_bytes;
using sluice::bench::sink_options;
using sluice::net::backpressure;
using sluice::net::pressure;
using sluice::net::stream_broker;
using sluice::runtime::byte_slice;

using next_atom = caf::atom_constant<caf::atom("next")>;

/// Blocks written per message to itself: enough to keep the broker busy, few
/// enough to let it have its turn.
constexpr int burst_blocks = 8;

/// Memory of its own for each block, as a program has that sends what it made.
byte_slice make_block() {
  static const std::string content(sink_block_bytes, 'x');
  return byte_slice::copy(content);
}

caf::behavior sink(stream_broker* self, sink_options options) {
  auto block = byte_slice::copy(std::string(sink_block_bytes, 'x'));
  auto end =
      self->loop().now() + std::chrono::nanoseconds{options.duration_ns()};
  auto pressed = std::make_shared<bool>(false);
  auto go_on = [=] {
    if (self->loop().now() >= end)
      return self->abort();
    for (int i = 0; i < burst_blocks && !*pressed; ++i)
      self->write(make_block());
    self->set_timer(std::chrono::milliseconds{1});
  };
  return {
      [=](const sluice::net::accepted&) { go_on(); },
      [=](sluice::net::timed_out) { go_on(); },
      [=](const backpressure& x) {
        *pressed = x.state != pressure::released;
        if (!*pressed)
          go_on();
      },
      [](const sluice::net::rejected&) {}, // here one would keep them
  };
}

/// A plain actor that floods a broker and heeds nothing.
caf::behavior flood(caf::event_based_actor* self, caf::actor to,
                    sink_options options) {
  auto end = std::chrono::steady_clock::now()
             + std::chrono::nanoseconds{options.duration_ns()};
  self->send(self, next_atom::value);
  return {
      [=](next_atom) {
        if (std::chrono::steady_clock::now() >= end) {
          self->send(to, sluice::net::close{sluice::net::close_mode::abort});
          return self->quit();
        }
        for (int i = 0; i < burst_blocks; ++i)
          self->send(to, sluice::net::write{make_block(), 0});
        self->send(self, next_atom::value);
      },
      [](const sluice::net::rejected&) {}, // here one would keep them
      [](const backpressure&) {},
  };
}

caf::behavior flooded(stream_broker* self, sink_options options) {
  self->system().spawn(flood, caf::actor{self}, options);
  return {[](const sluice::net::received&) {}};
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Writes on a Sluice stream_broker."};
  sink_options options;
  bool ignore = false;
  sluice::bench::add_sink_options(app, options);
  app.add_flag("--ignore", ignore, "write on under backpressure");
  CLI11_PARSE(app, argc, argv);
  auto stop = sluice::bench::open_stop_signal();
  sluice::net::config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system system{cfg};
  sluice::runtime::loop_group loops{system, {.loops = 1}};
  auto where = "tcp://127.0.0.1:" + std::to_string(options.port);
  auto server = ignore ? sluice::net::listen(loops, where, flooded, {}, options)
                       : sluice::net::listen(loops, where, sink, {}, options);
  if (!server) {
    std::fprintf(stderr, "%s\n",
                 sluice::runtime::to_text(server.error()).c_str());
    return 1;
  }
  sluice::bench::announce(server->local.port());
  sluice::bench::await_stop_signal(stop);
}

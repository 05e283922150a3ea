// An echo server on a stream_broker whose behavior is the user's.

#include "bench/loopback.h"
#include "bench/peer.h"
#include "net/config.h"
#include "net/listen.h"
#include "runtime/error.h"

#include <CLI/CLI.hpp>
#include <caf/actor_system.hpp>

#include <cstdio>
#include <string>

namespace {

caf::behavior echo(sluice::net::stream_broker* self) {
  return {
      [=](const sluice::net::received& in) { self->write(in.bytes); },
  };
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Echoes on a Sluice stream_broker."};
  unsigned port = 0;
  app.add_option("--port", port, "0 lets the system choose");
  CLI11_PARSE(app, argc, argv);
  auto stop = sluice::bench::open_stop_signal();
  sluice::net::config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system system{cfg};
  sluice::runtime::loop_group loops{system, {.loops = 1}};
  auto server = sluice::net::listen(
      loops, "tcp://127.0.0.1:" + std::to_string(port), echo);
  if (!server) {
    std::fprintf(stderr, "%s\n",
                 sluice::runtime::to_text(server.error()).c_str());
    return 1;
  }
  sluice::bench::announce(server->local.port());
  sluice::bench::await_stop_signal(stop);
}

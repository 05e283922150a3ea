// A key-value server that speaks Redis' protocol: redis-cli and redis-benchmark
// take it for one. Reading order: session.h, store.h, commands.h (what a
// command does), database.h, connection.cc (what a socket does), this file.

#include "examples/kv/connection.h"
#include "examples/kv/database.h"
#include "examples/support/server_program.h"
#include "examples/support/until_signal.h"
#include "net/config.h"
#include "net/listen.h"
#include "runtime/limits.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

namespace {

namespace kv = sluice::examples::kv;
namespace net = sluice::net;
namespace runtime = sluice::runtime;
namespace support = sluice::examples::support;
namespace limits = runtime::limits;
using namespace std::chrono_literals;

void print_summary(kv::server& shared) {
  std::printf("%llu connections, %llu commands, %llu hits, %llu misses, "
              "%zu keys\n",
              static_cast<unsigned long long>(shared.connections),
              static_cast<unsigned long long>(shared.commands),
              static_cast<unsigned long long>(shared.hits),
              static_cast<unsigned long long>(shared.misses),
              shared.keys->size());
}

/// An IPv6 address has colons of its own: RFC 3986 puts it into brackets.
std::string endpoint_text(const std::string& host, unsigned port) {
  auto bare_ipv6 = host.find(':') != std::string::npos && host.front() != '[';
  return "tcp://" + (bare_ipv6 ? "[" + host + "]" : host) + ":"
         + std::to_string(port);
}

int run(const std::string& where, long seconds,
        const kv::connection_settings& settings) {
  // Who started it may have stopped to read; that is no reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  support::until_signal end;
  net::config cfg;
  cfg.set("scheduler.max-threads", 1); // everything happens on the loop
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  auto& loop = loops.at(0);
  auto keys = runtime::spawn_on<kv::database>(loop);
  auto server =
      net::listen(loop, where, kv::serve,
                  {.stream = kv::connection_options(settings)}, keys, settings);
  if (!server)
    return support::fail(server.error());
  caf::anon_send(keys, server->local.port());
  support::announce(server->local);
  end.wait(std::chrono::seconds{seconds});
  loops.stop();
  print_summary(
      static_cast<kv::database*>(caf::actor_cast<caf::abstract_actor*>(keys))
          ->shared());
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"A key-value server that speaks Redis' protocol (RESP2)."};
  std::string host = "127.0.0.1";
  unsigned port = 6379;
  long seconds = 0;
  long idle = 0;
  long stall = limits::write_stall / 1s;
  kv::connection_settings settings;
  app.add_option("--host", host, "address to listen on")->capture_default_str();
  app.add_option("--port", port, "port to listen on; 0: any free one")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  support::add_seconds(app, "--seconds", seconds,
                       "end after this time; 0: never");
  support::add_seconds(app, "--idle-seconds", idle,
                       "disconnect a client that is silent for so long; "
                       "0: never");
  support::add_seconds(app, "--stall-seconds", stall,
                       "disconnect a client that takes none of its replies for "
                       "so long; 0: never");
  app.add_flag("--verbose", settings.verbose,
               "say on the standard error how each connection ended");
  CLI11_PARSE(app, argc, argv);
  settings.idle = std::chrono::seconds{idle};
  settings.stall = std::chrono::seconds{stall};
  return run(endpoint_text(host, port), seconds, settings);
}

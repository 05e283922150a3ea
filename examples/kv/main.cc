// A key-value server that speaks Redis' protocol: redis-cli and redis-benchmark
// take it for one. Reading order: session.h, store.h, commands.h (what a
// command does), database.h, connection.cc (what a socket does), this file.

#include "examples/kv/connection.h"
#include "examples/kv/database.h"
#include "net/config.h"
#include "net/listen.h"
#include "runtime/error.h"

#include <caf/actor_system.hpp>

#include <CLI/CLI.hpp>

#include <csignal>
#include <cstdio>
#include <ctime>
#include <string>

namespace {

namespace kv = sluice::examples::kv;
namespace net = sluice::net;
namespace runtime = sluice::runtime;

/// Blocked in every thread, and waited for by the first: no handler runs.
sigset_t end_signals() {
  sigset_t result;
  sigemptyset(&result);
  sigaddset(&result, SIGINT);
  sigaddset(&result, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &result, nullptr);
  return result;
}

void wait_for_end(const sigset_t& signals, long seconds) {
  timespec limit{seconds, 0};
  if (seconds > 0)
    sigtimedwait(&signals, nullptr, &limit);
  else
    sigwaitinfo(&signals, nullptr);
}

void print_summary(kv::server& shared) {
  std::printf("%llu connections, %llu commands, %llu hits, %llu misses, "
              "%zu keys\n",
              static_cast<unsigned long long>(shared.connections),
              static_cast<unsigned long long>(shared.commands),
              static_cast<unsigned long long>(shared.hits),
              static_cast<unsigned long long>(shared.misses),
              shared.keys.size());
}

int run(const std::string& where, long seconds) {
  auto signals = end_signals();
  net::config cfg;
  cfg.set("scheduler.max-threads", 1); // everything happens on the loop
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  auto& loop = loops.at(0);
  auto keys = runtime::spawn_on<kv::database>(loop, 0);
  auto server = net::listen(loop, where, kv::serve,
                            {.stream = kv::connection_options()}, keys);
  if (!server) {
    std::fprintf(stderr, "%s\n", runtime::to_text(server.error()).c_str());
    return EXIT_FAILURE;
  }
  std::printf("listening %u\n", server->local.port());
  std::fflush(stdout);
  wait_for_end(signals, seconds);
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
  app.add_option("--host", host, "address to listen on")->capture_default_str();
  app.add_option("--port", port, "port to listen on; 0: any free one")
      ->capture_default_str()
      ->check(CLI::Range(0, 65535));
  app.add_option("--seconds", seconds, "end after this time; 0: never")
      ->capture_default_str()
      ->check(CLI::Range(0, 999'999'999));
  CLI11_PARSE(app, argc, argv);
  return run("tcp://" + host + ":" + std::to_string(port), seconds);
}

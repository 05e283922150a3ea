// A load on a key-value cluster, with a line that says how it goes.

#include "examples/kv_cluster/load.h"
#include "examples/support/server_program.h"
#include "examples/support/until_signal.h"
#include "net/config.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

namespace {

namespace kv_cluster = sluice::examples::kv_cluster;
namespace support = sluice::examples::support;
using namespace std::chrono_literals;

struct figures {
  double seconds = 0;
  std::uint64_t rate = 0;
  std::uint64_t longest_us = 0;
};

/// On a terminal one line that changes, else a line each time.
void print(const figures& x, const kv_cluster::load_counters& counters) {
  auto changes = isatty(STDOUT_FILENO) != 0;
  std::printf("%s%6.0f s  %8llu a second  longest wait %8.1f ms  TRYAGAIN %llu "
              " CLUSTERDOWN %llu  lost connections %llu%s%s",
              changes ? "\r" : "", x.seconds,
              static_cast<unsigned long long>(x.rate),
              static_cast<double>(x.longest_us) / 1000,
              static_cast<unsigned long long>(counters.try_again.load()),
              static_cast<unsigned long long>(counters.cluster_down.load()),
              static_cast<unsigned long long>(counters.lost.load()),
              changes ? "\x1b[K" : "", changes ? "" : "\n");
  std::fflush(stdout);
}

int run(const kv_cluster::load_options& options, long seconds) {
  std::signal(SIGPIPE, SIG_IGN);
  support::until_signal end;
  sluice::net::config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system sys{cfg};
  sluice::runtime::loop_group loops{sys, {.loops = 1}};
  kv_cluster::load_counters counters;
  auto start = std::chrono::steady_clock::now();
  kv_cluster::start_load(loops.at(0), options, counters);
  std::uint64_t before = 0;
  std::uint64_t longest = 0;
  figures x;
  for (auto last = start;;) {
    auto ended = end.wait_for(1s);
    auto now = std::chrono::steady_clock::now();
    auto answered = counters.answered.load();
    x.seconds = std::chrono::duration<double>(now - start).count();
    x.rate = static_cast<std::uint64_t>(
        static_cast<double>(answered - before)
        / std::chrono::duration<double>(now - last).count());
    x.longest_us = counters.longest_us.exchange(0);
    longest = std::max(longest, x.longest_us);
    before = answered;
    last = now;
    print(x, counters);
    if (ended || (seconds > 0 && now - start >= std::chrono::seconds{seconds}))
      break;
  }
  std::printf("\n%llu commands in %.1f s, %.0f a second; longest wait %.1f ms; "
              "%llu TRYAGAIN, %llu CLUSTERDOWN, %llu other errors, %llu lost "
              "connections\n",
              static_cast<unsigned long long>(before), x.seconds,
              static_cast<double>(before) / x.seconds,
              static_cast<double>(longest) / 1000,
              static_cast<unsigned long long>(counters.try_again.load()),
              static_cast<unsigned long long>(counters.cluster_down.load()),
              static_cast<unsigned long long>(counters.other_errors.load()),
              static_cast<unsigned long long>(counters.lost.load()));
  loops.stop();
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Writes and reads random keys at all nodes of a key-value "
               "cluster, and says each second how it goes."};
  kv_cluster::load_options options;
  options.nodes = {"tcp://127.0.0.1:6379"};
  long seconds = 0;
  app.add_option("--nodes", options.nodes, "endpoints of the nodes")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--clients", options.clients, "connections")
      ->capture_default_str()
      ->check(CLI::Range(1, 10'000));
  app.add_option("--pipeline", options.pipeline,
                 "commands that each has under way")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000));
  app.add_option("--keys", options.keys, "different keys")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000'000));
  app.add_option("--value-bytes", options.value_bytes, "of each value")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  app.add_option("--writes", options.writes, "of a hundred commands")
      ->capture_default_str()
      ->check(CLI::Range(0, 100));
  app.add_option("--wait", options.wait_replicas,
                 "for a Redis: each write waits for so many replicas")
      ->capture_default_str()
      ->check(CLI::Range(0, 10));
  support::add_seconds(app, "--seconds", seconds,
                       "end after this time; 0: never");
  CLI11_PARSE(app, argc, argv);
  return run(options, seconds);
}

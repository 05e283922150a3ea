// What membership costs: nodes of one cluster in this process, each with
// channels of its own over the loopback interface, on one event loop. Prints a
// table: how long until all have the whole list, and what one node costs of a
// core for each beat when nothing happens, less what the process costs without
// any node (CAF's scheduler looks for work now and then).
//
//   members_bench --nodes 3,10,25,50 --seconds 10

#include "actors/cluster/node.h"
#include "actors/config.h"
#include "runtime/error.h"
#include "runtime/limits.h"
#include "runtime/loop_actor.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <CLI/CLI.hpp>

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace sluice::bench {
namespace {

using namespace actors;
using clock = std::chrono::steady_clock;

/// How long a cluster may take to settle before the bench gives up.
constexpr std::chrono::seconds settle_max{60};

/// Counts the nodes that have the whole list and are members.
struct progress {
  std::atomic<std::size_t> complete{0};
};

caf::behavior watch(runtime::loop_actor* self, const caf::actor& node,
                    std::size_t nodes, progress* all) {
  self->send(node, cluster::watch_members{caf::actor_cast<caf::actor>(self)});
  auto known = std::make_shared<std::size_t>(0);
  auto gained = std::make_shared<bool>(false);
  auto count = [=] {
    if (*known == nodes && *gained)
      ++all->complete;
  };
  return {
      [=](const cluster::node_joined&) {
        ++*known;
        count();
      },
      [=](const cluster::node_down&) { --*known; },
      [=](const cluster::membership_gained&) {
        *gained = true;
        count();
      },
      [=](const cluster::membership_lost&) { *gained = false; },
      [=](const cluster::node_suspected&) {},
      [=](const cluster::node_trusted&) {},
      [=](const cluster::node_left&) {},
  };
}

double cpu_seconds() {
  rusage x{};
  getrusage(RUSAGE_SELF, &x);
  auto seconds = [](const timeval& y) {
    return static_cast<double>(y.tv_sec)
           + static_cast<double>(y.tv_usec) / 1'000'000;
  };
  return seconds(x.ru_utime) + seconds(x.ru_stime);
}

/// Seconds of a core for each beat while nothing is done but wait.
double cpu_of_a_beat(std::chrono::seconds span) {
  auto cpu = cpu_seconds();
  auto begin = clock::now();
  std::this_thread::sleep_for(span);
  auto beats = std::chrono::duration<double>(clock::now() - begin)
               / std::chrono::duration<double>(runtime::limits::cluster_beat);
  return (cpu_seconds() - cpu) / beats;
}

/// The same in a process without nodes.
double measure_nothing(std::chrono::seconds span) {
  config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  auto result = cpu_of_a_beat(span);
  loops.stop();
  return result;
}

bool measure(std::size_t count, std::chrono::seconds span, double nothing) {
  config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  std::vector<cluster::node> nodes;
  // The first one is the seed of all: it begins the cluster, the others join.
  std::vector<std::string> seeds;
  progress all;
  auto start = clock::now();
  for (std::size_t i = 0; i < count; ++i) {
    auto made = cluster::node::start(
        loops.at(0), {.name = "n" + std::to_string(i + 1), .seeds = seeds});
    if (!made) {
      std::fprintf(stderr, "%s\n", runtime::to_text(made.error()).c_str());
      return false;
    }
    nodes.push_back(std::move(*made));
    if (seeds.empty())
      seeds.push_back(nodes[0].self().endpoint);
    runtime::spawn_on(loops.at(0), watch, nodes.back().actor(), count, &all);
  }
  while (all.complete < count && clock::now() - start < settle_max)
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  auto settled = clock::now() - start;
  if (all.complete < count) {
    std::fprintf(stderr, "%zu nodes: not settled after %lld s\n", count,
                 static_cast<long long>(settle_max.count()));
    return false;
  }
  auto us = (cpu_of_a_beat(span) - nothing) * 1e6 / static_cast<double>(count);
  std::printf("| %zu | %lld | %.0f |\n", count,
              static_cast<long long>(
                  std::chrono::duration_cast<std::chrono::milliseconds>(settled)
                      .count()),
              us);
  std::fflush(stdout);
  for (auto& x : nodes)
    x.stop();
  loops.stop();
  return true;
}

} // namespace
} // namespace sluice::bench

int main(int argc, char** argv) {
  CLI::App app{"Measures what membership costs."};
  std::vector<std::size_t> nodes{3, 10, 25, 50};
  long seconds = 10;
  app.add_option("--nodes", nodes, "sizes of clusters")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--seconds", seconds, "to measure each")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::printf("| nodes | settled after, ms | us of a core for a node and beat "
              "|\n| ---: | ---: | ---: |\n");
  auto nothing = sluice::bench::measure_nothing(std::chrono::seconds{seconds});
  for (auto x : nodes)
    if (!sluice::bench::measure(x, std::chrono::seconds{seconds}, nothing))
      return EXIT_FAILURE;
  return EXIT_SUCCESS;
}

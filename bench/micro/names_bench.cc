// What a look-up of a name costs, from the cache of a cluster's names: among a
// thousand and ten thousand names, found and not, by one thread and by two.

#include "actors/cluster/name_cache.h"
#include "actors/config.h"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace {

namespace actors = sluice::actors;
namespace cluster = actors::cluster;

caf::behavior idle(caf::event_based_actor*) {
  return {[](int) {}};
}

/// A system with actors that have names.
struct world {
  explicit world(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      names.push_back("service." + std::to_string(i));
      who.push_back(system.spawn(idle));
      cache.put("n1", {names.back(), false, who.back()});
    }
  }

  ~world() {
    for (auto& x : who)
      caf::anon_send_exit(x, caf::exit_reason::kill);
  }

  actors::config config;
  caf::actor_system system{config};
  std::vector<std::string> names;
  std::vector<caf::actor> who;
  cluster::name_cache cache{"n1"};
};

std::unique_ptr<world> here;

void found(benchmark::State& state) {
  if (state.thread_index() == 0)
    here = std::make_unique<world>(state.range(0));
  std::size_t i = static_cast<std::size_t>(state.thread_index()) * 17;
  for (auto _ : state) {
    i = (i + 7'919) % here->names.size();
    benchmark::DoNotOptimize(here->cache.find(here->names[i]));
  }
  if (state.thread_index() == 0)
    here.reset();
}

void nobody(benchmark::State& state) {
  world all{state.range(0)};
  for (auto _ : state)
    benchmark::DoNotOptimize(all.cache.find("service.none"));
}

BENCHMARK(found)->Arg(1'000)->Arg(10'000);
BENCHMARK(found)->Arg(1'000)->Threads(2)->UseRealTime();
BENCHMARK(nobody)->Arg(1'000);

} // namespace

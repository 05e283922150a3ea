// What a connection's write queue costs: writes that go in, are gathered for
// one system call, and are taken, by one sender and by many.

#include "net/write_queue.h"

#include "net/config.h"
#include "runtime/limits.h"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <string>
#include <vector>

namespace sluice::net {
namespace {

namespace limits = runtime::limits;

/// Actors that do nothing but be senders.
class senders {
public:
  explicit senders(std::size_t count) : system_(config_) {
    for (std::size_t i = 0; i < count; ++i)
      all_.push_back(caf::actor_cast<caf::strong_actor_ptr>(
          system_.spawn([](caf::event_based_actor*) -> caf::behavior {
            return {[](int) {}};
          })));
  }

  const caf::strong_actor_ptr& at(std::size_t i) const {
    return all_[i % all_.size()];
  }

private:
  config config_;
  caf::actor_system system_;
  std::vector<caf::strong_actor_ptr> all_;
};

void take_all(write_queue& queue) {
  std::array<iovec, limits::write_gather_slices> parts;
  while (!queue.empty()) {
    std::size_t offered = 0;
    for (std::size_t i = 0, n = queue.gather(parts); i < n; ++i)
      offered += parts[i].iov_len;
    queue.taken(offered, [](const caf::strong_actor_ptr&, std::uint64_t) {});
  }
}

/// Time for each write of 64 bytes: `range(0)` of them wait, by `range(1)`
/// senders in turn.
void push_and_take(benchmark::State& state) {
  auto count = static_cast<std::size_t>(state.range(0));
  senders from{static_cast<std::size_t>(state.range(1))};
  auto bytes = runtime::byte_slice::copy(std::string(64, 'x'));
  write_queue queue;
  for (auto _ : state) {
    for (std::size_t i = 0; i < count; ++i)
      queue.push(from.at(i), {{}, bytes, {}}, 0, false);
    take_all(queue);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}

BENCHMARK(push_and_take)
    ->ArgNames({"writes", "senders"})
    ->Args({1, 1})
    ->Args({64, 1})
    ->Args({64, 8})
    ->Args({1024, 1})
    ->Args({1024, 64});

} // namespace
} // namespace sluice::net

// What counting costs where it happens, and what a scrape costs. The first
// figure is that of a whole iteration of a loop, with a poller that has one
// event each time and makes no system call: built from a tree without the
// counting, the difference is its price.

#include "actors/metrics/collector.h"
#include "actors/metrics/sample.h"
#include "net/config.h"
#include "net/listen.h"
#include "net/reports.h"
#include "runtime/duration_histogram.h"
#include "runtime/event_loop.h"
#include "runtime/loop_group.h"
#include "runtime/monotonic_clock.h"
#include "runtime/posix_socket_api.h"

#include <benchmark/benchmark.h>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace sluice::runtime {
namespace {

struct nothing final : io_handler {
  void on_ready(readiness) override {}
};

const monotonic_clock the_clock;

/// The time that the calling thread has had a core: others may have it, too.
double thread_seconds() {
  timespec x{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &x);
  return static_cast<double>(x.tv_sec) + static_cast<double>(x.tv_nsec) / 1e9;
}

/// One event each time, until there were enough.
class busy_poller final : public poller {
public:
  explicit busy_poller(std::uint64_t events) : left_(events) {}

  caf::error add(int, interest, io_handler&) override { return {}; }
  caf::error modify(int, interest, io_handler&) override { return {}; }
  void remove(int) override {}
  void wake() noexcept override {}

  std::size_t wait(std::span<ready_event> out, duration) override {
    if (left_ == 0)
      return 0;
    if (start_ == 0)
      start_ = thread_seconds();
    if (--left_ == 0)
      spent.set_value(thread_seconds() - start_);
    out[0] = {&handler_, {.readable = true}};
    return 1;
  }

  std::promise<double> spent;

private:
  nothing handler_;
  std::uint64_t left_;
  double start_ = 0;
};

/// An iteration of a loop.
void iteration(benchmark::State& state) {
  constexpr std::uint64_t events = 200'000;
  caf::actor_system_config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system sys{cfg};
  for (auto _ : state) {
    auto owned = std::make_unique<busy_poller>(events);
    auto spent = owned->spent.get_future();
    event_loop loop{
        sys, {&the_clock, std::move(owned), &posix_socket_api::instance()}, {}};
    loop.start();
    state.SetIterationTime(spent.get() / double(events));
  }
}
BENCHMARK(iteration)->UseManualTime()->Iterations(50);

void clock_now(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(the_clock.now());
}
BENCHMARK(clock_now);

void record(benchmark::State& state) {
  duration_histogram histogram;
  auto x = duration{1};
  for (auto _ : state) {
    histogram.record(x);
    benchmark::DoNotOptimize(histogram);
    x = duration{(x.count() * 5) & 0xffffff};
  }
}
BENCHMARK(record);

void add_to_totals(benchmark::State& state) {
  caf::actor_system_config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system sys{cfg};
  event_loop loop{sys,
                  {&the_clock, std::make_unique<busy_poller>(0),
                   &posix_socket_api::instance()},
                  {}};
  loop.adopt_this_thread();
  for (auto _ : state) {
    // As one message there and back: read, taken over, written.
    net::totals_of(loop).streams.received_bytes += 64;
    benchmark::ClobberMemory();
    net::totals_of(loop).streams.accepted_bytes += 64;
    benchmark::ClobberMemory();
    net::totals_of(loop).streams.written_bytes += 64;
    benchmark::ClobberMemory();
  }
}
BENCHMARK(add_to_totals);

} // namespace
} // namespace sluice::runtime

namespace sluice::actors::metrics {
namespace {

/// Connections of a loop to itself.
struct crowd {
  explicit crowd(std::size_t count) {
    auto quiet = [](net::stream_broker*) -> caf::behavior {
      return {[](const net::received&) {}};
    };
    auto server =
        net::listen(loops.at(0), "unix://@sluice-metrics-bench", quiet);
    for (std::size_t i = 0; server && i < count; ++i)
      peers.push_back(
          *net::connect(loops.at(0), "unix://@sluice-metrics-bench", quiet));
    while (connections() < 2 * count)
      std::this_thread::yield();
  }

  std::uint64_t connections() {
    std::promise<std::uint64_t> result;
    runtime::spawn_on(loops.at(0), [&](runtime::loop_actor* self) {
      auto& states = net::totals_of(self->loop()).streams.by_state;
      result.set_value(
          states[static_cast<std::size_t>(net::stream_state::open)]);
    });
    return result.get_future().get();
  }

  net::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  std::vector<caf::actor> peers;
};

/// From the question to the text: two hops between threads, and the text.
void scrape(benchmark::State& state) {
  crowd all{static_cast<std::size_t>(state.range(0))};
  collector metrics{all.sys, {.loops = {&all.loops.at(0)}}};
  std::size_t bytes = 0;
  for (auto _ : state) {
    std::promise<void> done;
    metrics.collect([&](const caf::expected<std::string>& text) {
      bytes = text->size();
      done.set_value();
    });
    done.get_future().get();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(scrape)->Arg(1)->Arg(2'000)->UseRealTime();

/// For how long it keeps the loop from its work.
void scrape_on_the_loop(benchmark::State& state) {
  crowd all{static_cast<std::size_t>(state.range(0))};
  std::promise<void> done;
  runtime::spawn_on(all.loops.at(0), [&](runtime::loop_actor* self) {
    for (auto _ : state)
      benchmark::DoNotOptimize(loop_sample::of(self->loop()));
    done.set_value();
  });
  done.get_future().get();
}
BENCHMARK(scrape_on_the_loop)->Arg(1)->Arg(2'000);

/// The list of connections for a page, 100 of them.
void list_connections(benchmark::State& state) {
  crowd all{static_cast<std::size_t>(state.range(0))};
  std::promise<void> done;
  runtime::spawn_on(all.loops.at(0), [&](runtime::loop_actor* self) {
    for (auto _ : state)
      benchmark::DoNotOptimize(net::report_connections(self->loop(), 100));
    done.set_value();
  });
  done.get_future().get();
}
BENCHMARK(list_connections)->Arg(50)->Arg(2'000)->UseRealTime();

} // namespace
} // namespace sluice::actors::metrics

// What deadlines cost an event loop: the operations of the timer wheel, with
// 10,000 other timers armed as on a loop with that many connections.

#include "runtime/timer_wheel.h"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t others = 10'000;

struct busy_wheel;

struct deadline : timer {
  explicit deadline(busy_wheel& w) : timer{fire}, owner{w} {}

  static void fire(timer& t) noexcept;

  busy_wheel& owner;
};

// A wheel in the middle of its work: deadlines of up to a minute that are armed
// again when they fire.
struct busy_wheel {
  explicit busy_wheel(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      timers.push_back(std::make_unique<deadline>(*this));
      wheel.arm(*timers.back(), some_due());
    }
  }

  time_point some_due() { return now + waits[next_wait++ % waits.size()]; }

  static std::vector<duration> some_waits() {
    std::mt19937_64 rng{1};
    std::uniform_int_distribution<std::int64_t> ms{1, 60'000};
    std::vector<duration> result(4096);
    for (auto& wait : result)
      wait = ms(rng) * 1ms;
    return result;
  }

  std::vector<duration> waits = some_waits(); // drawn ahead, not measured
  std::size_t next_wait = 0;
  time_point now{123'456'789'123ns};
  timer_wheel wheel{now};
  std::vector<std::unique_ptr<deadline>> timers;
};

void deadline::fire(timer& t) noexcept {
  auto& self = static_cast<deadline&>(t);
  self.owner.wheel.arm(t, self.owner.some_due());
}

// A request's deadline: armed, then cancelled because the answer came. The
// waits differ, so that levels and slots do.
void arm_and_cancel(benchmark::State& state) {
  busy_wheel w{others};
  deadline t{w};
  for (auto _ : state) {
    w.wheel.arm(t, w.some_due());
    benchmark::ClobberMemory();
    w.wheel.cancel(t);
  }
}
BENCHMARK(arm_and_cancel);

// The same on a random one of the armed timers, whose node and neighbours are
// not in the first-level cache: an idle deadline moved by each message.
void move_one_of_many(benchmark::State& state) {
  busy_wheel w{others};
  std::mt19937_64 rng{2};
  std::vector<deadline*> who(1 << 16);
  for (auto& t : who)
    t = w.timers[rng() % others].get();
  std::size_t i = 0;
  for (auto _ : state)
    w.wheel.arm(*who[i++ % who.size()], w.some_due());
}
BENCHMARK(move_one_of_many);

// What every iteration of the loop pays while nothing is due.
void next_due_and_idle_advance(benchmark::State& state) {
  busy_wheel w{others};
  for (auto _ : state) {
    benchmark::DoNotOptimize(w.wheel.next_due());
    w.now += 1ns;
    benchmark::DoNotOptimize(w.wheel.advance(w.now));
  }
}
BENCHMARK(next_due_and_idle_advance)->Iterations(900'000); // < 1 tick

// A deadline's whole life: armed, migrated from level to level, fired. Each
// timer arms itself again; the loop advances tick by tick.
void arm_migrate_and_fire(benchmark::State& state) {
  busy_wheel w{others};
  std::size_t fired = 0;
  for (auto _ : state) {
    w.now += 1ms;
    fired += w.wheel.advance(w.now);
  }
  state.counters["time_per_timer"] = benchmark::Counter(
      static_cast<double>(fired),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(arm_migrate_and_fire);

// A laptop wakes up: one advance over so many hours, with one timer an hour.
void jump_over_hours(benchmark::State& state) {
  const auto hours = state.range(0);
  busy_wheel w{0};
  std::vector<std::unique_ptr<timer>> timers;
  for (std::int64_t i = 0; i < hours; ++i)
    timers.push_back(std::make_unique<timer>([](timer&) noexcept {}));
  for (auto _ : state) {
    for (std::int64_t i = 0; i < hours; ++i)
      w.wheel.arm(*timers[static_cast<std::size_t>(i)], w.now + (i + 1) * 1h);
    w.now += hours * 1h;
    benchmark::DoNotOptimize(w.wheel.advance(w.now));
  }
}
// So many iterations that the clock does not overflow after its 292 years.
BENCHMARK(jump_over_hours)->Arg(1)->Iterations(1'000'000);
BENCHMARK(jump_over_hours)->Arg(24)->Iterations(50'000);
BENCHMARK(jump_over_hours)->Arg(24 * 365)->Iterations(100);

} // namespace
} // namespace sluice::runtime

// What it costs to tell a pinned actor something: in place, through its
// mailbox on the loop, and from another thread; and what an idle one weighs.

#include "runtime/byte_slice.h"
#include "runtime/epoll_poller.h"
#include "runtime/event_loop.h"
#include "runtime/loop_actor.h"
#include "runtime/loop_group.h"
#include "runtime/monotonic_clock.h"
#include "runtime/posix_socket_api.h"

#include <benchmark/benchmark.h>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/after.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <cstdint>
#include <malloc.h>
#include <memory>
#include <vector>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

// Like the events of a connection: an id, and bytes or a reason.

struct bytes_came {
  std::uint64_t id = 0;
  byte_slice bytes{};
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, bytes_came& x) {
  return f(x.id, x.bytes);
}

struct time_is_up {
  std::uint64_t id = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, time_is_up& x) {
  return f(x.id);
}

struct it_is_over {
  std::uint64_t id = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, it_is_over& x) {
  return f(x.id);
}

/// What a user of a connection writes.
caf::behavior three_handlers(std::uint64_t& sum) {
  return {[&sum](const bytes_came& x) { sum += x.bytes.size(); },
          [&sum](time_is_up x) { sum += x.id; },
          [&sum](const it_is_over& x) { sum += x.id; }};
}

/// A loop that the benchmark drives, and an actor on it.
struct one_actor {
  one_actor()
      : one_actor([this](loop_actor*) { return three_handlers(sum); }) {}

  template <class F>
  explicit one_actor(F f) {
    loop.adopt_this_thread();
    actor = spawn_on(loop, std::move(f));
    raw =
        static_cast<loop_actor*>(caf::actor_cast<caf::abstract_actor*>(actor));
    loop.run_once(false);
  }

  ~one_actor() {
    loop.request_stop();
    while (!loop.finished())
      loop.run_once(false);
  }

  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  monotonic_clock time;
  event_loop loop{
      sys,
      {&time, std::make_unique<epoll_poller>(), &posix_socket_api::instance()},
      {}};
  caf::actor actor;
  loop_actor* raw = nullptr;
  std::uint64_t sum = 0;
};

// -- in place -----------------------------------------------------------------

template <class Event>
void in_place(benchmark::State& state) {
  one_actor it;
  Event event{1};
  for (auto _ : state)
    benchmark::DoNotOptimize(it.raw->deliver(event));
}
BENCHMARK_TEMPLATE(in_place, bytes_came)->Name("in_place/first_handler");
BENCHMARK_TEMPLATE(in_place, it_is_over)->Name("in_place/last_handler");

// A handler that takes the event by value, which is copied.
void in_place_by_value(benchmark::State& state) {
  one_actor it;
  time_is_up event{1};
  for (auto _ : state)
    benchmark::DoNotOptimize(it.raw->deliver(event));
}
BENCHMARK(in_place_by_value)->Name("in_place/by_value");

// after(...) is counted anew from each event.
void in_place_with_after(benchmark::State& state) {
  std::uint64_t sum = 0;
  one_actor it{[&](loop_actor*) -> caf::behavior {
    return {[&](const bytes_came& x) { sum += x.bytes.size(); },
            caf::after(3600s) >> [] {}};
  }};
  bytes_came event{1};
  for (auto _ : state)
    benchmark::DoNotOptimize(it.raw->deliver(event));
}
BENCHMARK(in_place_with_after)->Name("in_place/with_after");

// -- through the mailbox ------------------------------------------------------

// Without the poll of an iteration: a poller that has nothing to say.
struct mute_poller final : poller {
  caf::error add(int, interest, io_handler&) override { return {}; }
  caf::error modify(int, interest, io_handler&) override { return {}; }
  void remove(int) override {}
  std::size_t wait(std::span<ready_event>, duration) override { return 0; }
  void wake() noexcept override {}
};

void mailbox_on_the_loop(benchmark::State& state) {
  const auto batch = state.range(0);
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  monotonic_clock time;
  event_loop loop{
      sys,
      {&time, std::make_unique<mute_poller>(), &posix_socket_api::instance()},
      {}};
  loop.adopt_this_thread();
  std::uint64_t sum = 0;
  auto actor = spawn_on(loop, [&](loop_actor*) { return three_handlers(sum); });
  loop.run_once(false);
  for (auto _ : state) {
    for (std::int64_t i = 0; i < batch; ++i)
      caf::anon_send(actor, bytes_came{1, {}});
    loop.run_once(false);
  }
  state.SetItemsProcessed(state.iterations() * batch);
  loop.request_stop();
  while (!loop.finished())
    loop.run_once(false);
}
BENCHMARK(mailbox_on_the_loop)->Arg(1)->Arg(50);

// -- between threads ----------------------------------------------------------

void round_trip(benchmark::State& state) {
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  loop_group loops{sys, {1, std::chrono::microseconds{state.range(0)}}};
  auto actor = spawn_on(loops.at(0), [](loop_actor*) -> caf::behavior {
    return {[](int x) { return x; }};
  });
  caf::scoped_actor self{sys};
  for (auto _ : state)
    self->request(actor, caf::infinite, 1)
        .receive([](int) {},
                 [&](caf::error&) { state.SkipWithError("no answer"); });
}
BENCHMARK(round_trip)->ArgName("spin_us")->Arg(0)->Arg(200)->UseRealTime();

// Between two loops: neither end is a blocking actor.
void round_trip_of_loops(benchmark::State& state) {
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  loop_group loops{sys, {2, std::chrono::microseconds{state.range(0)}}};
  auto echo = spawn_on(loops.at(0), [](loop_actor*) -> caf::behavior {
    return {[](int x) { return x; }};
  });
  constexpr int trips = 1'000;
  auto caller = spawn_on(loops.at(1), [&](loop_actor* self) -> caf::behavior {
    auto promise = std::make_shared<caf::response_promise>();
    return {[=](int, int) {
              *promise = self->make_response_promise();
              self->send(echo, trips);
              return *promise;
            },
            [=](int left) {
              if (left > 1)
                self->send(echo, left - 1);
              else
                promise->deliver(0);
            }};
  });
  caf::scoped_actor self{sys};
  for (auto _ : state)
    self->request(caller, caf::infinite, 0, 0)
        .receive([](int) {},
                 [&](caf::error&) { state.SkipWithError("no answer"); });
  state.SetItemsProcessed(state.iterations() * trips);
}
BENCHMARK(round_trip_of_loops)
    ->ArgName("spin_us")
    ->Arg(0)
    ->Arg(200)
    ->UseRealTime();

// -- weight -------------------------------------------------------------------

template <class Spawn>
void weigh(benchmark::State& state, one_actor& it, Spawn spawn) {
  constexpr std::size_t count = 10'000;
  for (auto _ : state) {
    std::vector<caf::actor> actors;
    actors.reserve(count);
    auto before = mallinfo2().uordblks;
    for (std::size_t i = 0; i < count; ++i) {
      actors.push_back(spawn());
      it.loop.run_once(false);
    }
    state.counters["bytes_each"] =
        static_cast<double>(mallinfo2().uordblks - before) / count;
    state.PauseTiming();
    actors.clear();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<long>(count));
}

void idle_pinned_actor(benchmark::State& state) {
  one_actor it;
  state.counters["sizeof"] = sizeof(loop_actor);
  weigh(state, it, [&] {
    return spawn_on(it.loop,
                    [&](loop_actor*) { return three_handlers(it.sum); });
  });
}
BENCHMARK(idle_pinned_actor)->Unit(benchmark::kMillisecond);

// CAF's own, run once like ours, to compare with.
void idle_ordinary_actor(benchmark::State& state) {
  one_actor it;
  state.counters["sizeof"] = sizeof(caf::event_based_actor);
  weigh(state, it, [&] {
    auto result = it.sys.spawn(
        [&](caf::event_based_actor*) { return three_handlers(it.sum); });
    caf::scoped_actor self{it.sys};
    self->request(result, caf::infinite, it_is_over{})
        .receive([] {}, [](caf::error&) {});
    return result;
  });
}
BENCHMARK(idle_ordinary_actor)->Unit(benchmark::kMillisecond)->Iterations(1);

} // namespace
} // namespace sluice::runtime

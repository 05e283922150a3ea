// What flow control costs, and what it is good for:
//
// - speed: messages a second of flow_actor against caf::event_based_actor, with
//   1 and 2 threads, and of pinned_flow_actor against runtime::loop_actor,
//   while nobody is ever told to slow down;
// - bound: a source, two stages and a slow sink: how many messages are under
// way
//   at most, what memory does, and whether the sink is kept busy;
// - release: from a *released* to the first message that the paused actor
//   handles.
//
// The two kinds of actors take turns within one run, each round begins with the
// other one, and ratios are medians of the ratios within the rounds: on a busy
// machine the rates move, and the ratios hardly do.

#include "actors/flow_actor.h"
#include "runtime/backpressure.h"
#include "runtime/loop_actor.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <future>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using caf::actor;
using sluice::actors::flow_actor;
using sluice::actors::flow_control;
using sluice::runtime::pressure;
using std::chrono::duration;
using std::chrono::steady_clock;

struct settings {
  std::string only;
  int rounds = 15;
  std::uint64_t messages = 400'000; // of one run
  double seconds = 5;
  std::int64_t work_us = 20; // of the slow sink, for a message
  int releases = 20'000;
};

/// `share` of 0.5: the median.
double quantile(std::vector<double> x, double share) {
  std::sort(x.begin(), x.end());
  auto at = static_cast<std::size_t>(share * static_cast<double>(x.size()));
  return x.empty() ? 0 : x[std::min(at, x.size() - 1)];
}

double median(const std::vector<double>& x) {
  return quantile(x, 0.5);
}

double cpu_seconds() {
  timespec x{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &x);
  return static_cast<double>(x.tv_sec) + static_cast<double>(x.tv_nsec) / 1e9;
}

void use_threads(caf::actor_system_config& cfg, std::size_t threads) {
  cfg.set("scheduler.max-threads", threads);
}

// -- speed --------------------------------------------------------------------

/// Its members, the tokens that still circulate, and who waits for the last.
struct circle {
  std::vector<actor> members;
  std::atomic<int> tokens;
  std::promise<void> done;
};

/// Passes tokens on to the next one; a token counts its hops down.
template <class Self>
caf::behavior member(Self* self, circle* ring, std::size_t next) {
  return {
      [=](std::uint64_t hops) {
        if (hops > 0)
          self->send(ring->members[next], hops - 1);
        else if (--ring->tokens == 0)
          ring->done.set_value();
      },
  };
}

struct cost {
  double seconds;
  double cpu;
};

/// `messages` messages in a ring of four with that many tokens.
template <class Spawn>
cost go_round(caf::actor_system& sys, Spawn spawn, int tokens,
              std::uint64_t messages) {
  constexpr std::size_t size = 4;
  circle ring{{}, tokens, {}};
  for (std::size_t i = 0; i < size; ++i)
    ring.members.push_back(spawn(&ring, (i + 1) % size));
  auto hops = messages / static_cast<std::uint64_t>(tokens);
  auto cpu = cpu_seconds();
  auto start = steady_clock::now();
  for (int i = 0; i < tokens; ++i) {
    auto& first = ring.members[static_cast<std::size_t>(i) % size];
    caf::anon_send(first, hops);
  }
  ring.done.get_future().wait();
  duration<double> passed = steady_clock::now() - start;
  cpu = cpu_seconds() - cpu;
  for (auto& x : ring.members)
    caf::anon_send_exit(x, caf::exit_reason::kill);
  sys.await_all_actors_done();
  return {passed.count(), cpu};
}

/// One row: two ways to spawn the members, in turn.
template <class Plain, class Flow>
void compare(const char* name, caf::actor_system& sys, Plain spawn_plain,
             Flow spawn_flow, int tokens, const settings& x) {
  std::vector<double> plain;
  std::vector<double> flow;
  std::vector<double> ratio;
  std::vector<double> cpu_ratio;
  auto n = static_cast<double>(x.messages);
  for (int i = -1; i < x.rounds; ++i) {
    cost a{};
    cost b{};
    if (i % 2 != 0)
      a = go_round(sys, spawn_plain, tokens, x.messages);
    b = go_round(sys, spawn_flow, tokens, x.messages);
    if (i % 2 == 0)
      a = go_round(sys, spawn_plain, tokens, x.messages);
    if (i < 0)
      continue; // to warm up
    plain.push_back(n / a.seconds);
    flow.push_back(n / b.seconds);
    ratio.push_back(a.seconds / b.seconds);
    cpu_ratio.push_back(a.cpu / b.cpu);
  }
  std::printf("| %-9s | %6d | %5.2f M | %5.2f M | %5.3f (%5.3f to %5.3f) | "
              "%5.3f |\n",
              name, tokens, median(plain) / 1e6, median(flow) / 1e6,
              median(ratio), quantile(ratio, 0.1), quantile(ratio, 0.9),
              median(cpu_ratio));
  std::fflush(stdout);
}

void compare_scheduled(const char* name, std::size_t threads, int tokens,
                       const settings& x) {
  caf::actor_system_config cfg;
  use_threads(cfg, threads);
  caf::actor_system sys{cfg};
  auto spawn = [&](auto f) {
    return [&sys, f](circle* ring, std::size_t next) -> actor {
      return sys.spawn(f, ring, next);
    };
  };
  compare(name, sys, spawn(member<caf::event_based_actor>),
          spawn(member<flow_actor>), tokens, x);
}

void compare_pinned(int tokens, const settings& x) {
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  sluice::runtime::loop_group loops{sys, {.loops = 1, .spin = {}}};
  auto spawn = [&](auto f) {
    return [&loops, f](circle* ring, std::size_t next) -> actor {
      return sluice::runtime::spawn_on(loops.at(0), f, ring, next);
    };
  };
  compare("pinned", sys, spawn(member<sluice::runtime::loop_actor>),
          spawn(member<sluice::actors::pinned_flow_actor>), tokens, x);
}

void measure_speed(const settings& x) {
  std::printf("Messages a second, ring of 4 actors, %d rounds of %llu "
              "messages; ratios above 1: the one with flow control is "
              "faster\n\n",
              x.rounds, static_cast<unsigned long long>(x.messages));
  std::printf("| actors | tokens | plain | flow | ratio (10 to 90 %%) | ratio "
              "of CPU |\n"
              "| --- | ---: | ---: | ---: | ---: | ---: |\n");
  for (int tokens : {1, 16, 200})
    compare_scheduled("1 thread", 1, tokens, x);
  for (int tokens : {1, 16, 200})
    compare_scheduled("2 threads", 2, tokens, x);
  for (int tokens : {1, 16, 200})
    compare_pinned(tokens, x);
  std::printf("\n");
}

// -- bound --------------------------------------------------------------------

/// What a sink did; written by it alone.
struct labour {
  std::atomic<std::uint64_t> messages{0};
  steady_clock::time_point start; // of the first message
  steady_clock::time_point end;   // of the last one
  steady_clock::duration busy{0};

  /// Of the time between.
  double share() const {
    return duration<double>(busy) / duration<double>(end - start);
  }
};

template <class Self>
caf::behavior slow_sink(Self*, std::chrono::microseconds time, labour* all) {
  return {
      [=](std::uint64_t) {
        auto start = steady_clock::now();
        auto now = start;
        while (now < start + time)
          now = steady_clock::now();
        all->busy += now - start;
        all->end = now;
        if (all->messages++ == 0)
          all->start = start;
      },
  };
}

struct traffic {
  std::uint64_t made = 0; // the source's, as the next one
  std::uint64_t under_way_peak = 0;
  labour done;
};

using go_on = caf::atom_constant<caf::atom("go_on")>;

caf::behavior source(flow_actor* self, const actor& next, traffic* all) {
  self->send(self, go_on::value);
  return {
      [=](go_on) {
        auto under_way = ++all->made - all->done.messages;
        all->under_way_peak = std::max(all->under_way_peak, under_way);
        self->send(next, all->made);
        self->send(self, go_on::value);
      },
  };
}

caf::behavior stage(flow_actor* self, const actor& next) {
  return {
      [=](std::uint64_t x) { self->send(next, x); },
  };
}

/// How busy the sink is with messages that wait for it already.
double share_alone(caf::actor_system& sys, std::chrono::microseconds time) {
  labour all;
  auto count = static_cast<std::uint64_t>(1s / time) + 1;
  auto alone = sys.spawn(slow_sink<caf::event_based_actor>, time, &all);
  for (std::uint64_t i = 0; i < count; ++i)
    caf::anon_send(alone, i);
  caf::anon_send_exit(alone, caf::exit_reason::user_shutdown); // the last
  sys.await_all_actors_done();
  return all.share();
}

double resident_mib() {
  std::ifstream file{"/proc/self/statm"};
  double pages = 0;
  file >> pages >> pages;
  return pages * 4096 / (1 << 20);
}

const flow_control& flow_of(const actor& x) {
  return static_cast<flow_actor*>(caf::actor_cast<caf::abstract_actor*>(x))
      ->flow();
}

void measure_bound(const settings& x) {
  caf::actor_system_config cfg;
  use_threads(cfg, 2);
  caf::actor_system sys{cfg};
  std::chrono::microseconds time{x.work_us};
  auto alone = share_alone(sys, time);
  traffic all;
  auto sink = sys.spawn(slow_sink<flow_actor>, time, &all.done);
  auto second = sys.spawn(stage, sink);
  auto first = sys.spawn(stage, second);
  auto origin = sys.spawn(source, first, &all);
  duration<double> limit{x.seconds};
  auto start = steady_clock::now();
  // The first tenth is for the allocator to find its size.
  std::this_thread::sleep_for(limit / 10);
  auto low = resident_mib();
  auto high = low;
  auto first_memory = low;
  while (steady_clock::now() - start < limit) {
    std::this_thread::sleep_for(50ms);
    auto now = resident_mib();
    low = std::min(low, now);
    high = std::max(high, now);
  }
  auto last_memory = resident_mib();
  std::uint64_t handled = all.done.messages;
  duration<double> passed = steady_clock::now() - start;
  for (auto& y : {origin, first, second, sink})
    caf::anon_send<caf::message_priority::high>(
        y, caf::exit_msg{y.address(), caf::exit_reason::kill});
  sys.await_all_actors_done();
  auto rate = static_cast<double>(handled) / passed.count();
  sluice::actors::mailbox_limits marks;
  std::printf("A source, two stages and a sink that takes %lld us for a "
              "message, for %.0f s\n\n",
              static_cast<long long>(x.work_us), passed.count());
  std::printf("| what | figure | bound |\n| --- | ---: | ---: |\n");
  // Who is told while it is overloaded obeys when it is at its low mark (rule
  // R1): so each stage but the first may get what the one before still had.
  auto excess = marks.high + 1 - marks.low;
  auto most = 3 * (marks.high + 1) + 1 * excess + 2 * excess;
  std::printf("| messages under way at most | %llu | %zu; marks: %zu |\n",
              static_cast<unsigned long long>(all.under_way_peak), most,
              3 * (marks.high + 1) + 1);
  for (auto& [name, y] : {std::pair{"first stage", first},
                          {"second stage", second},
                          {"sink", sink}})
    std::printf("| queue of the %s at most | %zu | |\n", name,
                flow_of(y).counts().peak);
  std::printf("| messages a second | %.0f | |\n", rate);
  std::printf(
      "| share of the time that the sink worked | %.4f | %.4f, alone |\n",
      all.done.share(), alone);
  std::printf("| resident MiB: first, last | %.1f, %.1f | |\n", first_memory,
              last_memory);
  std::printf("| ... lowest, highest | %.1f, %.1f | |\n", low, high);
  std::printf("| the source was paused | %llu times | |\n\n",
              static_cast<unsigned long long>(flow_of(origin).counts().parks));
}

// -- release ------------------------------------------------------------------

using ready = caf::atom_constant<caf::atom("ready")>;
using handled = caf::atom_constant<caf::atom("handled")>;

struct stopwatch {
  steady_clock::time_point start;
  std::vector<double> us;
  int left;
  std::promise<void> done;

  bool stop() {
    duration<double, std::micro> passed = steady_clock::now() - start;
    us.push_back(passed.count());
    return --left > 0;
  }
};

void tell(const actor& x, pressure state, const actor& source,
          caf::execution_unit* host) {
  sluice::runtime::send_signal(
      *caf::actor_cast<caf::strong_actor_ptr>(x),
      {state, caf::actor_cast<caf::strong_actor_ptr>(source), 0, 0}, host);
}

/// Pauses `x`, which makes it park with a message, and releases it when it has.
caf::behavior releaser(caf::event_based_actor* self, stopwatch* clock) {
  auto parks = std::make_shared<std::uint64_t>(0);
  return {
      [=](handled, const actor& x) {
        *parks = flow_of(x).counts().parks;
        tell(x, pressure::applied, self, self->context());
        self->send(x, std::uint64_t{0});
        self->send(self, ready::value, x);
      },
      [=](ready, const actor& x) {
        if (flow_of(x).counts().parks == *parks) {
          self->send(self, ready::value, x); // not yet
          return;
        }
        clock->start = steady_clock::now();
        tell(x, pressure::released, self, self->context());
      },
  };
}

/// The same with an ordinary message to an idle actor, for comparison.
caf::behavior sender(caf::event_based_actor* self, stopwatch* clock) {
  return {
      [=](handled, const actor& x) {
        clock->start = steady_clock::now();
        self->send(x, std::uint64_t{0});
      },
      [=](ready, const actor&) {},
  };
}

template <class F>
void time_release(const char* name, F f, std::size_t threads,
                  const settings& x) {
  caf::actor_system_config cfg;
  use_threads(cfg, threads);
  // Who looks whether the other has parked must not keep it from its thread.
  cfg.set("scheduler.max-throughput", 10);
  caf::actor_system sys{cfg};
  stopwatch clock{{}, {}, x.releases, {}};
  auto other = sys.spawn(f, &clock);
  auto held = sys.spawn(
      [](flow_actor* self, actor to, stopwatch* watch) -> caf::behavior {
        return {
            [=](std::uint64_t) {
              if (watch->stop())
                self->send(to, handled::value, actor{self});
              else
                watch->done.set_value();
            },
        };
      },
      other, &clock);
  caf::anon_send(other, handled::value, held);
  clock.done.get_future().wait();
  for (auto& y : {other, held})
    caf::anon_send_exit(y, caf::exit_reason::kill);
  std::printf("| %s | %zu | %.2f | %.2f |\n", name, threads, median(clock.us),
              quantile(clock.us, 0.99));
  std::fflush(stdout);
}

void measure_release(const settings& x) {
  std::printf("Microseconds until an actor on the scheduler handles its next "
              "message, %d times\n\n"
              "| after | threads | median | 99 %% |\n"
              "| --- | ---: | ---: | ---: |\n",
              x.releases);
  for (std::size_t threads : {1, 2}) {
    time_release("*released*, the actor was paused", releaser, threads, x);
    time_release("a message, the actor was idle", sender, threads, x);
  }
  std::printf("\n");
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Measures what flow control costs and bounds."};
  settings x;
  app.add_option("--only", x.only, "speed, bound or release")
      ->check(CLI::IsMember({"speed", "bound", "release"}));
  app.add_option("--rounds", x.rounds, "of speed")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  app.add_option("--messages", x.messages, "in a run of speed")
      ->capture_default_str()
      ->check(CLI::Range(1000, 1'000'000'000));
  app.add_option("--seconds", x.seconds, "of bound")
      ->capture_default_str()
      ->check(CLI::Range(1, 3600));
  app.add_option("--work", x.work_us, "microseconds of the slow sink")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  app.add_option("--releases", x.releases, "of release")
      ->capture_default_str()
      ->check(CLI::Range(100, 10'000'000));
  CLI11_PARSE(app, argc, argv);
  auto wants = [&](const char* name) {
    return x.only.empty() || x.only == name;
  };
  if (wants("speed"))
    measure_speed(x);
  if (wants("bound"))
    measure_bound(x);
  if (wants("release"))
    measure_release(x);
}

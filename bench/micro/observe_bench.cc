// What the page of a cluster costs the node that shows it: per round, which is
// half a second, the reports of all nodes as they come out of a channel, and
// the frame that all its pages share. 1 % of a core is 5 ms a round.

#include "actors/observe/board.h"
#include "actors/observe/messages.h"
#include "actors/observe/meter.h"
#include "actors/observe/page_texts.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace sluice::actors;
using namespace sluice::actors::observe;
using namespace std::chrono_literals;

std::string name_of(std::size_t i) {
  return "node-" + std::to_string(i + 1);
}

/// Node `i` of `nodes`, each connected to all others, as in a key-value
/// cluster: with a few connections, and its channels.
node_report report_of(std::size_t i, std::size_t nodes, std::uint64_t number) {
  node_report x{.number = number};
  x.load = {.in_bps = 12'345'678,
            .out_bps = 23'456'789,
            .msgs_ps = 345'678,
            .requests_ps = 45'678 + number,
            .queued_bytes = 65'536,
            .queued_messages = 300,
            .connections = 2 * nodes,
            .pressed = 1,
            .busy_permille = 370,
            .rss = 50'000'000,
            .p50_us = 120,
            .p99_us = 900};
  for (std::size_t to = 0; to < nodes; ++to)
    if (to != i)
      x.links.push_back({.to = name_of(to),
                         .pressure = to % 16 == number % 16
                                         ? link_pressure::applied
                                         : link_pressure::none,
                         .for_ms = 500 * number,
                         .queued = 100 * to,
                         .msgs_ps = 1'000 + to,
                         .bps = 100'000 + number});
  for (std::size_t k = 0; k < 4; ++k)
    x.holds.push_back({.held = "kv_node 12",
                       .holder = "outlet " + std::to_string(k),
                       .for_ms = 1'200,
                       .queued = 300,
                       .to = name_of(k)});
  for (std::size_t k = 0; k < sluice::runtime::limits::observe_rows_max; ++k)
    x.rows.push_back({.kind = static_cast<row_kind>(k % 3),
                      .id = 1'000 + k,
                      .name = "kv_cluster.requests",
                      .local = "tcp://127.0.0.1:16379",
                      .remote = "tcp://127.0.0.1:" + std::to_string(40'000 + k),
                      .state = "open",
                      .pressed = k < 3,
                      .queued = k * 100,
                      .peak = 65'536,
                      .pressure_ms = 1'234,
                      .applied = 12,
                      .in_bps = 1'000,
                      .out_bps = 2'000});
  keep_rows(x, std::max(sluice::runtime::limits::observe_rows_max / nodes,
                        sluice::runtime::limits::observe_rows_quiet_min));
  x.closed = {{"peer_closed", 1'000}, {"aborted", 3}};
  return x;
}

struct watching_node {
  explicit watching_node(std::size_t count) : nodes(count) {
    for (std::size_t i = 0; i < count; ++i)
      here.joined(at, {name_of(i), 1, "tcp://127.0.0.1:7000", "", {"kv"}});
    here.membership_gained(at, {name_of(0), 1, "tcp://127.0.0.1:7000", "", {}});
  }

  /// As they come: 16 rounds, again and again with a higher number.
  void prepare() {
    for (std::uint64_t round = 1; round <= 16; ++round)
      for (std::size_t i = 0; i < nodes; ++i) {
        note x{.from = name_of(i), .incarnation = 1};
        x.report = report_of(i, nodes, round);
        std::vector<char> bytes;
        caf::binary_serializer to{system, bytes};
        if (to(x))
          std::abort();
        came.push_back(std::move(bytes));
      }
  }

  std::size_t take_round() {
    std::size_t size = 0;
    for (std::size_t i = 0; i < nodes; ++i) {
      auto& bytes = came[(number % 16) * nodes + i];
      size += bytes.size();
      note x;
      caf::binary_deserializer from{system, bytes};
      if (from(x))
        std::abort();
      x.report.number = number + 1;
      if (auto why =
              here.reported(at, x.from, x.incarnation, std::move(x.report));
          !why.empty())
        std::abort();
    }
    ++number;
    at.now += 500ms;
    at.wall_ms += 500;
    return size;
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  std::size_t nodes;
  board here;
  page_texts::history history;
  moment at{sluice::runtime::time_point{} + 1h, 1'764'000'000'000};
  std::uint64_t number = 0;
  std::vector<std::vector<char>> came;
};

void round_of_a_page(benchmark::State& state) {
  watching_node x{static_cast<std::size_t>(state.range(0))};
  x.prepare();
  std::size_t came = 0;
  std::size_t made = 0;
  for (auto _ : state) {
    came += x.take_round();
    auto& frame = x.here.tick(x.at);
    x.history.add(frame);
    auto text = page_texts::frame_text(frame);
    made += text.size();
    benchmark::DoNotOptimize(text.data());
  }
  auto rounds = static_cast<double>(state.iterations());
  state.counters["reports_bytes"] = static_cast<double>(came) / rounds;
  state.counters["frame_bytes"] = static_cast<double>(made) / rounds;
}
BENCHMARK(round_of_a_page)->Arg(3)->Arg(50)->Unit(benchmark::kMicrosecond);

void hello_to_a_page(benchmark::State& state) {
  watching_node x{static_cast<std::size_t>(state.range(0))};
  x.prepare();
  for (int i = 0; i < 240; ++i) {
    x.take_round();
    x.history.add(x.here.tick(x.at));
  }
  std::vector<std::string> controls{"slow", "cut", "heal"};
  std::size_t size = 0;
  for (auto _ : state) {
    auto text = page_texts::hello_text(
        {"kv", "node-1", 0, controls, x.history, x.here.events()});
    size = text.size();
    benchmark::DoNotOptimize(text.data());
  }
  state.counters["bytes"] = static_cast<double>(size);
}
BENCHMARK(hello_to_a_page)->Arg(3)->Arg(50)->Unit(benchmark::kMicrosecond);

/// What a node does for its own report, apart from asking its loops.
void report_of_a_node(benchmark::State& state) {
  meter here;
  auto nodes = static_cast<std::size_t>(state.range(0));
  node_counters counted;
  for (std::size_t i = 1; i < nodes; ++i)
    counted.links.push_back({.to = name_of(i)});
  for (auto& x : report_of(0, nodes, 1).rows)
    counted.rows.push_back({.row = x});
  auto now = sluice::runtime::time_point{} + 1h;
  for (auto _ : state) {
    now += 500ms;
    ++counted.requests;
    auto made = here.measure(now, counted);
    benchmark::DoNotOptimize(made);
  }
}
BENCHMARK(report_of_a_node)->Arg(3)->Arg(50)->Unit(benchmark::kMicrosecond);

} // namespace

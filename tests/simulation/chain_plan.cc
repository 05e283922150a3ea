#include "tests/simulation/chain_plan.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t high_messages_max = 10;

actors::mailbox_limits draw_limits(random_source& random) {
  actors::mailbox_limits result;
  result.high = random.between(1, high_messages_max);
  result.low = random.below(result.high);
  return result;
}

stage_plan draw_stage(random_source& random) {
  stage_plan result;
  result.work = static_cast<stage_work>(random.below(5));
  result.factor = random.between(2, 4);
  if (random.per_mille(300))
    result.asks = random.per_mille(700) ? asking::then : asking::await;
  result.pinned = random.per_mille(500);
  result.limits = draw_limits(random);
  result.helper_pinned = random.per_mille(500);
  result.helper_limits = draw_limits(random);
  if (random.per_mille(400)) {
    result.brake_per_mille = static_cast<unsigned>(random.between(1, 50));
    result.brake = {1us,
                    std::chrono::microseconds{random.size_between(1, 500'000)}};
  }
  return result;
}

sink_plan draw_sink(random_source& random) {
  static constexpr std::array acts{far_act::reset, far_act::close,
                                   far_act::half_close, far_act::lose_link};
  sink_plan result;
  auto high = random.size_between(32, 16 * 1024);
  result.marks = {high, random.below(high)};
  result.by_close = random.per_mille(300);
  if (!random.per_mille(300))
    result.read_bytes_max = random.size_between(1, 4 * 1024);
  if (random.per_mille(500))
    result.act = random.pick(acts);
  result.pause.max =
      std::chrono::microseconds{random.size_between(1'000, 200'000)};
  return result;
}

/// Puts `count` stages in front of `next`.
target draw_stages(chain_plan& plan, random_source& random, std::size_t count,
                   std::vector<target> next) {
  for (; count > 0; --count) {
    plan.stages.push_back(draw_stage(random));
    plan.stages.back().next = std::move(next);
    next = {{false, plan.stages.size() - 1}};
  }
  return next.front();
}

void draw_source(chain_plan& plan, random_source& random, target next) {
  source_plan result;
  result.piece_bytes = random.size_between(8, 256);
  result.offered_bytes = result.piece_bytes * random.size_between(1, 400);
  result.in_fits = random.per_mille(300);
  result.next = next;
  plan.sources.push_back(result);
}

bool reaches(const chain_plan& plan, target from, std::size_t sink,
             std::vector<std::size_t>& way) {
  if (from.sink)
    return from.index == sink;
  way.push_back(from.index);
  for (auto next : plan.stages[from.index].next)
    if (reaches(plan, next, sink, way))
      return true;
  way.pop_back();
  return false;
}

std::string passed_through(stage_work work, std::string text) {
  std::string result;
  switch (work) {
  case stage_work::expand:
    for (auto x : text) {
      result += x;
      result += static_cast<char>(~x);
    }
    return result;
  case stage_work::shrink:
    for (std::size_t i = 0; i < text.size(); i += 2)
      result += text[i];
    return result;
  default:
    return text;
  }
}

} // namespace

chain_plan chain_plan::drawn(random_source& random) {
  chain_plan result;
  auto add_sink = [&] {
    result.sinks.push_back(draw_sink(random));
    return target{true, result.sinks.size() - 1};
  };
  auto stages = [&](std::size_t min, std::size_t max,
                    std::vector<target> next) {
    return draw_stages(result, random, random.between(min, max),
                       std::move(next));
  };
  switch (random.below(5)) {
  default:
    draw_source(result, random, stages(1, 4, {add_sink()}));
    break;
  case 2: { // two sources meet in a stage
    auto trunk = stages(1, 3, {add_sink()});
    draw_source(result, random, stages(0, 1, {trunk}));
    draw_source(result, random, stages(0, 1, {trunk}));
    break;
  }
  case 3: { // two chains meet in a sink
    auto sink = add_sink();
    draw_source(result, random, stages(1, 2, {sink}));
    draw_source(result, random, stages(1, 2, {sink}));
    break;
  }
  case 4: { // one forks
    auto one = stages(0, 1, {add_sink()});
    auto other = stages(0, 1, {add_sink()});
    draw_source(result, random, stages(1, 3, {one, other}));
    break;
  }
  }
  result.linked = random.per_mille(300);
  if (random.per_mille(250))
    result.killed_stage = random.below(result.stages.size());
  result.by_kill = random.per_mille(700);
  result.source_resets = random.per_mille(50);
  result.slow_time =
      std::chrono::microseconds{random.size_between(1'000, 5'000'000)};
  return result;
}

chain_plan chain_plan::line(std::vector<stage_plan> stages) {
  chain_plan result;
  result.sinks.emplace_back();
  target next{true, 0};
  for (auto at = stages.rbegin(); at != stages.rend(); ++at) {
    result.stages.push_back(*at);
    result.stages.back().next = {next};
    next = {false, result.stages.size() - 1};
  }
  result.sources.emplace_back();
  result.sources.back().next = next;
  return result;
}

std::vector<std::size_t> chain_plan::path(std::size_t source,
                                          std::size_t sink) const {
  std::vector<std::size_t> result;
  reaches(*this, sources[source].next, sink, result);
  return result;
}

std::string passed_through(const chain_plan& plan,
                           const std::vector<std::size_t>& stages,
                           std::string text) {
  for (auto i : stages)
    text = passed_through(plan.stages[i].work, std::move(text));
  return text;
}

} // namespace sluice::testing

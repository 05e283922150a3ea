#include "tests/simulation/chain_bounds.h"

#include "runtime/limits.h"
#include "tests/simulation/chain_stage.h"

#include <algorithm>
#include <array>

namespace sluice::testing {

namespace {

/// What comes to a stage or a sink from all of its senders.
struct inflow {
  std::size_t senders = 0;
  std::size_t after_told = 0; // pieces
  std::size_t piece_bytes = 0;
  bool bounded = true;

  void add(std::size_t pieces, std::size_t bytes, bool is_bounded) {
    ++senders;
    after_told += pieces;
    piece_bytes = std::max(piece_bytes, bytes);
    bounded = bounded && is_bounded;
  }
};

/// What one piece becomes.
struct outflow {
  std::size_t pieces = 1; // of one handler
  std::size_t piece_bytes = 0;
  std::size_t kept_bytes = 0; // between two pieces
};

outflow outflow_of(const stage_plan& stage, std::size_t piece_bytes) {
  switch (stage.work) {
  case stage_work::expand:
    return {1, 2 * piece_bytes, 0};
  case stage_work::batch: // at the end: what is kept, and the end
    return {2, stage.factor * piece_bytes, stage.factor * piece_bytes};
  case stage_work::split:
    return {stage.factor, piece_bytes, 0};
  default:
    return {1, piece_bytes, 0};
  }
}

/// Pieces that a source sends in one turn of its loop, its end included.
std::size_t pieces_of_a_turn(const source_plan& source, std::size_t bytes) {
  auto reads = bytes / runtime::limits::read_room_min_bytes + 1;
  return bytes / source.piece_bytes + reads + 1;
}

/// How many bytes of a source one byte is worth behind these stages, at most.
double worth_behind(const chain_plan& plan,
                    const std::vector<std::size_t>& stages, std::size_t count) {
  double result = 1;
  for (std::size_t i = 0; i < count; ++i) {
    auto work = plan.stages[stages[i]].work;
    result *= work == stage_work::shrink ? 2 : 1;
    result /= work == stage_work::expand ? 2 : 1;
  }
  return result;
}

} // namespace

chain_bounds::chain_bounds(const chain_plan& plan, std::size_t read_bytes)
    : stages(plan.stages.size()), sinks(plan.sinks.size()), piece_bytes(0) {
  std::vector<inflow> to_stages(plan.stages.size());
  std::vector<inflow> to_sinks(plan.sinks.size());
  auto into = [&](target x) -> inflow& {
    return x.sink ? to_sinks[x.index] : to_stages[x.index];
  };
  for (auto& source : plan.sources)
    into(source.next)
        .add(pieces_of_a_turn(source, read_bytes), source.piece_bytes, true);
  for (auto i = plan.stages.size(); i-- > 0;) {
    auto& stage = plan.stages[i];
    auto& in = to_stages[i];
    auto& bounds = stages[i];
    auto bounded = in.bounded && stage.asks != asking::await;
    auto most = stage.limits.high + in.after_told;
    std::size_t helper_most = 0;
    if (stage.asks == asking::then) {
      // Each piece that waits for the stage may become a request while it is
      // overloaded, and all requests responses while the helper is.
      helper_most = stage.helper_limits.high + most + 1;
      most += std::max<std::size_t>(1, helper_most - stage.helper_limits.low);
    } else if (stage.asks == asking::await) {
      helper_most = 1;
    }
    if (in.bounded)
      bounds.helper_messages = helper_most;
    if (bounded)
      bounds.mailbox_messages = most;
    auto out = outflow_of(stage, in.piece_bytes);
    bounds.bytes = (most + helper_most) * in.piece_bytes
                   + plan.sources.size() * out.kept_bytes;
    if (bounded && piece_bytes)
      *piece_bytes += bounds.bytes;
    else
      piece_bytes.reset();
    for (auto next : stage.next)
      if (next.sink) // obeyed at once, overloaded or not
        into(next).add(out.pieces, out.piece_bytes, true);
      else
        into(next).add(out.pieces * (most - stage.limits.low), out.piece_bytes,
                       bounded);
  }
  for (std::size_t i = 0; i < sinks.size(); ++i) {
    auto& in = to_sinks[i];
    // Until it is told, a sender adds to less than *high* in the queue and to
    // as much in the mailbox.
    auto write = in.piece_bytes + frame_header_bytes + write_charge_bytes;
    if (in.bounded)
      sinks[i] = 2 * plan.sinks[i].marks.high
                 + (2 * in.senders + in.after_told) * write;
  }
}

std::optional<std::size_t>
chain_bounds::ahead_bytes(const chain_plan& plan, std::size_t source,
                          std::size_t sink, std::size_t kernel_bytes) const {
  if (!piece_bytes || !sinks[sink])
    return std::nullopt;
  // What one byte is worth is known to a byte only, at each place.
  auto at = [](std::size_t bytes, double worth) {
    return static_cast<std::size_t>((static_cast<double>(bytes) + 4) * worth)
           + 4;
  };
  auto stages_between = plan.path(source, sink);
  auto result = kernel_bytes;
  for (std::size_t i = 0; i < stages_between.size(); ++i)
    result += at(stages[stages_between[i]].bytes,
                 worth_behind(plan, stages_between, i));
  return result
         + at(*sinks[sink] + kernel_bytes,
              worth_behind(plan, stages_between, stages_between.size()));
}

} // namespace sluice::testing

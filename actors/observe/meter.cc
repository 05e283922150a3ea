#include "actors/observe/meter.h"

#include "runtime/limits.h"

#include <algorithm>
#include <chrono>

namespace sluice::actors::observe {

namespace limits = runtime::limits;

/// A counter that went back began anew, at 0.
std::uint64_t meter::rate(std::uint64_t before, std::uint64_t after) const {
  if (seconds_ <= 0)
    return 0;
  auto grown = after >= before ? after - before : after;
  return static_cast<std::uint64_t>(static_cast<double>(grown) / seconds_);
}

/// A link is under pressure if it is told so, if something waits for credit, if
/// bytes that waited for the operating system at the last report still do, or
/// if nothing is taken: a receiver says what it has handled when that is half
/// of a window, but at the latest with the next ping, which is sooner than
/// limits::observe_stall.
link_report meter::judge(runtime::time_point now, const link_counters& x) {
  auto [at, is_new] = links_.try_emplace(x.to);
  auto& known = at->second;
  auto& last = known.last;
  auto state = x.state.value_or(last.state.value_or(link_state::open));
  if (is_new || last.state != state)
    known.state_since = now;
  if (is_new || last.taken != x.taken || x.sent == 0)
    known.moved = now;
  auto stands = now - known.moved >= limits::observe_stall;
  auto stuck = !is_new && last.queued_bytes > 0
               && last.written_bytes + last.queued_bytes > x.written_bytes
               && last.written_bytes <= x.written_bytes;
  auto pressed = x.told || x.needs_credit || stuck || stands;
  if (pressed && !known.pressed)
    known.pressed_since = now;
  link_report result{.to = x.to, .state = state, .told = x.told};
  if (pressed)
    result.pressure = stands ? link_pressure::stalled : link_pressure::applied;
  result.queued = x.waiting + (pressed ? x.sent : 0);
  if (!is_new) {
    result.msgs_ps = rate(last.taken, x.taken);
    result.bps = rate(last.written_bytes, x.written_bytes);
  }
  result.for_ms =
      whole_ms(now
               - (pressed && state == link_state::open ? known.pressed_since
                                                       : known.state_since));
  known.pressed = pressed;
  last = x;
  last.state = state;
  return result;
}

std::uint32_t meter::busy(const std::vector<loop_time>& loops) {
  std::uint32_t result = 0;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    if (!loops[i].answered)
      return 1000;
    if (i >= before_.loops.size() || !before_.loops[i].answered)
      continue;
    auto share = rate(before_.loops[i].used, loops[i].used) / 1'000'000;
    result = std::max(result, static_cast<std::uint32_t>(
                                  std::min<std::uint64_t>(share, 1000)));
  }
  return result;
}

node_report meter::measure(runtime::time_point now, node_counters x) {
  seconds_ = last_ ? std::chrono::duration<double>(now - *last_).count() : 0;
  last_ = now;
  node_report result;
  result.number = ++number_;
  result.load = x.levels;
  result.load.in_bps = rate(before_.bytes_in, x.bytes_in);
  result.load.out_bps = rate(before_.bytes_out, x.bytes_out);
  result.load.msgs_ps = rate(before_.messages, x.messages);
  result.load.requests_ps = rate(before_.requests, x.requests);
  result.load.busy_permille = busy(x.loops);
  for (auto& y : x.links)
    result.links.push_back(judge(now, y));
  std::erase_if(links_, [&](auto& known) {
    return std::ranges::find(x.links, known.first, &link_counters::to)
           == x.links.end();
  });
  std::map<row_key, totals> rows;
  for (auto& y : x.rows) {
    row_key key{y.row.kind, y.row.id};
    auto row = std::move(y.row);
    if (auto at = rows_.find(key); at != rows_.end()) {
      row.in_bps = rate(at->second.in, y.bytes_in);
      row.out_bps = rate(at->second.out, y.bytes_out);
    }
    rows[key] = {y.bytes_in, y.bytes_out};
    result.rows.push_back(std::move(row));
  }
  rows_ = std::move(rows);
  result.holds = std::move(x.holds);
  result.closed = std::move(x.closed);
  before_ = std::move(x);
  before_.rows.clear();
  bound(result);
  return result;
}

} // namespace sluice::actors::observe

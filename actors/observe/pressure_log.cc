#include "actors/observe/pressure_log.h"

#include "actors/observe/sentences.h"
#include "runtime/limits.h"

namespace sluice::actors::observe {

namespace limits = runtime::limits;

bool pressure_log::spell::begins(runtime::time_point now) {
  last = now;
  times += !pressed;
  pressed = true;
  if (said != link_pressure::none)
    return false;
  *this = {link_pressure::applied, true, 1, now, now};
  return true;
}

bool pressure_log::spell::is_over(runtime::time_point now) const {
  return said != link_pressure::none && !pressed
         && now - last >= limits::observe_calm;
}

/// Seen twice a second: the last one held until the one after it.
runtime::duration pressure_log::spell::lasted() const {
  return last - began + limits::observe_interval;
}

void pressure_log::report(
    runtime::time_point now, std::int64_t wall_ms, const std::string& node,
    const node_report& x,
    const std::function<bool(const std::string&)>& is_member) {
  for (auto& y : x.links)
    if (is_member(y.to))
      look(now, wall_ms, node, y);
  look_inside(now, wall_ms, node, x.holds);
  auto [at, is_first] = closed_.try_emplace(node);
  for (auto& y : x.closed)
    look(now, wall_ms, node, y, is_first);
}

void pressure_log::look(runtime::time_point now, std::int64_t wall_ms,
                        const std::string& from, const link_report& x) {
  auto [at, is_new] = links_.try_emplace({from, x.to});
  auto& known = at->second;
  if (is_new)
    known.state_since = now;
  look_at_state(now, wall_ms, from, x, known);
  auto& here = known.pressure;
  // A lost link presses its senders, too; that is said already.
  auto pressed =
      x.pressure != link_pressure::none && x.state == link_state::open;
  if (pressed) {
    if (here.begins(now))
      out_.add(wall_ms, from, event_kind::applied, sentences::applied(from, x));
    if (x.pressure == link_pressure::stalled
        && here.said != link_pressure::stalled) {
      here.said = link_pressure::stalled;
      out_.add(wall_ms, from, event_kind::stalled, sentences::stalled(from, x));
    }
  }
  here.pressed = pressed;
}

/// Those of links are told of as such.
void pressure_log::look_inside(runtime::time_point now, std::int64_t wall_ms,
                               const std::string& node,
                               const std::vector<hold_report>& holds) {
  const hold_report* oldest = nullptr;
  for (auto& x : holds)
    if (x.to.empty() && (oldest == nullptr || x.for_ms > oldest->for_ms))
      oldest = &x;
  auto& known = insides_[node];
  if (oldest == nullptr) {
    known.pressure.pressed = false;
  } else if (known.pressure.begins(now)) {
    known.held = oldest->held;
    known.holder = oldest->holder;
    out_.add(wall_ms, node, event_kind::applied,
             sentences::holds(node, *oldest));
  }
}

void pressure_log::look_at_state(runtime::time_point now, std::int64_t wall_ms,
                                 const std::string& from, const link_report& x,
                                 link& at) {
  if (x.state == at.state)
    return;
  auto lasted = now - at.state_since;
  auto before = at.state;
  at.state = x.state;
  at.state_since = now;
  if (x.state == link_state::cut)
    out_.add(wall_ms, from, event_kind::link_lost,
             sentences::link_cut(from, x.to));
  else if (x.state == link_state::open)
    out_.add(wall_ms, from, event_kind::link_open,
             sentences::link_open(from, x.to, lasted));
  else if (before == link_state::open)
    out_.add(wall_ms, from, event_kind::link_lost,
             sentences::link_lost(from, x.to));
}

/// The first report says what was before anybody looked.
void pressure_log::look(runtime::time_point now, std::int64_t wall_ms,
                        const std::string& node, const closed_count& x,
                        bool is_first) {
  auto& known = closed_[node];
  if (!known.contains(x.reason) && known.size() >= limits::observe_reasons_max)
    return;
  auto& last = known[x.reason];
  if (is_first || x.count < last.told || !sentences::is_bad_end(x.reason)) {
    last.told = x.count;
    return;
  }
  auto count = x.count - last.told;
  if (count == 0
      || (last.at != runtime::time_point{}
          && now - last.at < limits::observe_event_pause))
    return; // what has come meanwhile is in the next one
  last = {x.count, now};
  out_.add(wall_ms, node, event_kind::closed,
           sentences::closed(node, count, x.reason));
}

void pressure_log::tick(runtime::time_point now, std::int64_t wall_ms) {
  for (auto& [names, x] : links_) {
    auto& here = x.pressure;
    if (!here.is_over(now))
      continue;
    out_.add(wall_ms, names.first, event_kind::released,
             sentences::released(names.first, names.second, here.lasted(),
                                 here.times));
    here = {};
  }
  for (auto& [node, x] : insides_) {
    if (!x.pressure.is_over(now))
      continue;
    out_.add(
        wall_ms, node, event_kind::released,
        sentences::holds_no_more(node, x.held, x.holder, x.pressure.lasted()));
    x = {};
  }
}

void pressure_log::forget(const std::string& node) {
  std::erase_if(links_, [&](auto& x) {
    return x.first.first == node || x.first.second == node;
  });
  insides_.erase(node);
  closed_.erase(node);
}

} // namespace sluice::actors::observe

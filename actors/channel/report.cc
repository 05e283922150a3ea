#include "actors/channel/report.h"
#include "actors/channel/host_state.h"

#include <algorithm>
#include <memory>
#include <utility>

// What a host, its ends and its links say of themselves.

namespace sluice::actors::channel {

const char* to_string(outlet_report::state_type x) noexcept {
  switch (x) {
  case outlet_report::state_type::waiting:
    return "waiting";
  case outlet_report::state_type::open:
    return "open";
  case outlet_report::state_type::closed:
    return "closed";
  }
  return "invalid";
}

outlet_report outlet_port::report() const {
  using state_type = outlet_report::state_type;
  outlet_report result;
  result.id = id();
  result.source = gate_->id();
  result.name = name();
  result.to = where_;
  auto record = valve_.record(system());
  result.pressed = record.now;
  result.times_pressed = record.times;
  result.pressed_time = record.total;
  lock guard{mutex_};
  result.state = state_ == state::open      ? state_type::open
                 : state_ == state::waiting ? state_type::waiting
                                            : state_type::closed;
  result.queued_messages = core_.next() - core_.sent();
  result.queued_bytes = core_.pending_bytes();
  result.in_flight_messages = core_.sent() - core_.confirmed();
  result.credit_messages = state_ == state::open ? core_.credit() : 0;
  result.pushed_messages = core_.next() - options_.start_position;
  result.confirmed_messages = core_.confirmed() - options_.start_position;
  return result;
}

inlet_report inlet_port::report() const {
  inlet_report result;
  result.id = id();
  result.name = name();
  lock guard{mutex_};
  result.linked = door_ != nullptr;
  result.held_messages = core_.held_messages();
  result.held_bytes = core_.held_bytes();
  result.credit_messages = result.linked ? core_.credit() : 0;
  result.received_messages = core_.position() - options_.start_position;
  result.handled_messages = result.received_messages - core_.held_messages();
  return result;
}

// -- the sums of a host -------------------------------------------------------

namespace {

void add(channel_totals& to, const outlet_report& x) {
  to.pushed_messages += x.pushed_messages;
  to.confirmed_messages += x.confirmed_messages;
}

void add(channel_totals& to, const inlet_report& x) {
  to.received_messages += x.received_messages;
  to.handled_messages += x.handled_messages;
}

} // namespace

void host_state::count_link_end(end_reason why) {
  std::lock_guard guard{mutex_};
  ++totals_.links_ended[why];
}

void host_state::remove_outlet(const outlet_port& x) {
  auto last = x.report();
  std::lock_guard guard{mutex_};
  outlets_.erase(x.id());
  add(totals_, last);
}

void host_state::note_inlet(const std::shared_ptr<inlet_port>& x) {
  std::lock_guard guard{mutex_};
  if (all_inlets_.emplace(x->id(), x).second)
    ++totals_.inlets;
}

void host_state::forget_inlet(const inlet_port& x) {
  auto last = x.report();
  std::lock_guard guard{mutex_};
  if (all_inlets_.erase(x.id()) > 0)
    add(totals_, last);
}

host_report host_state::report() const {
  std::vector<std::shared_ptr<outlet_port>> outlets;
  std::vector<std::shared_ptr<inlet_port>> inlets;
  decltype(links_) links;
  host_report result;
  {
    std::lock_guard guard{mutex_};
    result.cuts.assign(cuts_.begin(), cuts_.end());
    result.slow_bytes_per_second = bytes_per_second_;
    for (auto& [id, x] : outlets_)
      if (auto port = x.lock())
        outlets.push_back(std::move(port));
    for (auto& [id, x] : all_inlets_)
      if (auto port = x.lock())
        inlets.push_back(std::move(port));
    links = links_;
    result.totals = totals_;
  }
  for (auto& x : outlets) {
    result.outlets.push_back(x->report());
    add(result.totals, result.outlets.back());
  }
  for (auto& x : inlets) {
    result.inlets.push_back(x->report());
    add(result.totals, result.inlets.back());
  }
  for (auto& x : links)
    result.links.push_back(x->report());
  // An end that goes while this looks is in neither sum for a moment: what has
  // been said once is not taken back.
  std::lock_guard guard{mutex_};
  auto keep = [](std::uint64_t& now, std::uint64_t& before) {
    now = before = std::max(now, before);
  };
  keep(result.totals.pushed_messages, said_.pushed_messages);
  keep(result.totals.confirmed_messages, said_.confirmed_messages);
  keep(result.totals.received_messages, said_.received_messages);
  keep(result.totals.handled_messages, said_.handled_messages);
  return result;
}

} // namespace sluice::actors::channel

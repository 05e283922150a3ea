#include "actors/observe/survey.h"

#include "actors/mailbox_table.h"
#include "actors/observe/messages.h"
#include "actors/pressure_graph.h"
#include "net/reports.h"
#include "runtime/limits.h"

#include <caf/send.hpp>

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <utility>

namespace sluice::actors::observe {

namespace limits = runtime::limits;

namespace {

/// What the calling thread has used of a processor.
std::uint64_t thread_time() {
  timespec x{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &x);
  return static_cast<std::uint64_t>(x.tv_sec) * 1'000'000'000
         + static_cast<std::uint64_t>(x.tv_nsec);
}

/// Resident memory, as proc(5) says in /proc/self/statm; 0 if it does not.
std::uint64_t resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  std::uint64_t size = 0;
  std::uint64_t resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

row_counters row_of(const net::connection_report& x) {
  row_counters result;
  auto& row = result.row;
  row.kind = row_kind::connection;
  row.id = x.id;
  row.name = x.name;
  row.local = to_string(x.local);
  row.remote = to_string(x.remote);
  row.state = to_string(x.state);
  row.pressed = x.pressed;
  row.queued = x.queued;
  row.peak = x.peak;
  row.unit = pressure_unit::bytes;
  row.pressure_ms = whole_ms(x.pressed_time);
  row.applied = x.times_pressed;
  row.rejected = x.rejected;
  result.bytes_in = x.received;
  result.bytes_out = x.written;
  return result;
}

row_counters row_of(const mailbox_report& x) {
  row_counters result;
  auto& row = result.row;
  row.kind = row_kind::actor;
  row.id = x.id;
  row.name = x.name;
  row.state = x.paused ? "paused" : x.overloaded ? "overloaded" : "running";
  row.pressed = x.overloaded;
  row.queued = x.queued;
  row.peak = x.peak;
  row.unit = pressure_unit::messages;
  row.pressure_ms = whole_ms(x.holding_time);
  row.applied = x.overloads;
  row.rejected = x.refused;
  return result;
}

row_counters row_of(const channel::outlet_report& x, const std::string& to) {
  row_counters result;
  auto& row = result.row;
  row.kind = row_kind::channel;
  row.id = x.id;
  row.name = x.name;
  row.remote = to.empty() ? x.to : to + " (" + x.to + ")";
  row.state = to_string(x.state);
  row.pressed = x.pressed;
  row.queued = x.queued_messages;
  row.unit = pressure_unit::messages;
  row.pressure_ms = whole_ms(x.pressed_time);
  row.applied = x.times_pressed;
  return result;
}

void add(std::vector<closed_count>& to, const std::string& reason,
         std::uint64_t count) {
  auto at = std::ranges::find(to, reason, &closed_count::reason);
  if (at != to.end())
    at->count += count;
  else
    to.push_back({reason, count});
}

bool is_ours(const std::string& channel) {
  return channel == orders_name || channel == notes_name;
}

} // namespace

loop_counters count_loop(runtime::event_loop& loop) {
  loop_counters result;
  auto& sums = net::totals_of(loop).streams;
  result.time = {thread_time(), true};
  result.turns = loop.stats().actor_turns;
  result.bytes_in = sums.received_bytes;
  result.bytes_out = sums.written_bytes;
  result.queued_bytes = sums.queued_bytes();
  for (auto x : sums.by_state)
    result.connections += x;
  result.pressed = net::count_pressed_connections(loop);
  for (auto& x : net::report_connections(loop, limits::observe_rows_max))
    result.rows.push_back(row_of(x));
  for (std::size_t i = 0; i < sums.closed.size(); ++i)
    if (sums.closed[i] > 0)
      result.closed.push_back(
          {to_string(static_cast<net::close_reason>(i)), sums.closed[i]});
  return result;
}

std::map<std::string, link_counters> ways_of(const channel::host_report& x) {
  using state_type = channel::outlet_report::state_type;
  std::map<std::string, link_counters> result;
  for (auto& y : x.outlets) {
    if (is_ours(y.name))
      continue;
    auto& way = result[y.to];
    way.told |= y.pressed;
    way.needs_credit |= y.queued_messages > 0 && y.credit_messages == 0;
    way.waiting += y.queued_messages;
    way.sent += y.in_flight_messages;
    way.taken += y.confirmed_messages;
    if (y.state == state_type::closed)
      way.state = link_state::lost;
    else if (y.state == state_type::open && way.state != link_state::lost)
      way.state = link_state::open;
  }
  for (auto& y : x.links)
    if (auto at = result.find(y.to);
        at != result.end() && !is_ours(y.channel)) {
      at->second.queued_bytes += y.queued_bytes;
      at->second.written_bytes += y.written_bytes;
    }
  for (auto& y : x.cuts)
    if (auto at = result.find(y); at != result.end())
      at->second.state = link_state::cut;
  return result;
}

survey::survey(runtime::loop_actor* self, cluster::node& node,
               const std::vector<runtime::event_loop*>& loops,
               name_function name_of, std::function<void(node_counters&)> more)
    : self_(self),
      node_(node),
      name_of_(std::move(name_of)),
      more_(std::move(more)) {
  for (auto x : loops)
    loops_.push_back({x});
  if (loops_.empty())
    loops_.push_back({&self_->loop()});
}

bool survey::begin() {
  ++round_;
  missing_ = loops_.size();
  for (std::size_t i = 0; i < loops_.size(); ++i)
    ask(i);
  return is_complete();
}

void survey::ask(std::size_t index) {
  auto& loop = loops_[index];
  loop.answered = false;
  if (loop.where == &self_->loop()) {
    loop_counted x{index, count_loop(*loop.where)};
    add(x);
    return;
  }
  if (std::exchange(loop.asked, true))
    return; // it has a question to answer
  runtime::spawn_on(
      *loop.where, [index, to = caf::actor{self_}](runtime::loop_actor* there) {
        there->send(to, loop_counted{index, count_loop(there->loop())});
      });
}

bool survey::add(loop_counted& x) {
  auto& loop = loops_[x.index];
  loop.counted = std::move(x.counters);
  loop.asked = false;
  if (is_complete() || std::exchange(loop.answered, true))
    return false;
  return --missing_ == 0;
}

node_counters survey::take() {
  node_counters result;
  for (auto& loop : loops_) {
    auto& x = loop.counted;
    result.loops.push_back({x.time.used, loop.answered});
    result.messages += x.turns;
    result.bytes_in += x.bytes_in;
    result.bytes_out += x.bytes_out;
    result.levels.connections += x.connections;
    result.levels.queued_bytes += x.queued_bytes;
    result.levels.pressed += x.pressed;
    result.rows.insert(result.rows.end(), x.rows.begin(), x.rows.end());
    for (auto& y : x.closed)
      observe::add(result.closed, y.reason, y.count);
  }
  missing_ = 0;
  add_process(result);
  auto channels = node_.channels().report();
  add_channels(result, channels);
  add_mailboxes(result);
  add_holds(result, channels);
  if (more_)
    more_(result);
  return result;
}

void survey::add_process(node_counters& to) const {
  to.levels.rss = resident_bytes();
}

void survey::add_mailboxes(node_counters& to) const {
  auto& table = mailbox_table::instance();
  for (auto& x : table.totals()) {
    to.levels.pressed += x.overloaded;
    to.levels.queued_messages += x.queued;
  }
  for (auto& x : table.fullest(limits::observe_rows_max))
    to.rows.push_back(row_of(x));
}

void survey::add_holds(node_counters& to,
                       const channel::host_report& channels) const {
  std::map<caf::actor_id, std::string> ways; // by who stands for them
  for (auto& y : channels.outlets)
    if (y.pressed)
      ways.emplace(y.source, name_of_(y.to));
  for (auto& x : list_pressure(self_->system()).edges) {
    hold_report hold;
    hold.held = x.held_name + " " + std::to_string(x.held);
    if (auto way = ways.find(x.holder); way != ways.end())
      hold.to = way->second;
    hold.holder = x.holder_name
                  + (hold.to.empty() ? " " : " to " + hold.to + " ")
                  + std::to_string(x.holder);
    hold.for_ms = whole_ms(x.since);
    hold.queued = x.queued;
    hold.unit = x.unit;
    to.holds.push_back(std::move(hold));
  }
}

void survey::add_channels(node_counters& to,
                          const channel::host_report& report) const {
  for (auto& x : report.outlets) {
    if (is_ours(x.name))
      continue;
    to.levels.queued_messages += x.queued_messages;
    to.levels.pressed += x.pressed;
    to.rows.push_back(row_of(x, name_of_(x.to)));
  }
  to.levels.slow_bps = report.slow_bytes_per_second;
  for (auto& [endpoint, x] : ways_of(report)) {
    to.links.push_back(x);
    to.links.back().to = name_of_(endpoint);
    if (to.links.back().to.empty())
      to.links.pop_back();
  }
}

} // namespace sluice::actors::observe

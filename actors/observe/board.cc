#include "actors/observe/board.h"

#include "actors/observe/sentences.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace sluice::actors::observe {

namespace limits = runtime::limits;

namespace {

bool is_gone(member_state x) {
  return x == member_state::down || x == member_state::left;
}

} // namespace

const char* to_string(member_state x) noexcept {
  switch (x) {
  case member_state::up:
    return "up";
  case member_state::suspected:
    return "suspected";
  case member_state::down:
    return "down";
  case member_state::left:
    break;
  }
  return "left";
}

board::board() = default;

// -- members ------------------------------------------------------------------

board::entry* board::find_life(const cluster::member& x) {
  auto at = nodes_.find(x.name);
  return at != nodes_.end() && same(at->second.who, x) ? &at->second : nullptr;
}

/// Who is told again of the members that are there hears of each as joined.
void board::joined(const moment& at, const cluster::member& x) {
  if (auto known = find_life(x); known && !is_gone(known->state))
    return;
  pressure_.forget(x.name);
  nodes_.insert_or_assign(x.name,
                          entry{x, member_state::up, at.wall_ms, {}, {}});
  events_.add(at.wall_ms, x.name, event_kind::joined, sentences::joined(x));
}

void board::suspected(const moment& at, const cluster::member& x) {
  auto known = find_life(x);
  if (!known || known->state != member_state::up)
    return;
  known->state = member_state::suspected;
  known->since_ms = at.wall_ms;
  events_.add(at.wall_ms, x.name, event_kind::suspected,
              sentences::suspected(x));
}

void board::trusted(const moment& at, const cluster::member& x) {
  auto known = find_life(x);
  if (!known || known->state != member_state::suspected)
    return;
  known->state = member_state::up;
  known->since_ms = at.wall_ms;
  events_.add(at.wall_ms, x.name, event_kind::trusted, sentences::trusted(x));
}

void board::left(const moment& at, const cluster::member& x) {
  ended(at, x, member_state::left);
}

void board::down(const moment& at, const cluster::member& x) {
  ended(at, x, member_state::down);
}

void board::ended(const moment& at, const cluster::member& x,
                  member_state how) {
  auto known = find_life(x);
  if (!known || is_gone(known->state))
    return;
  known->state = how;
  known->since_ms = at.wall_ms;
  known->reported_at.reset();
  known->report = {};
  pressure_.forget(x.name);
  auto is_left = how == member_state::left;
  events_.add(at.wall_ms, x.name, is_left ? event_kind::left : event_kind::down,
              is_left ? sentences::left(x) : sentences::down(x));
  forget_gone();
}

/// Names need not come back: a cluster may have had a thousand.
void board::forget_gone() {
  auto oldest = nodes_.end();
  std::size_t count = 0;
  for (auto at = nodes_.begin(); at != nodes_.end(); ++at) {
    if (!is_gone(at->second.state))
      continue;
    ++count;
    if (oldest == nodes_.end() || at->second.since_ms < oldest->second.since_ms)
      oldest = at;
  }
  if (count > limits::observe_gone_max)
    nodes_.erase(oldest);
}

void board::membership_gained(const moment& at, const cluster::member& self) {
  self_ = self.name;
  if (std::exchange(lost_, false))
    events_.add(at.wall_ms, self_, event_kind::trusted,
                sentences::membership_gained(self_));
}

/// Also comes when a node has not been a member yet, or is told again why.
void board::membership_lost(const moment& at, std::string_view why) {
  if (self_.empty() || std::exchange(lost_, true))
    return;
  events_.add(at.wall_ms, self_, event_kind::suspected,
              sentences::membership_lost(self_, why));
}

const cluster::member* board::find(std::string_view name) const {
  auto at = nodes_.find(name);
  return at != nodes_.end() ? &at->second.who : nullptr;
}

std::optional<member_state> board::state_of(std::string_view name) const {
  auto at = nodes_.find(name);
  return at != nodes_.end() ? std::optional{at->second.state} : std::nullopt;
}

std::string board::name_at(std::string_view endpoint) const {
  std::string result;
  for (auto& [name, x] : nodes_)
    if (x.who.endpoint == endpoint && (result.empty() || !is_gone(x.state)))
      result = name;
  return result;
}

std::vector<cluster::member> board::shown() const {
  std::vector<cluster::member> result;
  for (auto& [name, x] : nodes_)
    result.push_back(x.who);
  return result;
}

std::vector<cluster::member> board::living() const {
  std::vector<cluster::member> result;
  for (auto& [name, x] : nodes_)
    if (!is_gone(x.state))
      result.push_back(x.who);
  return result;
}

// -- reports ------------------------------------------------------------------

std::string board::reported(const moment& at, std::string_view name,
                            std::uint64_t incarnation, node_report x) {
  auto found = nodes_.find(name);
  if (found == nodes_.end() || found->second.who.incarnation != incarnation
      || is_gone(found->second.state))
    return "it is no member";
  if (auto why = check(x); !why.empty())
    return why;
  auto& known = found->second;
  if (x.number <= known.report.number)
    return "it is older than the last one";
  known.reported_at = at.now;
  known.report = std::move(x);
  pressure_.report(at.now, at.wall_ms, known.who.name, known.report,
                   [this](const std::string& to) {
                     auto state = state_of(to);
                     return state && !is_gone(*state);
                   });
  return {};
}

void board::begin_watch() {
  for (auto& [name, x] : nodes_)
    x.reported_at.reset();
  last_ = {};
}

void board::control(const moment& at, const std::string& node, severity how_bad,
                    std::string text) {
  events_.add(at.wall_ms, node, event_kind::control, how_bad, std::move(text));
}

// -- what is so ---------------------------------------------------------------

node_view board::view(const moment& at, const entry& x) const {
  node_view result{x.who.name, x.state, x.since_ms, x.who.endpoint,
                   x.who.roles};
  if (x.reported_at) {
    result.age_ms = whole_ms(at.now - *x.reported_at);
    result.load = x.report.load;
  }
  return result;
}

const frame& board::tick(const moment& at) {
  pressure_.tick(at.now, at.wall_ms);
  frame made{.now_ms = at.wall_ms};
  std::vector<std::pair<const std::string*, const row_report*>> rows;
  for (auto& [name, x] : nodes_) {
    made.nodes.push_back(view(at, x));
    auto age = made.nodes.back().age_ms;
    if (!age || std::chrono::milliseconds{*age} > limits::observe_report_old)
      continue;
    for (auto& y : x.report.links)
      made.links.push_back(
          {name, at.wall_ms - static_cast<std::int64_t>(*age + y.for_ms), y});
    for (auto& y : x.report.holds)
      made.holds.push_back({name, y});
    for (auto& y : x.report.rows)
      rows.emplace_back(&name, &y);
  }
  auto count = std::min(rows.size(), limits::observe_rows_max);
  std::partial_sort(rows.begin(),
                    rows.begin() + static_cast<std::ptrdiff_t>(count),
                    rows.end(), [&](auto& x, auto& y) {
                      return std::pair{urgency(*x.second), *y.first}
                             > std::pair{urgency(*y.second), *x.first};
                    });
  for (std::size_t i = 0; i < count; ++i)
    made.rows.push_back({*rows[i].first, *rows[i].second});
  last_ = std::move(made);
  return last_;
}

} // namespace sluice::actors::observe

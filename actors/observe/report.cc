#include "actors/observe/report.h"

#include "runtime/clock.h"
#include "runtime/limits.h"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

namespace sluice::actors::observe {

namespace limits = runtime::limits;

namespace {

/// Not in the middle of a character (UTF-8).
void cut(std::string& x) {
  if (x.size() <= limits::observe_text_bytes_max)
    return;
  auto end = limits::observe_text_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(x[end]) & 0xc0) == 0x80)
    --end;
  x.resize(end);
}

template <class T>
void cut(std::vector<T>& x, std::size_t most) {
  if (x.size() > most)
    x.resize(most);
}

std::string too_many(const char* what, std::size_t has, std::size_t most) {
  return has <= most ? ""
                     : std::to_string(has) + " " + what + ", and at most "
                           + std::to_string(most) + " are allowed";
}

bool fits(const std::string& x) {
  return x.size() <= limits::observe_text_bytes_max;
}

/// A clock can count so long.
bool is_span(std::uint64_t ms) {
  return ms <= whole_ms(runtime::duration::max());
}

bool fits(const link_report& x) {
  return fits(x.to) && is_span(x.for_ms) && x.state <= link_state::cut
         && x.pressure <= link_pressure::stalled
         && x.unit <= pressure_unit::bytes;
}

bool fits(const hold_report& x) {
  return fits(x.held) && fits(x.holder) && fits(x.to) && is_span(x.for_ms)
         && x.unit <= pressure_unit::bytes;
}

bool fits(const row_report& x) {
  return fits(x.name) && fits(x.local) && fits(x.remote) && fits(x.state)
         && x.kind <= row_kind::channel && x.unit <= pressure_unit::bytes;
}

bool fits(const closed_count& x) {
  return fits(x.reason);
}

template <class T>
bool all_fit(const std::vector<T>& x) {
  return std::ranges::all_of(x, [](auto& y) { return fits(y); });
}

/// Those of links first, which the picture shows, and the longest of them; but
/// the longest inside of the node before all: by it the log knows that somebody
/// waits there.
void sort_holds(std::vector<hold_report>& holds) {
  auto key = [](const hold_report& x) {
    return std::pair{!x.to.empty(), x.for_ms};
  };
  std::ranges::stable_sort(holds,
                           [&](auto& x, auto& y) { return key(x) > key(y); });
  auto inside = std::ranges::find(holds, std::string{}, &hold_report::to);
  if (inside != holds.end())
    std::rotate(holds.begin(), inside, inside + 1);
}

} // namespace

std::uint64_t whole_ms(runtime::duration x) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(
      0, std::chrono::duration_cast<std::chrono::milliseconds>(x).count()));
}

void sort_rows(std::vector<row_report>& rows) {
  std::ranges::stable_sort(
      rows, [](auto& x, auto& y) { return urgency(x) > urgency(y); });
}

void bound(node_report& x) {
  std::ranges::stable_sort(x.links, [](auto& a, auto& b) {
    return std::tuple{a.pressure, a.state} > std::tuple{b.pressure, b.state};
  });
  cut(x.links, limits::observe_links_max);
  sort_holds(x.holds);
  cut(x.holds, limits::observe_holds_max);
  sort_rows(x.rows);
  cut(x.rows, limits::observe_rows_max);
  cut(x.closed, limits::observe_reasons_max);
  for (auto& y : x.links)
    cut(y.to);
  for (auto& y : x.holds)
    for (auto text : {&y.held, &y.holder, &y.to})
      cut(*text);
  for (auto& y : x.rows)
    for (auto text : {&y.name, &y.local, &y.remote, &y.state})
      cut(*text);
  for (auto& y : x.closed)
    cut(y.reason);
}

void keep_rows(node_report& x, std::size_t quiet) {
  auto first = std::ranges::find(x.rows, false, &row_report::pressed);
  auto pressed = static_cast<std::size_t>(first - x.rows.begin());
  cut(x.rows, pressed + quiet);
}

void shorten(node_report& x) {
  x.rows.clear();
  x.closed.clear();
}

std::string check(const node_report& x) {
  for (auto& text :
       {too_many("links", x.links.size(), limits::observe_links_max),
        too_many("holds", x.holds.size(), limits::observe_holds_max),
        too_many("rows", x.rows.size(), limits::observe_rows_max),
        too_many("reasons", x.closed.size(), limits::observe_reasons_max)})
    if (!text.empty())
      return text;
  if (x.load.busy_permille <= 1000 && all_fit(x.links) && all_fit(x.holds)
      && all_fit(x.rows) && all_fit(x.closed))
    return {};
  return "a text of more than " + std::to_string(limits::observe_text_bytes_max)
         + " bytes, or a number that means nothing";
}

} // namespace sluice::actors::observe

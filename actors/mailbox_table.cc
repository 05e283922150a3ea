#include "actors/mailbox_table.h"

#include "runtime/limits.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>
#include <tuple>
#include <utility>

namespace sluice::actors {

namespace limits = runtime::limits;

namespace {

constexpr std::size_t pieces = 64;
constexpr std::size_t other = 0;

/// The value of a label is UTF-8 and a line: so much of a name as is sure to
/// be both.
std::string printable(std::string_view name) {
  std::string result{name.substr(0, limits::mailbox_name_bytes_max)};
  for (char& c : result)
    if (c < ' ' || c > '~')
      c = '?';
  return result;
}

/// Of a mailbox, or of many.
template <class Counts>
void add_counts(mailbox_totals& to, const Counts& x) {
  to.peak = std::max(to.peak, x.peak);
  to.overloads += x.overloads;
  to.pauses += x.pauses;
  to.holding_time += x.holding_time;
  to.paused_time += x.paused_time;
  to.handled += x.handled;
  to.refused += x.refused;
  to.dropped += x.dropped;
}

void add_present(mailbox_totals& to, const mailbox_report& x) {
  ++to.actors;
  to.queued += x.queued;
  to.overloaded += x.overloaded ? 1 : 0;
  to.paused += x.paused ? 1 : 0;
}

bool fuller(const mailbox_report& a, const mailbox_report& b) {
  return std::tie(a.overloaded, a.queued, b.id)
         > std::tie(b.overloaded, b.queued, a.id);
}

} // namespace

struct mailbox_table::piece {
  std::mutex mutex;
  listed_mailbox* first = nullptr;
  std::vector<mailbox_totals> ended; // by the number of the name
};

struct mailbox_table::state {
  std::array<piece, pieces> list;
  std::mutex names_mutex;
  std::map<std::string, std::size_t, std::less<>> numbers{{"other", other}};
  std::vector<std::string> names{"other"};
};

mailbox_table::mailbox_table() : state_(*new state) {
}

mailbox_table& mailbox_table::instance() {
  // Never destroyed: actors may end after main has.
  static auto& table = *new mailbox_table;
  return table;
}

std::size_t mailbox_table::number_of(const char* name) {
  auto text = printable(name != nullptr ? name : "");
  std::lock_guard guard{state_.names_mutex};
  if (auto at = state_.numbers.find(text); at != state_.numbers.end())
    return at->second;
  if (text.empty() || state_.names.size() > limits::mailbox_names_max)
    return other;
  auto number = state_.names.size();
  state_.names.push_back(text);
  state_.numbers.emplace(std::move(text), number);
  return number;
}

mailbox_table::piece&
mailbox_table::piece_of(const listed_mailbox& x) const noexcept {
  // Actors are at least 1 KiB, and of few sizes: the high bits tell them apart.
  auto address = reinterpret_cast<std::uintptr_t>(&x);
  return state_.list[((address >> 6) * 0x9e3779b97f4a7c15u) >> 58];
}

void mailbox_table::add(listed_mailbox& x, const char* name) {
  auto number = number_of(name);
  auto& part = piece_of(x);
  std::lock_guard guard{part.mutex};
  if (std::exchange(x.listed_, true))
    return;
  x.name_ = number;
  x.prev_ = nullptr;
  x.next_ = part.first;
  if (part.first != nullptr)
    part.first->prev_ = &x;
  part.first = &x;
}

void mailbox_table::remove(listed_mailbox& x) {
  auto& part = piece_of(x);
  std::lock_guard guard{part.mutex};
  if (!std::exchange(x.listed_, false))
    return;
  if (x.prev_ != nullptr)
    x.prev_->next_ = x.next_;
  else
    part.first = x.next_;
  if (x.next_ != nullptr)
    x.next_->prev_ = x.prev_;
  if (part.ended.size() <= x.name_)
    part.ended.resize(x.name_ + 1);
  add_counts(part.ended[x.name_], x.report());
}

std::vector<mailbox_totals> mailbox_table::totals() const {
  std::vector<mailbox_totals> result;
  auto at = [&result](std::size_t number) -> mailbox_totals& {
    if (result.size() <= number)
      result.resize(number + 1);
    return result[number];
  };
  for (auto& part : state_.list) {
    std::lock_guard guard{part.mutex};
    for (std::size_t i = 0; i < part.ended.size(); ++i)
      add_counts(at(i), part.ended[i]);
    for (auto x = part.first; x != nullptr; x = x->next_) {
      auto report = x->report();
      add_counts(at(x->name_), report);
      add_present(at(x->name_), report);
    }
  }
  std::lock_guard guard{state_.names_mutex};
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i].name = state_.names[i];
  return result;
}

std::vector<mailbox_report> mailbox_table::fullest(std::size_t count) const {
  // A heap, of which the front is the first to go.
  std::vector<std::pair<mailbox_report, std::size_t>> best;
  auto order = [](auto& a, auto& b) { return fuller(a.first, b.first); };
  for (auto& part : state_.list) {
    std::lock_guard guard{part.mutex};
    for (auto x = part.first; x != nullptr; x = x->next_) {
      best.emplace_back(x->report(), x->name_);
      std::ranges::push_heap(best, order);
      if (best.size() <= count)
        continue;
      std::ranges::pop_heap(best, order);
      best.pop_back();
    }
  }
  std::ranges::sort_heap(best, order);
  std::vector<mailbox_report> result;
  std::lock_guard guard{state_.names_mutex};
  for (auto& [report, name] : best) {
    report.name = state_.names[name];
    result.push_back(std::move(report));
  }
  return result;
}

} // namespace sluice::actors

#include "runtime/timer_wheel.h"

#include "runtime/limits.h"
#include "runtime/panic.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace sluice::runtime {

namespace {

constexpr auto tick_length =
    static_cast<std::uint64_t>(duration{limits::timer_tick}.count());

// Unsigned arithmetic holds the distance between any two time points, also
// where a duration would overflow. `from` is not after `to`.
constexpr std::uint64_t distance(time_point from, time_point to) noexcept {
  return static_cast<std::uint64_t>(to.time_since_epoch().count())
         - static_cast<std::uint64_t>(from.time_since_epoch().count());
}

} // namespace

timer_wheel::timer_wheel(time_point start) noexcept
    : start_{start}, now_{start} {
  constexpr auto last_tick =
      std::numeric_limits<std::uint64_t>::max() / tick_length + 1;
  static_assert(std::bit_width(last_tick) <= digit_bits * levels,
                "the wheel must span all time points");
  for (auto& head : slots_)
    head.prev = head.next = &head;
}

timer_wheel::~timer_wheel() {
  check(!advancing_, "timer_wheel destroyed by one of its timers");
  while (auto slot = first_slot())
    cancel(static_cast<timer&>(*slots_[*slot].next));
}

void timer_wheel::arm(timer& t, time_point due) noexcept {
  if (t.armed())
    t.wheel_->cancel(t);
  t.wheel_ = this;
  t.due_ = due;
  ++size_;
  // Not rounded up if it is due: it would wait for the current tick to end.
  place(t, due <= now_ ? current_ : tick_after(due));
}

void timer_wheel::cancel(timer& t) noexcept {
  if (!t.armed())
    return;
  check(t.wheel_ == this, "timer cancelled on a wheel that it is not on");
  unlink(t);
  t.wheel_ = nullptr;
  --size_;
}

std::size_t timer_wheel::advance(time_point now) noexcept {
  check(!advancing_, "timer_wheel advanced by one of its timers");
  advancing_ = true;
  // First everything due is collected, then it is fired: callbacks see a wheel
  // that is already at `now`, and what they arm cannot be among the collected.
  now_ = std::max(now_, now);
  const auto target = tick_at(now_);
  while (auto slot = first_slot()) {
    const auto tick = first_tick_of(*slot);
    if (tick > target)
      break;
    current_ = tick;
    if (*slot < slots_per_level)
      collect(*slot);
    else
      migrate(*slot);
  }
  current_ = target;
  const auto fired = fire();
  advancing_ = false;
  return fired;
}

std::optional<time_point> timer_wheel::next_due() const noexcept {
  if (occupied_[levels] != 0)
    return now_;
  if (auto slot = first_slot())
    return time_of(first_tick_of(*slot));
  return std::nullopt;
}

std::uint64_t timer_wheel::tick_at(time_point t) const noexcept {
  return distance(start_, t) / tick_length;
}

// The first tick that is not before `t`, which is after the start.
std::uint64_t timer_wheel::tick_after(time_point t) const noexcept {
  return (distance(start_, t) - 1) / tick_length + 1;
}

time_point timer_wheel::time_of(std::uint64_t tick) const noexcept {
  // The last tick of all may end after the last time point.
  if (tick > tick_at(time_point::max()))
    return time_point::max();
  const auto since_epoch =
      static_cast<std::uint64_t>(start_.time_since_epoch().count())
      + tick * tick_length;
  return time_point{duration{static_cast<duration::rep>(since_epoch)}};
}

// By invariant 3 the lowest bit of the lowest level that has one.
std::optional<std::size_t> timer_wheel::first_slot() const noexcept {
  for (std::size_t level = 0; level < levels; ++level)
    if (const auto bits = occupied_[level]; bits != 0)
      return level * slots_per_level
             + static_cast<std::size_t>(std::countr_zero(bits));
  return std::nullopt;
}

// The higher digits of a slot's ticks are the current ones (invariant 2).
std::uint64_t timer_wheel::first_tick_of(std::size_t slot) const noexcept {
  const auto shift = slot / slots_per_level * digit_bits;
  const auto higher = current_ >> shift >> digit_bits;
  return (higher << digit_bits | slot % slots_per_level) << shift;
}

void timer_wheel::place(timer& t, std::uint64_t tick) noexcept {
  const auto differing = static_cast<unsigned>(std::bit_width(tick ^ current_));
  const auto level = differing == 0 ? 0 : (differing - 1) / digit_bits;
  const auto digit = (tick >> level * digit_bits) % slots_per_level;
  append(level * slots_per_level + digit, &t, &t);
}

void timer_wheel::append(std::size_t slot, timer_link* first,
                         timer_link* last) noexcept {
  auto& head = slots_[slot];
  first->prev = head.prev;
  last->next = &head;
  head.prev->next = first;
  head.prev = last;
  occupied_[slot / slots_per_level] |= std::uint64_t{1}
                                       << slot % slots_per_level;
}

void timer_wheel::unlink(timer& t) noexcept {
  timer_link& link = t;
  link.prev->next = link.next;
  link.next->prev = link.prev;
  // Both neighbours are the head: the list is empty now.
  if (link.prev == link.next)
    clear(static_cast<std::size_t>(link.next - slots_.data()));
}

void timer_wheel::clear(std::size_t slot) noexcept {
  auto& head = slots_[slot];
  head.prev = head.next = &head;
  occupied_[slot / slots_per_level] &=
      ~(std::uint64_t{1} << slot % slots_per_level);
}

// Moves the timers of a slot of level 0, which are due, to the firing list.
void timer_wheel::collect(std::size_t slot) noexcept {
  auto* first = slots_[slot].next;
  auto* last = slots_[slot].prev;
  clear(slot);
  append(firing_slot, first, last);
}

// Moves the timers of a slot whose first tick is the current one to lower
// levels, in their order.
void timer_wheel::migrate(std::size_t slot) noexcept {
  auto* link = slots_[slot].next;
  clear(slot);
  while (link != &slots_[slot]) {
    auto& t = static_cast<timer&>(*link);
    link = link->next;
    place(t, tick_after(t.due_));
  }
}

std::size_t timer_wheel::fire() noexcept {
  std::size_t fired = 0;
  if (occupied_[levels] != 0) {
    auto& first = static_cast<timer&>(*slots_[firing_slot].next);
    last_lateness_ = std::max(now_ - first.due_, duration::zero());
  }
  while (occupied_[levels] != 0) {
    auto& t = static_cast<timer&>(*slots_[firing_slot].next);
    cancel(t);
    ++fired;
    t.on_due_(t); // may have destroyed t
  }
  return fired;
}

} // namespace sluice::runtime

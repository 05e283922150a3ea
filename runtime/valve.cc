#include "runtime/valve.h"

#include "runtime/panic.h"

namespace sluice::runtime {

valve::valve(watermarks x) noexcept : marks_(x) {
  check(x.low < x.high, "a valve's low mark is not below its high mark");
}

valve::~valve() {
  check(told_.empty(), "a valve died with actors waiting");
}

void valve::marks(watermarks x) noexcept {
  check(x.low < x.high, "a valve's low mark is not below its high mark");
  marks_ = x;
}

backpressure valve::signal(pressure state,
                           const caf::strong_actor_ptr& source) {
  return {state, source, level(), next_signal_sequence()};
}

bool valve::rise(std::size_t level) noexcept {
  level_.store(level, std::memory_order_relaxed);
  peak_ = std::max(peak_, level);
  if (closed_ || level < marks_.high)
    return false;
  shut();
  return true;
}

void valve::shut() noexcept {
  if (!closed_)
    ++times_closed_;
  closed_ = true;
}

bool valve::tell(const caf::strong_actor_ptr& sender,
                 const caf::strong_actor_ptr& source,
                 caf::execution_unit* host) {
  if (!closed_ || !sender || !told_.insert(sender))
    return false;
  pressure_table::instance().add(*this, *source, *sender);
  send_signal(*sender, signal(pressure::applied, source), host);
  return true;
}

bool valve::fall(std::size_t level, const caf::strong_actor_ptr& source,
                 caf::execution_unit* host) {
  level_.store(level, std::memory_order_relaxed);
  if (!closed_ || level > marks_.low)
    return false;
  release(source, host);
  return true;
}

void valve::stall(const caf::strong_actor_ptr& source,
                  caf::execution_unit* host) {
  for (auto& actor : told_)
    send_signal(*actor, signal(pressure::stalled, source), host);
}

void valve::release(const caf::strong_actor_ptr& source,
                    caf::execution_unit* host) {
  closed_ = false;
  if (!told_.empty())
    pressure_table::instance().remove(*this);
  for (auto& actor : told_.take())
    send_signal(*actor, signal(pressure::released, source), host);
}

} // namespace sluice::runtime

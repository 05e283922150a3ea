#include "actors/flow_control.h"

#include "actors/rejected_message.h"
#include "runtime/error.h"
#include "runtime/panic.h"

#include <caf/actor_system.hpp>
#include <caf/message_id.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>

namespace sluice::actors {

using runtime::backpressure;
using runtime::pressure;

flow_control::flow_control(flow_owner& owner, caf::actor_control_block& self,
                           mailbox_limits x) noexcept
    : owner_(owner), self_(self) {
  limits(x);
}

flow_control::~flow_control() {
  mailbox_table::instance().remove(*this); // if it never began to end
}

void flow_control::limits(const mailbox_limits& x) noexcept {
  runtime::check(x.low < x.high && x.high <= x.cap,
                 "the limits of a mailbox are not low < high <= cap");
  high_.store(static_cast<std::int64_t>(x.high), std::memory_order_relaxed);
  low_.store(static_cast<std::int64_t>(x.low), std::memory_order_relaxed);
  cap_.store(static_cast<std::int64_t>(x.cap), std::memory_order_relaxed);
  pauses_.store(x.pause, std::memory_order_relaxed);
}

backpressure flow_control::signal(pressure state) {
  return {state, caf::strong_actor_ptr{&self_}, queued(),
          runtime::next_signal_sequence()};
}

// -- a message comes
// ------------------------------------------------------------

admission flow_control::admit(caf::mailbox_element& x,
                              caf::execution_unit* host) {
  if (!x.sender) {
    // Between nodes a signal loses its priority: it is known by its type.
    if (auto found = runtime::signal_in(x)) {
      if (!pauses_.load(std::memory_order_relaxed))
        return admission::urgent;
      heed(*found, host);
      return admission::consumed;
    }
  }
  if (!counts(x))
    return x.mid.category() == caf::message_id::urgent_message_category
               ? admission::urgent
               : admission::plain;
  auto flags = flags_.load(std::memory_order_relaxed);
  if ((flags & flag_ended) != 0)
    return admission::plain;
  if (auto found = exit_in(x)) {
    if (found->reason == caf::exit_reason::kill) {
      x.mid = x.mid.with_high_priority();
      return admission::urgent;
    }
    exits_.fetch_add(1);
    pending_.fetch_add(1, std::memory_order_seq_cst);
    return admission::urgent; // not so, but it unparks
  }
  // Looked at before it is counted: one that counts and takes it back may hide
  // from the actor that it has crossed its low mark.
  if (pending_.load(std::memory_order_relaxed)
          >= cap_.load(std::memory_order_relaxed)
      && may_refuse(x)) {
    refuse(x, host);
    return admission::consumed;
  }
  auto level = pending_.fetch_add(1, std::memory_order_seq_cst) + 1;
  return level <= high_.load(std::memory_order_relaxed) ? admission::plain
                                                        : admission::over;
}

const caf::exit_msg*
flow_control::exit_in(const caf::mailbox_element& x) noexcept {
  auto& content = x.content();
  if (content.type_token() != caf::make_type_token<caf::exit_msg>())
    return nullptr;
  auto& result = content.get_as<caf::exit_msg>(0);
  return result.reason ? &result : nullptr;
}

void flow_control::refuse(caf::mailbox_element& x, caf::execution_unit* host) {
  refused_.fetch_add(1, std::memory_order_relaxed);
  if (!x.sender) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  hand_back(x, self_, host);
}

void flow_control::overload(const caf::strong_actor_ptr& sender,
                            caf::execution_unit* host) {
  lock guard{out_};
  auto flags = flags_.load();
  if ((flags & (flag_ended | flag_stalled)) != 0)
    return;
  if ((flags & flag_overloaded) == 0) {
    set_overloaded(true); // O1
    if (pending_.load(std::memory_order_seq_cst) <= low_.load()) {
      set_overloaded(false);
      promote();
      return;
    }
    overloads_.fetch_add(1, std::memory_order_relaxed);
  }
  if (!sender || !told_.insert(sender))
    return;
  if (told_.size() == 1)
    held_since_ = now();
  runtime::pressure_table::instance().add(*this, self_, *sender);
  runtime::send_signal(*sender, signal(pressure::applied), host);
}

void flow_control::unpark_for_urgent(caf::execution_unit* host) {
  lock guard{in_};
  urgent_.fetch_add(1, std::memory_order_release);
  unpark(std::move(guard), host);
}

// -- what others tell us
// --------------------------------------------------------

void flow_control::put(std::vector<source_key>& list, source_key x) {
  if (std::ranges::find(list, x) == list.end())
    list.push_back(std::move(x));
}

void flow_control::heed(const backpressure& what, caf::execution_unit* host) {
  if (!what.source || what.source.get() == &self_)
    return;
  source_key from{what.source->id(), what.source->node()};
  lock guard{in_};
  if (what.state == pressure::released)
    return erase(from, std::move(guard), host);
  auto flags = flags_.load();
  if ((flags & flag_ended) != 0)
    return;
  if (what.outward || (flags & flag_overloaded) == 0) { // R1
    put(active_, std::move(from));
    pause();
  } else if (std::ranges::find(active_, from) == active_.end()) {
    put(deferred_, std::move(from));
  }
}

void flow_control::hold() {
  lock guard{in_};
  if ((flags_.load() & flag_ended) != 0)
    return;
  put(active_, {self_.id(), self_.node()});
  pause();
}

/// Under `in_`.
void flow_control::pause() {
  if ((flags_.fetch_or(flag_paused) & flag_paused) != 0)
    return;
  ++times_paused_;
  paused_since_ = now();
}

void flow_control::go_on(caf::execution_unit* host) {
  erase({self_.id(), self_.node()}, lock{in_}, host);
}

/// Under `in_`.
void flow_control::erase(const source_key& x, lock guard,
                         caf::execution_unit* host) {
  std::erase(deferred_, x);
  if (std::erase(active_, x) == 0 || !active_.empty())
    return;
  if ((flags_.fetch_and(~flag_paused) & flag_paused) != 0)
    time_paused_ += now() - paused_since_;
  unpark(std::move(guard), host);
}

void flow_control::set_overloaded(bool x) {
  lock guard{in_}; // R1: heed looks at it under the same lock
  if (x)
    flags_.fetch_or(flag_overloaded);
  else
    flags_.fetch_and(~flag_overloaded);
}

/// What came while we were overloaded takes effect.
void flow_control::promote() {
  lock guard{in_};
  active_.insert(active_.end(), deferred_.begin(), deferred_.end());
  deferred_.clear();
  if (!active_.empty())
    pause();
}

// -- parking
// --------------------------------------------------------------------

bool flow_control::park(std::uint64_t urgent_mark) {
  lock guard{in_};
  if (!paused() || urgent_mark != urgent_.load(std::memory_order_relaxed))
    return false;
  parked_ = true;
  parks_.fetch_add(1, std::memory_order_relaxed);
  intrusive_ptr_add_ref(&self_);
  return true;
}

void flow_control::unpark(lock guard, caf::execution_unit* host) {
  if (!std::exchange(parked_, false))
    return;
  guard.unlock();
  owner_.wake(host);
}

// -- messages go
// ----------------------------------------------------------------

void flow_control::handled(std::size_t count, caf::execution_unit* host) {
  if (count == 0)
    return;
  auto n = static_cast<std::int64_t>(count);
  auto before = pending_.fetch_sub(n, std::memory_order_seq_cst);
  if (before > peak_.load(std::memory_order_relaxed))
    peak_.store(before, std::memory_order_relaxed);
  handled_.store(handled_.load(std::memory_order_relaxed) + count,
                 std::memory_order_relaxed);
  auto flags = flags_.load(std::memory_order_seq_cst);
  if ((flags & (flag_overloaded | flag_stalled)) == 0)
    return;
  runtime::actor_set released; // dropped after the lock: see release_all
  lock guard{out_};
  flags_.fetch_and(~flag_stalled);
  if (!overloaded() || pending_.load(std::memory_order_seq_cst) > low_.load())
    return;
  set_overloaded(false);
  release_all(released, host);
  promote();
}

void flow_control::nothing_to_handle(caf::execution_unit* host) {
  if ((flags_.load() & flag_stalled) != 0)
    return; // only this thread ends that
  runtime::actor_set released;
  lock guard{out_};
  flags_.fetch_or(flag_stalled);
  set_overloaded(false);
  release_all(released, host);
  promote();
}

void flow_control::end(caf::execution_unit* host) {
  {
    runtime::actor_set released;
    lock guard{out_};
    flags_.fetch_or(flag_ended);
    set_overloaded(false);
    release_all(released, host);
  }
  mailbox_table::instance().remove(*this);
}

/// Under `out_` (O2). Moves those who were told into `released`, which the
/// caller drops without the lock: the last reference to a sender may be there,
/// and its end may send us something.
void flow_control::release_all(runtime::actor_set& released,
                               caf::execution_unit* host) {
  std::swap(released, told_);
  if (!released.empty()) {
    runtime::pressure_table::instance().remove(*this);
    time_held_ += now() - held_since_;
  }
  for (auto& actor : released)
    runtime::send_signal(*actor, signal(pressure::released), host);
}

// -- to be seen
// -----------------------------------------------------------------

std::size_t flow_control::queued() const noexcept {
  auto n = pending_.load(std::memory_order_relaxed);
  return n > 0 ? static_cast<std::size_t>(n) : 0;
}

flow_control::counts_type flow_control::counts() const noexcept {
  return {static_cast<std::size_t>(peak_.load()), overloads_.load(),
          parks_.load(), refused_.load(), dropped_.load()};
}

flow_control::clock_time flow_control::now() const {
  return self_.home_system->clock().now();
}

mailbox_report flow_control::report() const {
  auto counted = counts();
  mailbox_report result;
  result.id = self_.id();
  result.queued = queued();
  result.peak = std::max<std::uint64_t>(counted.peak, result.queued);
  result.high =
      static_cast<std::uint64_t>(high_.load(std::memory_order_relaxed));
  result.overloads = counted.overloads;
  result.handled = handled_.load(std::memory_order_relaxed);
  result.refused = counted.refused;
  result.dropped = counted.dropped;
  {
    lock guard{out_};
    result.overloaded = overloaded();
    result.holding_time =
        time_held_
        + (told_.empty() ? runtime::duration{} : now() - held_since_);
  }
  lock guard{in_};
  auto paused = (flags_.load(std::memory_order_relaxed) & flag_paused) != 0;
  result.paused = paused;
  result.pauses = times_paused_;
  result.paused_time =
      time_paused_ + (paused ? now() - paused_since_ : runtime::duration{});
  return result;
}

std::size_t flow_control::holding() const {
  lock guard{out_};
  return told_.size();
}

std::size_t flow_control::held_by() const {
  lock guard{in_};
  return active_.size() + deferred_.size();
}

} // namespace sluice::actors

#include "actors/channel/link_door.h"

#include "actors/channel/link.h"
#include "runtime/event_loop.h"

#include <caf/mailbox_element.hpp>

#include <utility>

namespace sluice::actors::channel {

namespace {

template <class T>
void send(const caf::strong_actor_ptr& to) {
  to->enqueue(
      caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, T{}),
      nullptr);
}

} // namespace

bool link_door::add(std::shared_ptr<port> x) {
  if (!x->make_due())
    return true;
  std::unique_lock guard{mutex_};
  if (closed_) {
    x->clear_due();
    return false;
  }
  due_.push_back(std::move(x));
  if (awake_ || !actor_)
    return true;
  awake_ = true;
  // On its own thread the link needs no message, and the loop no wake-up.
  if (loop_.in_loop()) {
    link_->wake();
    return true;
  }
  auto actor = actor_;
  guard.unlock();
  send<link_wake>(actor);
  return true;
}

void link_door::stop() {
  std::unique_lock guard{mutex_};
  stop_wanted_ = true;
  auto actor = actor_;
  guard.unlock();
  if (actor)
    send<link_stop>(actor);
}

void link_door::look_at_faults() {
  std::unique_lock guard{mutex_};
  auto actor = actor_;
  guard.unlock();
  if (actor)
    send<link_faults>(actor);
}

link_report link_door::report() const {
  constexpr auto order = std::memory_order_relaxed;
  return {where_,
          channel_,
          is_open_.load(order),
          is_cut_.load(order),
          queued_.load(order),
          written_.load(order),
          received_.load(order)};
}

void link_door::say(const net::stream_counts& counts, std::uint64_t queued,
                    bool open, bool cut) noexcept {
  constexpr auto order = std::memory_order_relaxed;
  queued_.store(queued, order);
  written_.store(counts.written, order);
  received_.store(counts.received, order);
  is_open_.store(open, order);
  is_cut_.store(cut, order);
}

void link_door::open(link& x) {
  std::lock_guard guard{mutex_};
  actor_ = caf::strong_actor_ptr{x.ctrl()};
  link_ = &x;
  if (stop_wanted_)
    send<link_stop>(actor_);
}

void link_door::take(std::vector<std::shared_ptr<port>>& out) {
  std::lock_guard guard{mutex_};
  awake_ = false;
  due_.swap(out);
}

bool link_door::has_due() {
  std::lock_guard guard{mutex_};
  return !due_.empty();
}

std::vector<std::shared_ptr<port>> link_door::close() {
  caf::strong_actor_ptr actor; // is dropped without the lock
  std::lock_guard guard{mutex_};
  closed_ = true;
  link_ = nullptr;
  actor = std::exchange(actor_, nullptr);
  return std::exchange(due_, {});
}

bool link_door::close_if_empty() {
  std::lock_guard guard{mutex_};
  if (!due_.empty())
    return false;
  closed_ = true;
  return true;
}

} // namespace sluice::actors::channel

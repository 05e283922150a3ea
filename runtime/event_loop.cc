#include "runtime/event_loop.h"

#include "runtime/panic.h"

#include <caf/actor_system.hpp>
#include <caf/logger.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <csignal>
#include <pthread.h>

namespace sluice::runtime {

namespace {

/// Writing to a pipe or socket whose reader is gone must not end the process.
/// Sockets are written with MSG_NOSIGNAL; this is for the descriptors that
/// users of fd_broker write to by themselves.
void block_sigpipe() noexcept {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

} // namespace

event_loop::event_loop(caf::actor_system& system, loop_seam seam,
                       loop_options options)
    : caf::execution_unit(&system),
      seam_(std::move(seam)),
      options_(std::move(options)),
      timers_(seam_.time->now()),
      now_(seam_.time->now()),
      mark_(now_),
      woke_(now_) {
}

event_loop::~event_loop() {
  check(!in_loop() || !thread_.joinable(), "an event loop ends on itself");
  request_stop();
  join();
  end_the_rest();
  // Whoever handed over the last of it may still be at the poller.
  while (wakers_.load(std::memory_order_acquire) != 0)
    std::this_thread::yield();
  check(residents() == 0, "an event loop ends before its actors");
}

// -- any thread ---------------------------------------------------------------

void event_loop::exec_later(caf::resumable* job) {
  if (job->subtype() != caf::resumable::io_actor) {
    system().scheduler().enqueue(job);
    return;
  }
  if (in_loop()) {
    ready_.push_back(job);
    return;
  }
  {
    std::lock_guard guard{remote_mutex_};
    remote_.push_back(job);
    has_remote_.store(true, std::memory_order_release);
    if (!sleeping_.exchange(false, std::memory_order_relaxed))
      return;
    wakers_.fetch_add(1, std::memory_order_relaxed);
  }
  seam_.poll->wake();
  wakers_.fetch_sub(1, std::memory_order_release);
}

void event_loop::start() {
  check(!thread_.joinable(), "an event loop was started twice");
  thread_ = std::thread{[this] { run(); }};
}

void event_loop::request_stop() noexcept {
  stop_requested_.store(true, std::memory_order_seq_cst);
  seam_.poll->wake();
}

void event_loop::join() {
  if (thread_.joinable())
    thread_.join();
}

void event_loop::attach(loop_resident& x) {
  std::lock_guard guard{residents_mutex_};
  x.prev_resident_ = nullptr;
  x.next_resident_ = first_resident_;
  if (first_resident_ != nullptr)
    first_resident_->prev_resident_ = &x;
  first_resident_ = &x;
  ++resident_count_;
}

void event_loop::detach(loop_resident& x) {
  std::lock_guard guard{residents_mutex_};
  if (x.prev_resident_ != nullptr)
    x.prev_resident_->next_resident_ = x.next_resident_;
  else
    first_resident_ = x.next_resident_;
  if (x.next_resident_ != nullptr)
    x.next_resident_->prev_resident_ = x.prev_resident_;
  // The last handle of an actor may be dropped anywhere, while the loop waits
  // for the actor to be gone. Under the lock, which the destructor takes too.
  if (--resident_count_ == 0 && stop_requested_.load() && !in_loop())
    seam_.poll->wake();
}

std::size_t event_loop::residents() {
  std::lock_guard guard{residents_mutex_};
  return resident_count_;
}

std::vector<std::pair<loop_resident*, caf::strong_actor_ptr>>
event_loop::hold_all() {
  std::vector<std::pair<loop_resident*, caf::strong_actor_ptr>> result;
  std::lock_guard guard{residents_mutex_};
  for (auto x = first_resident_; x != nullptr; x = x->next_resident_)
    if (auto ref = x->hold())
      result.emplace_back(x, std::move(ref));
  return result;
}

// -- the loop's thread --------------------------------------------------------

caf::error event_loop::watch(int fd, interest what, io_handler& handler) {
  return seam_.poll->add(fd, what, handler);
}

caf::error event_loop::rewatch(int fd, interest what, io_handler& handler) {
  return seam_.poll->modify(fd, what, handler);
}

void event_loop::unwatch(int fd, io_handler& handler) {
  seam_.poll->remove(fd);
  for (auto i = batch_next_; i < batch_size_; ++i)
    if (batch_[i].handler == &handler)
      batch_[i].handler = nullptr;
}

void event_loop::flush_later(flushable& x) {
  if (x.flush_pending_)
    return;
  x.flush_pending_ = true;
  dirty_.push_back(&x);
}

void event_loop::flush_forget(flushable& x) noexcept {
  if (!x.flush_pending_)
    return;
  x.flush_pending_ = false;
  for (auto list : {&dirty_, &flushing_})
    for (auto& entry : *list)
      if (entry == &x)
        entry = nullptr;
}

// -- one iteration ------------------------------------------------------------

void event_loop::adopt_this_thread() {
  thread_id_.store(std::this_thread::get_id(), std::memory_order_relaxed);
}

// The order of the phases:
// 1. Actors that other threads made ready join the ready list.
// 2. Every ready actor has one turn. What it makes ready has its turn in the
//    next iteration, so that actors cannot keep the loop from its descriptors.
// 3. Flush: connections that were written to by those turns, or by timers of
//    the last iteration, send all of it with one system call. After this
//    nothing is unsent but what the operating system did not take: the loop
//    may block.
// 4. Poll. Blocks only if no actor is ready, and until the next deadline.
// 5. Readiness is delivered in place. A connection sends what its behavior
//    wrote before the next one has its turn, while the bytes are in the cache.
// 6. Deadlines fire last: a connection whose bytes came in this iteration is
//    not taken for idle.
bool event_loop::run_once(bool may_block) {
  // What the caller did meanwhile is none of the loop's time.
  auto now = seam_.time->now();
  woke_ += now - mark_;
  mark_ = now;
  return iterate(may_block);
}

bool event_loop::iterate(bool may_block) {
  ++stats_.iterations;
  if (stop_requested_.load(std::memory_order_relaxed) && !stopping_)
    begin_stop();
  bool progress = take_remote();
  if (!ready_.empty())
    now_ = mark_; // the last poll may be long ago
  if (run_actors() > 0) {
    progress = true;
    charge(stats_.spent.actors);
  }
  if (flush() > 0) {
    progress = true;
    charge(stats_.spent.flush);
  }
  drop_released();
  if (poll(may_block) > 0) {
    progress = true;
    deliver();
    charge(stats_.spent.deliver);
  }
  progress |= fire_timers();
  drop_released();
  return progress;
}

void event_loop::drop_released() {
  if (released_.empty())
    return;
  released_.clear();
  charge(stats_.spent.flush);
}

/// The time since the last call went into `phase`. The clock is read only when
/// something was done: most iterations are a poll and what it brought.
void event_loop::charge(duration& phase) noexcept {
  auto now = seam_.time->now();
  phase += now - mark_;
  mark_ = now;
}

bool event_loop::fire_timers() {
  auto fired = timers_.advance(now_);
  if (fired > 0) {
    stats_.timers_fired += fired;
    stats_.timer_lag.record(timers_.last_lateness());
    charge(stats_.spent.timers);
  }
  return fired > 0;
}

bool event_loop::take_remote() {
  if (!has_remote_.load(std::memory_order_acquire))
    return false;
  std::lock_guard guard{remote_mutex_};
  ready_.insert(ready_.end(), remote_.begin(), remote_.end());
  remote_.clear();
  has_remote_.store(false, std::memory_order_relaxed);
  return true;
}

std::size_t event_loop::run_actors() {
  turn_.swap(ready_);
  auto count = turn_.size();
  for (auto job : turn_) {
    switch (job->resume(this, limits::actor_turn_messages)) {
    case caf::resumable::resume_later:
      ready_.push_back(job);
      break;
    case caf::resumable::shutdown_execution_unit:
      break; // the loop ends when its residents have
    default:
      caf::intrusive_ptr_release(job);
    }
  }
  turn_.clear();
  stats_.actor_turns += count;
  return count;
}

std::size_t event_loop::flush() {
  flushing_.swap(dirty_);
  auto count = flushing_.size();
  for (std::size_t i = 0; i < flushing_.size(); ++i)
    if (auto x = flushing_[i]; x != nullptr) {
      x->flush_pending_ = false;
      x->on_flush();
    }
  flushing_.clear();
  return count;
}

std::size_t event_loop::poll(bool may_block) {
  std::size_t count = 0;
  stats_.busy.record(mark_ - woke_);
  auto timeout = poll_timeout(may_block, mark_);
  if (timeout != duration::zero() && options_.spin.count() > 0) {
    count = spin_poll(batch_, timeout);
    timeout = count > 0 ? duration::zero()
                        : poll_timeout(may_block, seam_.time->now());
  }
  if (count == 0) {
    if (timeout != duration::zero() && !fall_asleep())
      timeout = duration::zero();
    count = seam_.poll->wait(batch_, timeout);
    sleeping_.store(false, std::memory_order_relaxed);
  }
  charge(stats_.spent.poll);
  now_ = woke_ = mark_;
  batch_size_ = count;
  stats_.ready_events += count;
  return count;
}

/// False if something came in at the last moment.
bool event_loop::fall_asleep() {
  std::lock_guard guard{remote_mutex_};
  if (!remote_.empty() || stop_requested_.load() != stopping_)
    return false;
  sleeping_.store(true, std::memory_order_relaxed);
  return true;
}

duration event_loop::poll_timeout(bool may_block, time_point now) {
  if (!may_block || !ready_.empty() || !dirty_.empty() || finished())
    return duration::zero();
  auto due = timers_.next_due();
  if (!due)
    return duration{-1};
  return std::max(*due - now, duration::zero());
}

std::size_t event_loop::spin_poll(std::span<ready_event> out,
                                  duration timeout) {
  auto end = seam_.time->now() + options_.spin;
  if (timeout > duration::zero())
    end = std::min(end, seam_.time->now() + timeout);
  do {
    if (auto count = seam_.poll->wait(out, duration::zero()); count > 0)
      return count;
    if (has_ready())
      return 0;
  } while (seam_.time->now() < end);
  return 0;
}

void event_loop::deliver() {
  for (batch_next_ = 0; batch_next_ < batch_size_;) {
    auto event = batch_[batch_next_++];
    if (event.handler != nullptr)
      event.handler->on_ready(event.what);
  }
  batch_size_ = 0;
}

bool event_loop::has_ready() {
  return !ready_.empty() || !dirty_.empty()
         || has_remote_.load(std::memory_order_acquire);
}

// -- the end ------------------------------------------------------------------

void event_loop::begin_stop() {
  stopping_ = true;
  timers_.arm(stop_timer_, now_ + options_.stop_drain);
  for (auto& [resident, ref] : hold_all())
    resident->on_loop_stopping();
}

void event_loop::on_stop_deadline(timer& t) noexcept {
  static_cast<stop_timer&>(t).loop.abort_residents();
}

void event_loop::abort_residents() {
  for (auto& [resident, ref] : hold_all())
    resident->on_loop_aborting();
}

/// Actors that were spawned or sent to after the loop's last iteration, and
/// those of a loop that was never run.
void event_loop::end_the_rest() {
  adopt_this_thread();
  stopping_ = true;
  abort_residents();
  while (take_remote() || !ready_.empty())
    run_actors();
  released_.clear();
}

bool event_loop::finished() {
  return stopping_ && residents() == 0 && !has_ready();
}

void event_loop::run() {
  block_sigpipe();
  adopt_this_thread();
  CAF_SET_LOGGER_SYS(&system());
  system().thread_started();
  mark_ = woke_ = seam_.time->now();
  do {
    iterate(true);
  } while (!finished());
  system().thread_terminates();
  // The system may give another thread the same id.
  thread_id_.store(std::thread::id{}, std::memory_order_relaxed);
}

} // namespace sluice::runtime

#pragma once

// event_loop: one thread that turns readiness, deadlines and messages into
// calls of actors. It is a caf::execution_unit: loop actors run on it as other
// actors run on a worker of CAF's scheduler.
//
// Internal for most users; `loop_group` makes the loops. Thread rule: as the
// sections of the class say. Lifetime: actors on it may be sent to until and
// while the loop ends; the destructor ends those that are left, so none runs
// afterwards. Stop order: loops, actor_system.

#include "runtime/byte_slice.h"
#include "runtime/clock.h"
#include "runtime/limits.h"
#include "runtime/loop_stats.h"
#include "runtime/poller.h"
#include "runtime/slab_cursor.h"
#include "runtime/socket_api.h"
#include "runtime/timer_wheel.h"

#include <caf/actor_control_block.hpp>
#include <caf/execution_unit.hpp>
#include <caf/resumable.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::runtime {

/// What a resident is, for those who count and list them.
enum class resident_kind : std::uint8_t {
  actor,
  connection, // net::stream_broker
  datagram_socket,
  listener,
};

/// What a layer above keeps for each loop, see event_loop::annex.
class loop_annex {
public:
  virtual ~loop_annex() = default;
};

enum class annex_slot : std::uint8_t { net, count };

/// A node of the intrusive list of the actors that live on a loop. The loop
/// does not own them: an actor may die on the thread that drops its last
/// handle.
class loop_resident {
public:
  loop_resident() noexcept = default;
  loop_resident(const loop_resident&) = delete;
  loop_resident& operator=(const loop_resident&) = delete;

  /// A reference that keeps the actor alive, or null if it is being destroyed.
  virtual caf::strong_actor_ptr hold() noexcept = 0;

  /// The loop is about to end: finish soon. May be called once.
  virtual void on_loop_stopping() = 0;

  /// The time to finish is over: end now.
  virtual void on_loop_aborting() = 0;

  virtual resident_kind kind() const noexcept { return resident_kind::actor; }

protected:
  ~loop_resident() = default;

private:
  friend class event_loop;
  loop_resident* prev_resident_ = nullptr;
  loop_resident* next_resident_ = nullptr;
};

/// Something with bytes to send, see `event_loop::flush_later`.
class flushable {
public:
  virtual void on_flush() = 0;

protected:
  ~flushable() = default;

private:
  friend class event_loop;
  bool flush_pending_ = false;
};

/// What a loop needs of the world. Real: monotonic_clock, epoll_poller,
/// posix_socket_api. Simulated: tests/support.
struct loop_seam {
  const clock* time;
  std::unique_ptr<poller> poll;
  socket_api* sockets;
};

struct loop_options {
  /// Shown in metrics and used to pin actors by name.
  std::string name = "loop-0";
  /// How long an idle loop polls before it blocks. Round trips get shorter by
  /// a wake-up, at the price of a busy core.
  std::chrono::microseconds spin{0};

  /// How long a stopping loop lets its connections drain before it aborts them.
  std::chrono::milliseconds stop_drain = limits::stop_drain;
};

class event_loop final : public caf::execution_unit {
public:
  event_loop(caf::actor_system& system, loop_seam seam, loop_options options);

  /// Stops, joins, and ends on the calling thread what came too late for the
  /// loop's own. Not on the loop's thread.
  ~event_loop() override;

  event_loop(const event_loop&) = delete;
  event_loop& operator=(const event_loop&) = delete;

  // -- any thread -------------------------------------------------------------

  /// Runs `job` soon; takes over one reference. Anything that is not pinned to
  /// a loop goes to CAF's scheduler instead: actors on a loop pass their
  /// context when they send or spawn.
  void exec_later(caf::resumable* job) override;

  /// Starts the thread. Once.
  void start();

  /// Asks all residents to finish; aborts those that have not after
  /// `loop_options::stop_drain`. The loop ends when none is left. Idempotent.
  void request_stop() noexcept;

  /// Waits for the thread's end. Not on the loop's thread.
  void join();

  /// Puts an actor on the list of those that a stop waits for. Once detached it
  /// must not use the loop any more.
  void attach(loop_resident& x);
  void detach(loop_resident& x);
  std::size_t residents();

  bool in_loop() const noexcept {
    return std::this_thread::get_id()
           == thread_id_.load(std::memory_order_relaxed);
  }

  const std::string& name() const noexcept { return options_.name; }
  const loop_options& options() const noexcept { return options_; }
  socket_api& sockets() const noexcept { return *seam_.sockets; }

  // -- the loop's thread ------------------------------------------------------

  /// The time at which this iteration's events were taken.
  time_point now() const noexcept { return now_; }

  /// The time of day; asks the clock each time.
  std::chrono::system_clock::time_point wall_now() const noexcept {
    return seam_.time->wall_now();
  }

  timer_wheel& timers() noexcept { return timers_; }
  const loop_stats& stats() const noexcept { return stats_; }

  /// What the layer above keeps here under `T::slot`; made when it is first
  /// asked for, gone with the loop.
  template <class T>
  T& annex() {
    auto& place = annexes_[static_cast<std::size_t>(T::slot)];
    if (!place)
      place = std::make_unique<T>();
    return static_cast<T&>(*place);
  }

  /// Calls `f` with each resident of that kind. `f` looks, and nothing more:
  /// it must not take or drop a handle, send, or spawn, since the list is
  /// locked meanwhile.
  template <class F>
  void visit_residents(resident_kind kind, F f) {
    std::lock_guard guard{residents_mutex_};
    for (auto x = first_resident_; x != nullptr; x = x->next_resident_)
      if (x->kind() == kind)
        f(*x);
  }

  /// Where received bytes go, and where small writes are cut from.
  slab_cursor& read_slab() noexcept { return read_slab_; }
  slab_cursor& write_slab() noexcept { return write_slab_; }

  /// Watches a descriptor; see `poller`. A handler that is unwatched gets no
  /// event any more, not even one of the batch in progress.
  caf::error watch(int fd, interest what, io_handler& handler);
  caf::error rewatch(int fd, interest what, io_handler& handler);
  void unwatch(int fd, io_handler& handler);

  /// Calls `x.on_flush` once before the loop polls again. `x` must live until
  /// then or be taken back with `flush_forget`.
  void flush_later(flushable& x);
  void flush_forget(flushable& x) noexcept;

  /// Drops `x` when the current phase is over: for an actor that lets go of
  /// itself while it runs.
  void release_later(caf::strong_actor_ptr x) {
    released_.push_back(std::move(x));
  }

  /// True once `request_stop` has taken effect.
  bool stopping() const noexcept { return stopping_; }

  // -- driven by hand: the simulator and the loop's own thread ----------------

  /// Makes the calling thread the loop's own.
  void adopt_this_thread();

  /// One iteration. With `may_block` false it polls and returns. Returns
  /// whether anything was done.
  bool run_once(bool may_block);

  /// True if an iteration would find an actor to run.
  bool has_ready();

  /// When the next deadline is due.
  std::optional<time_point> next_deadline() const { return timers_.next_due(); }

  /// True when a requested stop is complete.
  bool finished();

private:
  void run();
  bool iterate(bool may_block);
  void charge(duration& phase) noexcept;
  bool fire_timers();
  void drop_released();
  bool take_remote();
  std::size_t run_actors();
  std::size_t flush();
  std::size_t poll(bool may_block);
  void deliver();
  bool fall_asleep();
  void begin_stop();
  void abort_residents();
  void end_the_rest();
  std::vector<std::pair<loop_resident*, caf::strong_actor_ptr>> hold_all();
  duration poll_timeout(bool may_block, time_point now);
  std::size_t spin_poll(std::span<ready_event> out, duration timeout);

  static void on_stop_deadline(timer& t) noexcept;
  struct stop_timer : timer {
    explicit stop_timer(event_loop& l) : timer(on_stop_deadline), loop(l) {}
    event_loop& loop;
  };

  loop_seam seam_;
  loop_options options_;
  timer_wheel timers_;
  slab_cursor read_slab_{limits::read_slab_bytes};
  slab_cursor write_slab_{limits::write_slab_bytes};
  time_point now_;
  loop_stats stats_;
  time_point mark_; // up to here the time is charged to a phase
  time_point woke_; // the last poll returned
  std::array<std::unique_ptr<loop_annex>,
             static_cast<std::size_t>(annex_slot::count)>
      annexes_;

  std::vector<caf::resumable*> ready_;
  std::vector<caf::resumable*> turn_;
  std::vector<flushable*> dirty_;
  std::vector<flushable*> flushing_;
  std::vector<caf::strong_actor_ptr> released_;
  std::array<ready_event, limits::ready_batch_events> batch_{};
  std::size_t batch_size_ = 0;
  std::size_t batch_next_ = 0;

  bool stopping_ = false;
  stop_timer stop_timer_{*this};

  std::atomic<std::thread::id> thread_id_{};
  std::thread thread_;

  std::mutex residents_mutex_;
  loop_resident* first_resident_ = nullptr;
  std::size_t resident_count_ = 0;

  // What other threads hand over, and what they need to know: whether the loop
  // waits. It falls asleep under the lock, after a last look at `remote_`; so
  // whoever puts something there afterwards sees that it sleeps, and the first
  // who does wakes it. `wakers_` counts those that are about to.
  std::mutex remote_mutex_;
  std::vector<caf::resumable*> remote_;
  std::atomic<bool> has_remote_{false}; // !remote_.empty(), without the lock
  std::atomic<bool> sleeping_{false};
  std::atomic<int> wakers_{0};
  std::atomic<bool> stop_requested_{false};
};

} // namespace sluice::runtime

#pragma once

// flow_control: what makes the mailbox of an actor bounded. It counts the
// messages that wait there; past the high mark it tells their senders to slow
// down, at the low mark to go on. And it keeps what others told its actor, so
// that an actor that was told to slow down handles no ordinary message until it
// may go on: its own mailbox fills, and its own senders slow down in turn.
//
// The rules that keep this free of deadlock and of lost wake-ups. M -> X means:
// M is paused, because X is overloaded.
// R1. An actor that is overloaded is not paused by another actor's mailbox. A
//     signal that it gets is kept (`deferred_`) and takes effect when it is
//     overloaded no more, after it has released its own senders. So when an
//     edge M -> X begins, no edge leads to M, and no cycle can close. An edge
//     that leads away from the actors, to a socket or another node, is part of
//     no cycle here and begins at once.
// R2. What an actor sends to itself is not counted and pauses nobody.
// R3. An actor that skips messages (as while it awaits a response), and in a
//     whole round handles none that counts, will not get below its low mark by
//     itself: it releases everybody, and pauses nobody until it has handled
//     one.
//     Also if it is not overloaded: the sender whose message makes it so may be
//     about to say it, when the actor sleeps already.
// R4. Nothing has a bypass but urgent messages, exits, and the signals. Not
//     requests or responses: whoever needs one sends it with high priority. A
//     kill is urgent. Any other exit with a reason keeps its place, and no
//     pause lasts while one waits: what came before it is handled, and then it.
// R5. An actor that ends, however it ends, releases everybody.
//
// Order and wake-ups:
// O1. `overloaded` is published first, and then the count is read again; who
//     handles messages subtracts first, and then reads `overloaded`. So one of
//     them sees that the low mark was crossed.
// O2. Signals are sent under the lock `out_` of their source: *applied* and
//     *released* cannot overtake each other.
// O3. An actor parks under the lock `in_`, if it is still paused and no urgent
//     message has come since it last looked. Whoever ends the pause, or brings
//     something urgent, unparks it under the same lock.
// O4. Lock order: out_ of one actor, then in_ of any. in_ is a leaf, and so is
//     the lock of the pressure_table.
// The protocol is model-checked: actors/model/flow_control.pml.
//
// Internal. Thread rule: stands at each function. Lifetime: part of its actor.

#include "actors/mailbox_limits.h"
#include "actors/mailbox_table.h"
#include "runtime/actor_set.h"
#include "runtime/backpressure.h"
#include "runtime/pressure_table.h"

#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/node_id.hpp>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace sluice::actors {

/// The actor that a flow_control belongs to.
class flow_owner {
public:
  /// Hands the actor to whoever runs it, with a reference that was taken when
  /// it parked. Any thread.
  virtual void wake(caf::execution_unit* host) = 0;

protected:
  ~flow_owner() = default;
};

/// How a message goes into the mailbox.
enum class admission : std::uint8_t {
  plain,    // push it
  over,     // push it, then call `overload`
  urgent,   // push it, then call `unpark_for_urgent`
  consumed, // do not push it: it was a signal, or it was refused
};

class flow_control final : public runtime::pressure_source,
                           public listed_mailbox {
public:
  flow_control(flow_owner& owner, caf::actor_control_block& self,
               mailbox_limits limits) noexcept;
  ~flow_control();

  flow_control(const flow_control&) = delete;
  flow_control& operator=(const flow_control&) = delete;

  /// Takes effect with the next message. Any thread.
  void limits(const mailbox_limits& x) noexcept;

  // -- any thread: a message comes
  // ----------------------------------------------

  /// Does what is to be done around the push of a message: `push(x, host)`.
  template <class Push>
  void pass(caf::mailbox_element_ptr x, caf::execution_unit* host, Push push) {
    switch (admit(*x, host)) {
    case admission::plain:
      return push(std::move(x), host);
    case admission::over: {
      auto sender = x->sender;
      push(std::move(x), host);
      return overload(sender, host);
    }
    case admission::urgent:
      push(std::move(x), host);
      return unpark_for_urgent(host);
    case admission::consumed:
      return;
    }
  }

  /// Before it is pushed: counts it, or takes it.
  admission admit(caf::mailbox_element& x, caf::execution_unit* host);

  /// What a signal means to the actor: it is paused, or no longer.
  void heed(const runtime::backpressure& signal, caf::execution_unit* host);

  /// Pauses the actor, overloaded or not, until `go_on`: as a signal does that
  /// leads away from the actors. The actor's thread.
  void hold();
  void go_on(caf::execution_unit* host);

  /// After a message for which `admit` said *over* was pushed.
  void overload(const caf::strong_actor_ptr& sender, caf::execution_unit* host);

  /// After an urgent message was pushed.
  void unpark_for_urgent(caf::execution_unit* host);

  // -- the actor's thread
  // -------------------------------------------------------

  /// True while ordinary messages have to wait.
  bool paused() const noexcept {
    return (flags_.load(std::memory_order_acquire) & flag_paused) != 0
           && exits_.load(std::memory_order_acquire) == 0;
  }

  /// What `park` needs: read it before looking for urgent messages.
  std::uint64_t urgent_mark() const noexcept {
    return urgent_.load(std::memory_order_acquire);
  }

  /// Parks the actor; it then waits with a reference to itself, which comes
  /// back by `wake`. False if it has something to do.
  bool park(std::uint64_t urgent_mark);

  /// True for messages whose end is to be reported to `handled`.
  bool counts(const caf::mailbox_element& x) const noexcept {
    return x.mid.category() == caf::message_id::normal_message_category
           && x.sender.get() != &self_;
  }

  /// True if `x` is an exit that ends a pause: `exit_handled` is due when it
  /// has left the mailbox.
  bool is_exit(const caf::mailbox_element& x) const noexcept {
    return exits_.load(std::memory_order_relaxed) > 0 && exit_in(x) != nullptr;
  }
  void exit_handled() noexcept { exits_.fetch_sub(1); }

  /// `count` messages have left the mailbox.
  void handled(std::size_t count, caf::execution_unit* host);

  /// Messages wait that were skipped, and no counted one was handled (R3).
  void nothing_to_handle(caf::execution_unit* host);

  /// The actor ends (R5). Idempotent.
  void end(caf::execution_unit* host);

  // -- to be seen; any thread
  // ---------------------------------------------------

  /// Messages that wait, roughly while others send.
  std::size_t queued() const noexcept;
  std::uint64_t level() const noexcept override { return queued(); }
  runtime::pressure_unit unit() const noexcept override {
    return runtime::pressure_unit::messages;
  }

  runtime::pressure_kind kind() const noexcept override {
    return runtime::pressure_kind::mailbox;
  }

  /// The actor begins, under its class' name: from now on, until it ends, it
  /// is in the mailbox_table.
  void enlist(const char* name) { mailbox_table::instance().add(*this, name); }

  mailbox_report report() const override;

  bool overloaded() const noexcept {
    return (flags_.load(std::memory_order_relaxed) & flag_overloaded) != 0;
  }

  /// Since the start: the most that ever waited, how often the mailbox became
  /// overloaded, how often the actor parked, what was refused over the cap, and
  /// how much of that had no sender to go back to.
  struct counts_type {
    std::size_t peak = 0;
    std::uint64_t overloads = 0;
    std::uint64_t parks = 0;
    std::uint64_t refused = 0;
    std::uint64_t dropped = 0;
  };
  counts_type counts() const noexcept;

  /// How many were told to slow down, and how many told this actor to.
  std::size_t holding() const;
  std::size_t held_by() const;

private:
  static constexpr std::uint32_t flag_paused = 1;
  static constexpr std::uint32_t flag_overloaded = 2;
  static constexpr std::uint32_t flag_stalled = 4; // R3
  static constexpr std::uint32_t flag_ended = 8;

  /// A source of signals. No reference: it may be the last one.
  struct source_key {
    caf::actor_id id;
    caf::node_id node;
    friend bool operator==(const source_key&, const source_key&) = default;
  };

  using lock = std::unique_lock<std::mutex>;
  using clock_time = caf::actor_clock::time_point;

  clock_time now() const;
  void pause();
  static void put(std::vector<source_key>& list, source_key x);
  /// The exit that is all of `x`, or null. Not one without a reason: that a
  /// linked actor has ended well ends nobody, and must not suspend a pause.
  static const caf::exit_msg* exit_in(const caf::mailbox_element& x) noexcept;
  void refuse(caf::mailbox_element& x, caf::execution_unit* host);
  void set_overloaded(bool x);
  void promote();
  void erase(const source_key& x, lock guard, caf::execution_unit* host);
  void unpark(lock guard, caf::execution_unit* host);
  void release_all(runtime::actor_set& told, caf::execution_unit* host);
  runtime::backpressure signal(runtime::pressure state);

  flow_owner& owner_;
  caf::actor_control_block& self_;
  std::atomic<std::int64_t> high_;
  std::atomic<std::int64_t> low_;
  std::atomic<std::int64_t> cap_;
  std::atomic<bool> pauses_;

  // Written by senders and by the actor, each on a line of its own.
  alignas(64) std::atomic<std::int64_t> pending_{0};
  std::atomic<std::uint64_t> handled_{0}; // by the actor, which was here anyway
  alignas(64) std::atomic<std::uint32_t> flags_{0};
  std::atomic<std::uint64_t> urgent_{0};
  std::atomic<std::int64_t> exits_{0}; // in the ordinary lane
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> parks_{0};
  std::atomic<std::int64_t> peak_{0};
  std::atomic<std::uint64_t> overloads_{0};

  // The changes of overloaded, stalled and ended, and what goes with them.
  mutable std::mutex out_;
  runtime::actor_set told_; // told *applied* last
  caf::actor_clock::duration_type time_held_{};
  clock_time held_since_{}; // while there are any

  // The changes of paused, and what goes with it.
  mutable std::mutex in_;
  std::vector<source_key> active_;   // who pauses us; we ourselves: `hold`
  std::vector<source_key> deferred_; // who will, see R1
  bool parked_ = false;
  std::uint64_t times_paused_ = 0;
  caf::actor_clock::duration_type time_paused_{};
  clock_time paused_since_{}; // while it is
};

} // namespace sluice::actors

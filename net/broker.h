#pragma once

// broker: an actor that owns a descriptor. What is common to all brokers: the
// interest in readiness, the deadlines, and a strong reference to itself while
// the descriptor is watched, so that an event always finds its actor.
//
// For users through its subclasses. Thread rule: the loop's thread, except for
// sending messages. Lifetime: as long as the descriptor is watched or somebody
// has a handle.

#include "net/deadlines.h"
#include "net/events.h"
#include "runtime/loop_actor.h"

#include <chrono>
#include <memory>

namespace sluice::net {

using runtime::delivery;
using runtime::event_loop;
using runtime::interest;
using runtime::readiness;

class broker : public runtime::loop_actor,
               public runtime::io_handler,
               public runtime::flushable,
               public deadline_owner {
public:
  broker(caf::actor_config& cfg, event_loop& loop);
  ~broker() override;

  /// Delivers `timed_out{user, token}` after `delay`, rounded up to
  /// limits::timer_tick; replaces an earlier timer of that token. Does nothing
  /// once the broker is over.
  void set_timer(runtime::duration delay, std::uint64_t token = 0);

  /// Takes a timer back; does nothing if it is not set.
  void cancel_timer(std::uint64_t token = 0);

  const char* name() const override { return "broker"; }

protected:
  /// Keeps the actor alive until `retire`.
  void hold_self() { keep_ = self(); }

  /// This actor, without counting a reference; null unless it is held.
  const caf::strong_actor_ptr& held() const noexcept { return keep_; }

  /// Starts to watch `fd` with no interest yet, and holds the actor.
  caf::error watch(int fd);

  /// Changes what readiness is asked for; free if nothing changes.
  void want(interest what);

  /// Stops to watch the descriptor, which may then be closed.
  void unwatch();

  /// Stops everything: descriptor, deadlines, pending work. The actor is no
  /// longer held when the loop's current phase is over.
  void retire();

  bool watched() const noexcept { return watched_fd_ >= 0; }

  /// Makes sure that `settle` runs before the loop blocks. Not for a broker
  /// that has retired, which nobody keeps alive until then.
  void settle_later() {
    if (keep_ && !settles_)
      loop().flush_later(*this);
  }

  /// Reacts to something outside of the mailbox: `f`, and then `settle`.
  template <class F>
  void react(F f) {
    settles_ = true;
    f();
    settles_ = false;
    settle();
  }

  /// Runs when the descriptor is ready, before `settle`.
  virtual void on_event(readiness what) = 0;

  /// Events that a behavior need not care about. Not `rejected`: what comes
  /// back shall not be lost in silence.
  bool may_ignore(const caf::mailbox_element& x) const override;

  /// Brings the broker into order after anything happened to it: sends what
  /// was written, carries out what was decided inside of a handler.
  virtual void settle() = 0;

  /// Runs when a deadline passed that is not the user's.
  virtual void on_timeout(timeout which) = 0;

  /// Does nothing unless the actor is held.
  void arm(timeout which, runtime::time_point due, std::uint64_t token = 0);
  void disarm(timeout which);
  bool armed(timeout which) const;

  /// This actor as its own sender.
  caf::strong_actor_ptr self() noexcept {
    return caf::strong_actor_ptr{ctrl()};
  }

  /// Sends an event to another actor, without an envelope sender: an actor
  /// that does not know it must not answer with an error.
  template <class T>
  void tell(const caf::strong_actor_ptr& receiver, T event) {
    receiver->enqueue(caf::make_mailbox_element(nullptr, caf::make_message_id(),
                                                {}, std::move(event)),
                      &loop());
  }

private:
  void on_ready(readiness what) final;
  void on_flush() final;
  void on_deadline(timeout which, std::uint64_t token) final;

  std::unique_ptr<deadlines> deadlines_;
  caf::strong_actor_ptr keep_;
  int watched_fd_ = -1;
  interest wanted_ = interest::none;
  bool settles_ = false; // `settle` follows anyway
};

} // namespace sluice::net

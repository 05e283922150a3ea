#pragma once

// flow_actor: an actor whose mailbox is bounded. Past the high mark its senders
// get `backpressure{applied}`, at the low mark `backpressure{released}`. A
// flow_actor that gets *applied* handles no ordinary message until it is
// released; so its own mailbox fills, and its own senders slow down: through
// any chain or graph of actors, back to the sockets and files that the messages
// come from. A broker that is told stops reading; any other CAF actor gets the
// signal as a message and decides for itself.
//
//   caf::behavior parse(sluice::actors::flow_actor* self, caf::actor next) {
//     return {
//       [=](const line& x) { self->send(next, parsed(x)); },
//     };
//   }
//   auto parser = sys.spawn(parse, next);
//
// What always passes, also while the actor is paused: messages sent with high
// priority, and exits. What is bounded by what, and what `await` does to it, is
// in docs/flow_control.md; the rules stand in flow_control.h.
//
// For users. Thread rule: as any actor; `flow()` may be read by any thread that
// holds the actor. Lifetime: as any actor; one that is paused is kept alive by
// its pause.

#include "actors/flow_control.h"
#include "actors/scheduled_turn.h"
#include "runtime/loop_actor.h"

#include <caf/detail/private_thread.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <utility>

namespace sluice::actors {

/// Adds flow control to an actor on CAF's scheduler, pooled or detached: to
/// caf::event_based_actor, a typed one, or a class of yours.
template <class Base>
class scheduled_flow : public Base, private flow_owner {
public:
  template <class... Args>
  explicit scheduled_flow(caf::actor_config& cfg, Args&&... args)
      : Base(cfg, std::forward<Args>(args)...),
        flow_(*this, *this->ctrl(), mailbox_limits{}) {}

  /// The bounds of the mailbox; they take effect with the next message. Aborts
  /// unless low < high <= cap.
  void limit_mailbox(const mailbox_limits& x) { flow_.limits(x); }

  /// For a behavior that gets the signals (mailbox_limits::pause is false):
  /// treats this one as an actor does that does not get them.
  void obey(const runtime::backpressure& x) { flow_.heed(x, this->context()); }

  /// For an actor at an edge, which waits for something that is no actor: a
  /// device, or a budget of its own. After this handler it handles no ordinary
  /// message until `release_mailbox`, which a handler of an urgent message
  /// calls. Only from its own handlers; each is idempotent.
  void hold_mailbox() { flow_.hold(); }
  void release_mailbox() { flow_.go_on(this->context()); }

  const flow_control& flow() const noexcept { return flow_; }

  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit* host) override {
    flow_.pass(std::move(x), host,
               [this](auto y, auto* h) { Base::enqueue(std::move(y), h); });
  }

  caf::resumable::resume_result resume(caf::execution_unit* host,
                                       std::size_t messages) override {
    return run_turn(*this, flow_, host, messages);
  }

  void launch(caf::execution_unit* host, bool lazy, bool hide) override {
    flow_.enlist(this->name());
    Base::launch(host, lazy, hide);
  }

  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    flow_.end(host);
    return Base::cleanup(std::move(reason), host);
  }

private:
  void wake(caf::execution_unit* host) final {
    if (this->getf(caf::abstract_actor::is_detached_flag))
      this->private_thread_->resume();
    else if (host != nullptr)
      host->exec_later(this);
    else
      this->home_system().scheduler().enqueue(this);
  }

  flow_control flow_;
};

/// Adds flow control to an actor that is pinned to a loop.
template <class Base>
class pinned_flow : public Base, private flow_owner {
public:
  template <class... Args>
  explicit pinned_flow(caf::actor_config& cfg, runtime::event_loop& loop,
                       Args&&... args)
      : Base(cfg, loop, std::forward<Args>(args)...),
        flow_(*this, *this->ctrl(), mailbox_limits{}) {}

  /// See scheduled_flow.
  void limit_mailbox(const mailbox_limits& x) { flow_.limits(x); }
  void obey(const runtime::backpressure& x) { flow_.heed(x, &this->loop()); }
  void hold_mailbox() { flow_.hold(); }
  void release_mailbox() { flow_.go_on(&this->loop()); }

  const flow_control& flow() const noexcept { return flow_; }

  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit* host) override {
    flow_.pass(std::move(x), host,
               [this](auto y, auto* h) { Base::enqueue(std::move(y), h); });
  }

  void launch(caf::execution_unit* host, bool lazy, bool hide) override {
    flow_.enlist(this->name());
    Base::launch(host, lazy, hide);
  }

  bool cleanup(caf::error&& reason, caf::execution_unit* host) override {
    flow_.end(host);
    return Base::cleanup(std::move(reason), host);
  }

protected:
  bool paused() const noexcept override { return flow_.paused(); }
  std::uint64_t urgent_mark() const noexcept override {
    return flow_.urgent_mark();
  }
  bool park(std::uint64_t mark) override { return flow_.park(mark); }
  bool counts(const caf::mailbox_element& x) noexcept override {
    auto result = flow_.counts(x);
    exit_ = result && flow_.is_exit(x);
    return result;
  }
  void on_handled() override {
    if (exit_)
      flow_.exit_handled();
    flow_.handled(1, &this->loop());
    progress_ = true;
  }
  void on_all_skipped() override { flow_.nothing_to_handle(&this->loop()); }
  void on_turn_with_skips() override {
    if (!std::exchange(progress_, false))
      flow_.nothing_to_handle(&this->loop());
  }
  void on_loop_aborting() override {
    Base::on_loop_aborting();
    flow_.unpark_for_urgent(&this->loop());
  }

private:
  void wake(caf::execution_unit*) final { this->loop().exec_later(this); }

  flow_control flow_;
  bool exit_ = false;     // the message that is handled now is one
  bool progress_ = false; // a message that counts was handled
};

/// A flow-controlled actor on CAF's scheduler: `sys.spawn(f, args...)` with
/// `caf::behavior f(flow_actor* self, args...)`, or derive from it.
class flow_actor : public scheduled_flow<caf::event_based_actor> {
public:
  using scheduled_flow::scheduled_flow;
  const char* name() const override { return "flow_actor"; }
};

/// A flow-controlled actor on a loop: `spawn_on(loop, f, args...)` with
/// `caf::behavior f(pinned_flow_actor* self, args...)`, or derive from it.
class pinned_flow_actor : public pinned_flow<runtime::loop_actor> {
public:
  using pinned_flow::pinned_flow;
  const char* name() const override { return "pinned_flow_actor"; }
};

} // namespace sluice::actors

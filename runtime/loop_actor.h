#pragma once

// loop_actor: a CAF actor that always runs on its event loop. Handlers,
// responses, down and exit messages, timeouts and the end of the actor all
// happen on the loop's thread; so whatever the loop owns (descriptors, timers,
// slabs) needs no lock. What CAF offers to an event_based_actor works on it:
// send, delayed_send, request/then/await, become/unbecome, monitor, link,
// response promises, delegate, after, spawn, and the handlers for exit, down,
// error, default and exceptions. CAF's streams and groups do not.
//
// It derives from caf::local_actor, not from caf::event_based_actor: the latter
// takes 1,080 bytes, most of them for streams, and a connection of ours
// with its actor must stay below 1,000 (docs/adr/0004).
//
// The second way in is `deliver`: an event that arises on the loop is handed to
// the behavior in place: no mailbox, no allocation.
//
// For users, mostly through the brokers. Thread rule: sending to the actor is
// for any thread; everything else for the loop's thread. Lifetime: as with any
// actor, by reference count; dropping the last handle of an actor that never
// ended itself runs on_exit on the thread that drops it.

#include "runtime/element_list.h"
#include "runtime/event_loop.h"

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_traits.hpp>
#include <caf/behavior.hpp>
#include <caf/detail/behavior_stack.hpp>
#include <caf/detail/invoke_result_visitor.hpp>
#include <caf/detail/type_erased_tuple_view.hpp>
#include <caf/extend.hpp>
#include <caf/infer_handle.hpp>
#include <caf/intrusive/lifo_inbox.hpp>
#include <caf/local_actor.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_message.hpp>
#include <caf/mixin/behavior_changer.hpp>
#include <caf/mixin/requester.hpp>
#include <caf/mixin/sender.hpp>
#include <caf/resumable.hpp>
#include <caf/skip.hpp>

#include <exception>
#include <functional>
#include <memory>

namespace sluice::runtime {

class loop_actor;
class loop_actor_base;

} // namespace sluice::runtime

namespace caf {

template <>
class behavior_type_of<sluice::runtime::loop_actor> {
public:
  using type = behavior;
};

} // namespace caf

namespace sluice::runtime {

/// What became of an event that was delivered in place.
enum class delivery : std::uint8_t {
  handled,
  unhandled,  // the behavior has no handler for it; it was dropped
  skipped,    // kept, and handled later: the actor awaits a response, or its
              // behavior skipped the event
  terminated, // the actor is dead, by this event or before
};

/// The parts that CAF's mixins build upon. Invariants:
/// 1. Only the loop's thread touches anything but the inbox.
/// 2. From launch to the end, the inbox is blocked exactly while no run is due,
///    that is while `resume` neither runs nor will be called. Whoever unblocks
///    it hands the actor to the loop.
/// 3. A skipped message is tried again after every message that was handled.
/// 4. The actor is a resident of the loop from launch until it has ended and no
///    run is due: until then a thread may be on its way to the loop with it.
class loop_actor_base : public caf::local_actor,
                        public caf::resumable,
                        public caf::non_blocking_actor_base,
                        public loop_resident {
public:
  using down_handler = std::function<void(caf::down_msg&)>;
  using exit_handler = std::function<void(caf::exit_msg&)>;
  using error_handler = std::function<void(caf::error&)>;
  using exception_handler = std::function<caf::error(std::exception_ptr&)>;
  using default_handler =
      std::function<caf::result<caf::message>(caf::message_view&)>;

  loop_actor_base(caf::actor_config& cfg, event_loop& loop);
  ~loop_actor_base() override;

  // -- CAF's interface of an actor --------------------------------------------

  using caf::abstract_actor::enqueue;
  void enqueue(caf::mailbox_element_ptr what,
               caf::execution_unit* host) override;
  void launch(caf::execution_unit* host, bool lazy, bool hide) override;
  bool cleanup(caf::error&& reason, caf::execution_unit* host) override;
  void on_destroy() override;
  subtype_t subtype() const override { return io_actor; }
  resume_result resume(caf::execution_unit* host, size_t messages) override;
  void intrusive_ptr_add_ref_impl() override;
  void intrusive_ptr_release_impl() override;
  const char* name() const override { return "loop_actor"; }

  // -- what a behavior uses ---------------------------------------------------

  /// The loop that this actor is pinned to.
  event_loop& loop() const noexcept { return loop_; }

  /// Ends this actor with `reason` after the current handler.
  void quit(caf::error reason = {});

  /// Replace CAF's defaults: down messages and unexpected messages are printed,
  /// exits with a reason, errors and exceptions end the actor.
  void set_down_handler(down_handler f);
  void set_exit_handler(exit_handler f);
  void set_error_handler(error_handler f);
  void set_exception_handler(exception_handler f);
  void set_default_handler(default_handler f);
  void set_default_handler(caf::skip_t);

  // -- in-place delivery ------------------------------------------------------

  /// Hands `event` to the behavior, on the loop's thread and never from inside
  /// a handler of this actor (panics). The caller holds a reference to the
  /// actor. A handler that takes the event by reference gets `event` itself and
  /// must not keep a reference to it. There is no sender; what a handler
  /// returns goes nowhere; `current_mailbox_element` has no content.
  template <class T>
  delivery deliver(T& event) {
    caf::detail::type_erased_tuple_view<T> view{event};
    return deliver_view(view, [](caf::type_erased_tuple& x) {
      // CAF's own copy of a view would refer to `event`.
      return caf::make_message(*static_cast<const T*>(x.get(0)));
    });
  }

  /// True while a handler of this actor runs.
  bool in_handler() const noexcept { return running_; }

  // -- used by CAF's mixins ---------------------------------------------------

  void add_awaited_response_handler(caf::message_id id, caf::behavior f);
  void add_multiplexed_response_handler(caf::message_id id, caf::behavior f);
  void call_error_handler(caf::error& x);
  void do_become(caf::behavior f, bool discard_old);
  bool has_behavior() const noexcept;

  // -- loop_resident ----------------------------------------------------------

  caf::strong_actor_ptr hold() noexcept override;
  void on_loop_stopping() override;
  void on_loop_aborting() override;

protected:
  /// Runs before a behavior sees an ordinary message. Returns true if the
  /// message was a command and is done with.
  virtual bool intercept(caf::mailbox_element& x);

  /// Runs for each message that was in the mailbox when the actor ended, or
  /// came later. On any thread, even while the actor is being destroyed: must
  /// not touch its state. Requests are answered already.
  virtual void on_undelivered(caf::mailbox_element& x) const;

  /// True for messages that may go unhandled without a word.
  virtual bool may_ignore(const caf::mailbox_element& x) const;

  /// Runs once when the actor ends, before on_exit.
  virtual void on_terminate();

  /// Runs when the mailbox is empty and no skipped message is left.
  virtual void on_caught_up();

  /// Runs once before the behavior is made.
  virtual void on_start();

  // For actors whose mailbox is bounded (actors/flow_actor.h).

  /// True while ordinary messages have to wait and only urgent ones run.
  virtual bool paused() const noexcept;

  /// What `park` compares; read before a look into the inbox.
  virtual std::uint64_t urgent_mark() const noexcept;

  /// While the actor is paused: true if it may wait without a look into its
  /// inbox, with a reference to itself, until somebody hands it to the loop.
  virtual bool park(std::uint64_t urgent_mark);

  /// True if `on_handled` shall run when `x` has left the mailbox.
  virtual bool counts(const caf::mailbox_element& x) noexcept;
  virtual void on_handled();

  /// Runs when nothing is left in the mailbox but skipped messages.
  virtual void on_all_skipped();

  /// Runs at the end of a turn in which messages were skipped, with more to do.
  virtual void on_turn_with_skips();

  /// The reason with which the actor ends.
  const caf::error& ending_reason() const noexcept { return fail_state_; }

  /// Runs `f` like a handler: what it throws or quits ends the actor. For
  /// callbacks of timers and descriptors. False if the actor is dead
  /// afterwards; the caller holds a reference.
  template <class F>
  bool run(F f) {
    if (!activate())
      return false;
    if (running_) {
      f();
      return true;
    }
    running_ = true;
    try {
      f();
    } catch (...) {
      quit(reason_of(std::current_exception()));
    }
    running_ = false;
    return !finalize();
  }

  /// False after `quit` and once the actor is dead.
  bool quitting() const noexcept { return getf(is_shutting_down_flag); }

private:
  template <class, class>
  friend class caf::mixin::behavior_changer;

  enum class outcome : std::uint8_t { consumed, skipped, dropped, terminated };

  /// What a closed inbox refuses: CAF's would destroy it unseen.
  struct refused {
    void operator()(caf::mailbox_element* x) const noexcept { last = x; }
    static thread_local caf::mailbox_element* last;
  };

  struct inbox_policy {
    using mapped_type = caf::mailbox_element;
    using unique_pointer = std::unique_ptr<caf::mailbox_element, refused>;
  };

  struct rare_state;

  using copy_function = caf::message (*)(caf::type_erased_tuple&);

  delivery deliver_view(caf::type_erased_tuple& x, copy_function copy);
  resume_result run_turn(size_t messages);
  bool activate();
  bool finalize();
  void leave();
  bool alive() const noexcept;
  bool caught_up();
  outcome run_element(caf::mailbox_element_ptr x);
  outcome consume(caf::mailbox_element& x);
  outcome consume_ordinary(caf::mailbox_element& x);
  outcome consume_response(caf::mailbox_element& x);
  bool consume_system(caf::mailbox_element& x);
  outcome call_behavior(caf::detail::invoke_result_visitor& f,
                        caf::type_erased_tuple& x, bool& matched);
  outcome call_default(caf::mailbox_element& x);
  void describe(caf::mailbox_element& x);
  caf::error reason_of(std::exception_ptr what);
  void skip(caf::mailbox_element_ptr x);
  void retry_skipped();
  void fetch();
  void rearm_receive_timeout();
  rare_state& rare();

  event_loop& loop_;
  caf::intrusive::lifo_inbox<inbox_policy> inbox_;
  element_list urgent_;
  element_list normal_;
  element_list skipped_;
  caf::detail::behavior_stack bhvr_stack_;
  std::unique_ptr<rare_state> rare_;
  bool running_ = false;    // inside a handler
  bool resuming_ = false;   // inside `resume`
  bool resident_ = false;   // attached to the loop
  bool aborting_ = false;   // ends in its next turn
  bool terminated_ = false; // ending or dead

  // Gives behavior_changer the names that it expects of a scheduled_actor.
  friend class loop_actor;
};

/// The base of brokers and of users' own pinned actors:
/// `spawn_on<my_actor>(loop, args...)`, or a function as in CAF:
/// `spawn_on(loop, [](loop_actor* self) -> caf::behavior { ... })`.
class loop_actor : public caf::extend<loop_actor_base, loop_actor>::with<
                       caf::mixin::sender, caf::mixin::requester,
                       caf::mixin::behavior_changer>,
                   public caf::dynamically_typed_actor_base {
public:
  using signatures = caf::none_t;
  using behavior_type = caf::behavior;

  loop_actor(caf::actor_config& cfg, event_loop& loop);

  void initialize() override;

protected:
  /// The initial behavior; an actor without one ends at once.
  virtual caf::behavior make_behavior();
};

/// Spawns `T{cfg, loop, args...}` on `loop`. Any thread.
template <class T, class... Args>
caf::actor spawn_on(event_loop& loop, Args&&... args) {
  static_assert(std::is_base_of_v<loop_actor, T>);
  caf::actor_config cfg{&loop};
  return loop.system().spawn_impl<T, caf::no_spawn_options>(
      cfg, loop, std::forward<Args>(args)...);
}

/// Turns `f(Self*, args...)`, which returns a behavior or calls `become`, into
/// what CAF runs to make the first behavior.
template <class Self, class F, class... Args>
caf::actor_config::init_fun_type make_init_function(F f, Args... args) {
  return caf::actor_config::init_fun_type{[f, args...](
                                              caf::local_actor* self) mutable
                                          -> caf::behavior {
    auto ptr = static_cast<Self*>(self);
    if constexpr (std::is_void_v<std::invoke_result_t<F&, Self*, Args&...>>) {
      f(ptr, args...);
      return {};
    } else {
      return f(ptr, args...);
    }
  }};
}

/// The class of actor that the function `F` is a behavior of: by the pointer
/// that it takes first.
template <class F>
using self_type_of = typename caf::infer_handle_from_fun<std::decay_t<F>>::impl;

/// Spawns a function-based actor on `loop`: `f(Self*, args...)` with a `Self`
/// that is or derives from loop_actor. Any thread.
template <class F, class... Args, class Self = self_type_of<F>>
caf::actor spawn_on(event_loop& loop, F f, Args&&... args) {
  static_assert(std::is_base_of_v<loop_actor, Self>,
                "the function does not take a pointer to a loop_actor");
  caf::actor_config cfg{&loop};
  cfg.init_fun = make_init_function<Self, F, std::decay_t<Args>...>(
      std::move(f), std::forward<Args>(args)...);
  return loop.system().spawn_impl<Self, caf::no_spawn_options>(cfg, loop);
}

} // namespace sluice::runtime

#include "runtime/loop_actor.h"

#include "runtime/error.h"
#include "runtime/panic.h"

#include <caf/actor_clock.hpp>
#include <caf/actor_ostream.hpp>
#include <caf/detail/default_invoke_result_visitor.hpp>
#include <caf/detail/sync_request_bouncer.hpp>
#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>

#include <forward_list>
#include <unordered_map>
#include <utility>

namespace sluice::runtime {

using caf::detail::default_invoke_result_visitor;
using caf::intrusive::inbox_result;

namespace {

constexpr auto receive_timeout = caf::atom("receive");

/// Answers a message with what its handler returned.
class response_visitor final
    : public default_invoke_result_visitor<loop_actor_base> {
public:
  using super = default_invoke_result_visitor<loop_actor_base>;
  using super::operator();

  explicit response_visitor(loop_actor_base* self) : super(self), self_(self) {}

  void operator()(caf::message& x) override {
    // The common case, a handler that returns nothing and nobody who asked,
    // needs no promise to find that out.
    if (!x.empty() || !self_->current_message_id().is_async())
      super::operator()(x);
  }

private:
  loop_actor_base* self_;
};

/// Nobody waits for what a handler makes of an event of the loop.
class no_result_visitor final : public caf::detail::invoke_result_visitor {
public:
  void operator()() override {}
  void operator()(caf::error&) override {}
  void operator()(caf::message&) override {}
  void operator()(const caf::none_t&) override {}
};

/// Calls a handler that may replace itself, as CAF allows.
template <class F, class... Ts>
auto call_handler(F& slot, Ts&... xs) {
  struct restore {
    ~restore() {
      if (!slot)
        slot = std::move(current);
    }
    F& slot;
    F current;
  } guard{slot, std::exchange(slot, nullptr)};
  return guard.current(xs...);
}

} // namespace

// -- rare_state ---------------------------------------------------------------

/// What most connections never need, allocated on first use.
struct loop_actor_base::rare_state {
  // By integers: comparing two of CAF's message ids may overflow.
  using response = std::pair<std::uint64_t, caf::behavior>;

  std::forward_list<response> awaited;
  std::unordered_map<std::uint64_t, caf::behavior> multiplexed;
  std::uint64_t timeout_id = 0;
  down_handler on_down;
  exit_handler on_exit;
  error_handler on_error;
  exception_handler on_exception;
  default_handler on_unexpected;
};

loop_actor_base::rare_state& loop_actor_base::rare() {
  if (!rare_)
    rare_ = std::make_unique<rare_state>();
  return *rare_;
}

// -- CAF's interface of an actor ----------------------------------------------

loop_actor_base::loop_actor_base(caf::actor_config& cfg, event_loop& loop)
    : caf::local_actor(cfg), loop_(loop) {
  context(&loop);
}

loop_actor_base::~loop_actor_base() = default;

thread_local caf::mailbox_element* loop_actor_base::refused::last = nullptr;

void loop_actor_base::enqueue(caf::mailbox_element_ptr what,
                              caf::execution_unit*) {
  switch (inbox_.push_front(what.release())) {
  case inbox_result::unblocked_reader:
    intrusive_ptr_add_ref(ctrl());
    loop_.exec_later(this);
    break;
  case inbox_result::queue_closed: {
    caf::mailbox_element_ptr late{std::exchange(refused::last, nullptr)};
    caf::detail::sync_request_bouncer{caf::error{}}(*late);
    on_undelivered(*late);
    break;
  }
  case inbox_result::success:
    break;
  }
}

void loop_actor_base::launch(caf::execution_unit*, bool lazy, bool hide) {
  if (!hide)
    register_at_system();
  resident_ = true;
  loop_.attach(*this);
  if (lazy && inbox_.try_block())
    return;
  intrusive_ptr_add_ref(ctrl());
  loop_.exec_later(this);
}

void loop_actor_base::intrusive_ptr_add_ref_impl() {
  intrusive_ptr_add_ref(ctrl());
}

void loop_actor_base::intrusive_ptr_release_impl() {
  intrusive_ptr_release(ctrl());
}

bool loop_actor_base::cleanup(caf::error&& reason, caf::execution_unit* host) {
  terminated_ = true;
  if (!inbox_.closed()) {
    element_list rest;
    auto keep = [&](caf::mailbox_element* x) {
      rest.push_front(caf::mailbox_element_ptr{x});
    };
    inbox_.close(keep);
    for (auto list : {&normal_, &urgent_, &skipped_})
      rest.prepend(*list);
    caf::detail::sync_request_bouncer bounce{reason};
    while (!rest.empty()) {
      auto x = rest.pop_front();
      bounce(*x);
      on_undelivered(*x);
    }
    rare_.reset();
  }
  return caf::local_actor::cleanup(std::move(reason), host);
}

void loop_actor_base::on_destroy() {
  caf::local_actor::on_destroy();
  leave(); // of an actor that never ended itself: nobody can be sending to it
}

void loop_actor_base::leave() {
  if (!std::exchange(resident_, false))
    return;
  loop_.detach(*this);
}

// -- running ------------------------------------------------------------------

/// Sorts what came into the inbox, newest first there, into arrival order.
void loop_actor_base::fetch() {
  element_list arrived;
  for (auto x = inbox_.take_head(); x != nullptr;) {
    auto next = static_cast<caf::mailbox_element*>(x->next);
    arrived.push_front(caf::mailbox_element_ptr{x});
    x = next;
  }
  while (!arrived.empty()) {
    auto x = arrived.pop_front();
    auto& list = x->is_high_priority() ? urgent_ : normal_;
    list.push_back(std::move(x));
  }
}

caf::resumable::resume_result loop_actor_base::resume(caf::execution_unit*,
                                                      size_t messages) {
  resuming_ = true;
  auto result = run_turn(messages);
  resuming_ = false;
  if (result == done)
    leave();
  return result;
}

caf::resumable::resume_result loop_actor_base::run_turn(size_t messages) {
  if (!activate())
    return done;
  if (aborting_) {
    quit(caf::exit_reason::kill);
    finalize();
    return done;
  }
  size_t tried = 0;
  bool handled = false;
  bool skipped = false;
  for (;;) {
    auto mark = urgent_mark();
    fetch();
    auto waits = paused();
    if (urgent_.empty() && (waits || normal_.empty())) {
      if (std::exchange(handled, false))
        rearm_receive_timeout();
      if (waits) {
        if (park(mark))
          return awaiting_message;
        continue;
      }
      if (!skipped_.empty())
        on_all_skipped();
      else if (!caught_up())
        return done;
      if (inbox_.try_block())
        return awaiting_message;
      continue;
    }
    if (tried == messages) {
      if (handled)
        rearm_receive_timeout();
      if (skipped)
        on_turn_with_skips();
      return resume_later;
    }
    // Urgent messages go first, but the last place of a turn is for an ordinary
    // one: a flood of urgent messages starves nothing.
    ++tried;
    auto ordinary_turn =
        tried == messages && messages > 1 && !normal_.empty() && !waits;
    auto& list = urgent_.empty() || ordinary_turn ? normal_ : urgent_;
    switch (run_element(list.pop_front())) {
    case outcome::terminated:
      return done;
    case outcome::consumed:
      handled = true;
      break;
    case outcome::skipped:
      skipped = true;
      break;
    default:
      break;
    }
  }
}

/// Makes sure that the actor is initialized; false if it is dead.
bool loop_actor_base::activate() {
  check(loop_.in_loop(), "a loop actor runs outside of its loop");
  if (getf(is_initialized_flag))
    return !terminated_;
  setf(is_initialized_flag);
  running_ = true;
  try {
    if (loop_.stopping()) {
      quit(caf::exit_reason::user_shutdown);
    } else {
      on_start();
      if (!quitting())
        initialize();
    }
  } catch (...) {
    quit(reason_of(std::current_exception()));
  }
  running_ = false;
  return !finalize();
}

/// False if the hook ended the actor.
bool loop_actor_base::caught_up() {
  running_ = true;
  try {
    on_caught_up();
  } catch (...) {
    quit(reason_of(std::current_exception()));
  }
  running_ = false;
  return !finalize();
}

bool loop_actor_base::alive() const noexcept {
  if (quitting())
    return false;
  return !bhvr_stack_.empty()
         || (rare_ && (!rare_->awaited.empty() || !rare_->multiplexed.empty()));
}

bool loop_actor_base::has_behavior() const noexcept {
  return alive();
}

/// Ends the actor if it has nothing to live for; true if it is dead.
bool loop_actor_base::finalize() {
  if (terminated_)
    return true;
  bhvr_stack_.cleanup();
  if (alive())
    return false;
  terminated_ = true;
  quit(); // a no-op if somebody did; else the actor ran out of behaviors
  on_terminate();
  on_exit();
  bhvr_stack_.clear();
  bhvr_stack_.cleanup();
  // If the inbox was blocked, nobody can hand the actor to the loop any more;
  // else the run that is due leaves the loop (invariant 4).
  auto is_idle = !resuming_ && inbox_.try_unblock();
  cleanup(std::move(fail_state_), &loop_);
  if (is_idle)
    leave();
  return true;
}

/// Handles one message of the mailbox.
loop_actor_base::outcome
loop_actor_base::run_element(caf::mailbox_element_ptr x) {
  running_ = true;
  auto counted = counts(*x); // a promise may take the sender out of it
  auto result = outcome::dropped;
  try {
    result = consume(*x);
  } catch (...) {
    auto reason = reason_of(std::current_exception());
    if (x->mid.is_request()) {
      current_element_ = x.get();
      make_response_promise().deliver(reason);
    }
    quit(std::move(reason));
  }
  current_element_ = nullptr;
  running_ = false;
  if (counted && result != outcome::skipped)
    on_handled();
  if (finalize())
    return outcome::terminated;
  if (result == outcome::skipped)
    skip(std::move(x));
  else
    retry_skipped();
  return result;
}

void loop_actor_base::skip(caf::mailbox_element_ptr x) {
  skipped_.push_back(std::move(x));
}

void loop_actor_base::retry_skipped() {
  if (skipped_.empty())
    return;
  element_list urgent;
  element_list normal;
  while (!skipped_.empty()) {
    auto x = skipped_.pop_front();
    auto& list = x->is_high_priority() ? urgent : normal;
    list.push_back(std::move(x));
  }
  urgent_.prepend(urgent);
  normal_.prepend(normal);
  // After an in-place event the actor may be in no ready list.
  if (inbox_.try_unblock()) {
    intrusive_ptr_add_ref(ctrl());
    loop_.exec_later(this);
  }
}

delivery loop_actor_base::deliver_view(caf::type_erased_tuple& x,
                                       copy_function copy) {
  check(!running_, "an event was delivered from inside a handler");
  if (!activate())
    return delivery::terminated;
  auto result = outcome::skipped;
  bool matched = false;
  if (!rare_ || rare_->awaited.empty()) {
    // What CAF asks of the current message: nobody sent it.
    static thread_local auto nobodys = caf::make_mailbox_element(
        nullptr, caf::make_message_id(), {}, caf::message{});
    nobodys->mid = caf::make_message_id();
    running_ = true;
    current_element_ = nobodys.get();
    try {
      no_result_visitor visitor;
      result = call_behavior(visitor, x, matched);
    } catch (...) {
      quit(reason_of(std::current_exception()));
    }
    current_element_ = nullptr;
    running_ = false;
    if (finalize())
      return delivery::terminated;
  }
  if (result == outcome::skipped) {
    skip(caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                   copy(x)));
    return delivery::skipped;
  }
  if (!matched)
    return delivery::unhandled;
  retry_skipped();
  rearm_receive_timeout();
  return delivery::handled;
}

/// With what to end because of an exception.
caf::error loop_actor_base::reason_of(std::exception_ptr what) {
  if (rare_ && rare_->on_exception) {
    // The handler may throw in turn; then its exception is the reason.
    try {
      return call_handler(rare_->on_exception, what);
    } catch (...) {
      what = std::current_exception();
    }
  }
  try {
    std::rethrow_exception(what);
  } catch (const std::exception& e) {
    return make_error(errc::handler_failed,
                      std::string{"a handler threw: "} + e.what());
  } catch (...) {
    return make_error(errc::handler_failed,
                      "a handler threw something that is no std::exception");
  }
}

// -- one message --------------------------------------------------------------

loop_actor_base::outcome loop_actor_base::consume(caf::mailbox_element& x) {
  current_element_ = &x;
  if (rare_ && !rare_->awaited.empty()) {
    auto& [id, f] = rare_->awaited.front();
    if (x.mid.integer_value() != id)
      return outcome::skipped;
    auto handler = std::move(f);
    rare_->awaited.pop_front();
    if (!handler(x.content())) {
      auto wrong = caf::make_message(caf::make_error(
          caf::sec::unexpected_response, x.move_content_to_message()));
      handler(wrong);
    }
    return outcome::consumed;
  }
  if (x.mid.is_response())
    return consume_response(x);
  if (consume_system(x))
    return outcome::consumed;
  if (intercept(x))
    return outcome::consumed;
  return consume_ordinary(x);
}

loop_actor_base::outcome
loop_actor_base::consume_response(caf::mailbox_element& x) {
  if (!rare_)
    return outcome::dropped;
  auto found = rare_->multiplexed.find(x.mid.integer_value());
  if (found == rare_->multiplexed.end())
    return outcome::dropped; // it came after its timeout
  auto handler = std::move(found->second);
  rare_->multiplexed.erase(found);
  if (!handler(x.content())) {
    auto wrong = caf::make_message(caf::make_error(
        caf::sec::unexpected_response, x.move_content_to_message()));
    handler(wrong);
  }
  return outcome::consumed;
}

bool loop_actor_base::consume_system(caf::mailbox_element& x) {
  auto& content = x.content();
  switch (content.type_token()) {
  default:
    return false;
  case caf::make_type_token<caf::atom_value, caf::atom_value, std::string>():
    if (content.get_as<caf::atom_value>(0) != caf::sys_atom::value
        || content.get_as<caf::atom_value>(1) != caf::get_atom::value)
      return false;
    describe(x);
    return true;
  case caf::make_type_token<caf::timeout_msg>(): {
    auto& msg = content.get_as<caf::timeout_msg>(0);
    if (getf(has_timeout_flag) && rare_ && rare_->timeout_id == msg.timeout_id
        && !bhvr_stack_.empty())
      bhvr_stack_.back().handle_timeout();
    return true;
  }
  case caf::make_type_token<caf::exit_msg>(): {
    auto msg = content.move_if_unshared<caf::exit_msg>(0);
    unlink_from(msg.source);
    if (msg.reason == caf::exit_reason::kill)
      quit(std::move(msg.reason));
    else if (rare_ && rare_->on_exit)
      call_handler(rare_->on_exit, msg);
    else if (msg.reason)
      quit(std::move(msg.reason));
    return true;
  }
  case caf::make_type_token<caf::down_msg>(): {
    auto msg = content.move_if_unshared<caf::down_msg>(0);
    if (rare_ && rare_->on_down)
      call_handler(rare_->on_down, msg);
    else
      caf::aout(this) << "*** unhandled down message [id: " << id()
                      << ", name: " << name() << "]: " << to_string(msg)
                      << std::endl;
    return true;
  }
  case caf::make_type_token<caf::error>(): {
    auto msg = content.move_if_unshared<caf::error>(0);
    call_error_handler(msg);
    return true;
  }
  }
}

/// What CAF's own tools ask any actor.
void loop_actor_base::describe(caf::mailbox_element& x) {
  auto promise = make_response_promise();
  auto& what = x.content().get_as<std::string>(2);
  if (what == "info")
    promise.deliver(caf::ok_atom::value, what, caf::strong_actor_ptr{ctrl()},
                    name());
  else
    promise.deliver(caf::make_error(caf::sec::unsupported_sys_key));
}

loop_actor_base::outcome
loop_actor_base::consume_ordinary(caf::mailbox_element& x) {
  auto had_timeout = getf(has_timeout_flag);
  if (had_timeout)
    unsetf(has_timeout_flag);
  bool matched = false;
  response_visitor visitor{this};
  auto result = call_behavior(visitor, x.content(), matched);
  if (!matched && result != outcome::skipped)
    result = call_default(x);
  if (result == outcome::skipped && had_timeout)
    setf(has_timeout_flag);
  return result;
}

loop_actor_base::outcome
loop_actor_base::call_behavior(caf::detail::invoke_result_visitor& f,
                               caf::type_erased_tuple& x, bool& matched) {
  if (bhvr_stack_.empty())
    return outcome::dropped;
  switch (bhvr_stack_.back()(f, x)) {
  case caf::match_case::skip:
    return outcome::skipped;
  case caf::match_case::match:
    matched = true;
    return outcome::consumed;
  default:
    return outcome::dropped;
  }
}

loop_actor_base::outcome
loop_actor_base::call_default(caf::mailbox_element& x) {
  if (may_ignore(x))
    return outcome::consumed;
  default_invoke_result_visitor<loop_actor_base> visitor{this};
  caf::result<caf::message> result{caf::error{caf::sec::unexpected_message}};
  if (quitting()) {
    // It has no behavior any more. Only a request gets an answer.
    if (!x.mid.is_request())
      return outcome::consumed;
    result = caf::error{caf::sec::request_receiver_down};
  } else if (rare_ && rare_->on_unexpected) {
    result = call_handler(rare_->on_unexpected, x);
  } else {
    caf::aout(this) << "*** unexpected message [id: " << id()
                    << ", name: " << name() << "]: " << x.content().stringify()
                    << std::endl;
  }
  switch (result.flag) {
  case caf::rt_skip:
    return outcome::skipped;
  case caf::rt_value:
  case caf::rt_error:
    visitor.visit(result);
    return outcome::consumed;
  default:
    return outcome::consumed;
  }
}

// -- what a behavior uses -----------------------------------------------------

void loop_actor_base::quit(caf::error reason) {
  if (quitting())
    return;
  setf(is_shutting_down_flag);
  fail_state_ = std::move(reason);
  bhvr_stack_.clear();
  if (rare_) {
    rare_->awaited.clear();
    rare_->multiplexed.clear();
  }
}

void loop_actor_base::set_down_handler(down_handler f) {
  rare().on_down = std::move(f);
}

void loop_actor_base::set_exit_handler(exit_handler f) {
  rare().on_exit = std::move(f);
}

void loop_actor_base::set_error_handler(error_handler f) {
  rare().on_error = std::move(f);
}

void loop_actor_base::set_exception_handler(exception_handler f) {
  rare().on_exception = std::move(f);
}

void loop_actor_base::set_default_handler(default_handler f) {
  rare().on_unexpected = std::move(f);
}

void loop_actor_base::set_default_handler(caf::skip_t) {
  rare().on_unexpected = [](caf::message_view&) {
    return caf::result<caf::message>{caf::skip()};
  };
}

void loop_actor_base::add_awaited_response_handler(caf::message_id id,
                                                   caf::behavior f) {
  if (f.timeout().valid())
    request_response_timeout(f.timeout(), id);
  rare().awaited.emplace_front(id.integer_value(), std::move(f));
}

void loop_actor_base::add_multiplexed_response_handler(caf::message_id id,
                                                       caf::behavior f) {
  if (f.timeout().valid())
    request_response_timeout(f.timeout(), id);
  rare().multiplexed.emplace(id.integer_value(), std::move(f));
}

void loop_actor_base::call_error_handler(caf::error& x) {
  if (rare_ && rare_->on_error)
    call_handler(rare_->on_error, x);
  else
    quit(std::move(x));
}

void loop_actor_base::do_become(caf::behavior f, bool discard_old) {
  if (quitting())
    return;
  if (discard_old && !bhvr_stack_.empty())
    bhvr_stack_.pop_back();
  if (f)
    bhvr_stack_.push_back(std::move(f));
  rearm_receive_timeout();
}

/// CAF's `after(...)`: counts from the last message that was handled.
void loop_actor_base::rearm_receive_timeout() {
  if (bhvr_stack_.empty())
    return;
  auto after = bhvr_stack_.back().timeout();
  if (!after.valid()) {
    unsetf(has_timeout_flag);
    return;
  }
  auto timeout = ++rare().timeout_id;
  setf(has_timeout_flag);
  if (after.is_zero()) {
    eq_impl(caf::make_message_id(), nullptr, &loop_,
            caf::timeout_msg{receive_timeout, timeout});
    return;
  }
  auto due = clock().now();
  due += after;
  clock().set_ordinary_timeout(due, this, receive_timeout, timeout);
}

// -- defaults of the hooks ----------------------------------------------------

bool loop_actor_base::intercept(caf::mailbox_element&) {
  return false;
}

void loop_actor_base::on_undelivered(caf::mailbox_element&) const {
}

bool loop_actor_base::may_ignore(const caf::mailbox_element&) const {
  return false;
}

void loop_actor_base::on_terminate() {
}

void loop_actor_base::on_caught_up() {
}

void loop_actor_base::on_start() {
}

bool loop_actor_base::paused() const noexcept {
  return false;
}

std::uint64_t loop_actor_base::urgent_mark() const noexcept {
  return 0;
}

bool loop_actor_base::park(std::uint64_t) {
  return false;
}

bool loop_actor_base::counts(const caf::mailbox_element&) noexcept {
  return false;
}

void loop_actor_base::on_handled() {
}

void loop_actor_base::on_all_skipped() {
}

void loop_actor_base::on_turn_with_skips() {
}

caf::strong_actor_ptr loop_actor_base::hold() noexcept {
  // A weak reference whose upgrade fails once destruction has begun.
  return caf::weak_actor_ptr{ctrl()}.lock();
}

void loop_actor_base::on_loop_stopping() {
  caf::anon_send_exit(this, caf::exit_reason::user_shutdown);
}

void loop_actor_base::on_loop_aborting() {
  aborting_ = true;
  if (inbox_.try_unblock()) {
    intrusive_ptr_add_ref(ctrl());
    loop_.exec_later(this);
  }
}

// -- loop_actor ---------------------------------------------------------------

loop_actor::loop_actor(caf::actor_config& cfg, event_loop& loop)
    : extended_base(cfg, loop) {
}

void loop_actor::initialize() {
  extended_base::initialize();
  if (auto f = make_behavior())
    become(std::move(f));
}

caf::behavior loop_actor::make_behavior() {
  if (!initial_behavior_fac_)
    return {};
  auto f = std::move(initial_behavior_fac_);
  initial_behavior_fac_ = nullptr;
  return f(this);
}

} // namespace sluice::runtime

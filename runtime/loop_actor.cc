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

namespace sluice::runtime {

using caf::detail::default_invoke_result_visitor;
using caf::intrusive::inbox_result;

// -- element_list -------------------------------------------------------------

namespace {

caf::mailbox_element* next_of(caf::mailbox_element* x) {
  return static_cast<caf::mailbox_element*>(x->next);
}

constexpr auto receive_timeout = caf::atom("receive");

} // namespace

element_list::~element_list() {
  while (!empty())
    pop_front();
}

void element_list::push_back(caf::mailbox_element_ptr x) noexcept {
  auto raw = x.release();
  raw->next = nullptr;
  if (tail_ != nullptr)
    tail_->next = raw;
  else
    head_ = raw;
  tail_ = raw;
}

caf::mailbox_element_ptr element_list::pop_front() noexcept {
  auto raw = head_;
  head_ = next_of(raw);
  if (head_ == nullptr)
    tail_ = nullptr;
  return caf::mailbox_element_ptr{raw};
}

void element_list::prepend(element_list& other) noexcept {
  if (other.empty())
    return;
  other.tail_->next = head_;
  head_ = other.head_;
  if (tail_ == nullptr)
    tail_ = other.tail_;
  other.head_ = other.tail_ = nullptr;
}

// -- rare_state ---------------------------------------------------------------

/// What most connections never need, allocated on first use.
struct loop_actor_base::rare_state {
  using response = std::pair<caf::message_id, caf::behavior>;

  std::forward_list<response> awaited;
  std::unordered_map<caf::message_id, caf::behavior> multiplexed;
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

void loop_actor_base::enqueue(caf::mailbox_element_ptr what,
                              caf::execution_unit*) {
  auto mid = what->mid;
  auto sender = what->sender;
  switch (inbox_.push_front(std::move(what))) {
  case inbox_result::unblocked_reader:
    intrusive_ptr_add_ref(ctrl());
    loop_.exec_later(this);
    break;
  case inbox_result::queue_closed:
    if (mid.is_request())
      caf::detail::sync_request_bouncer{caf::exit_reason::unreachable}(sender,
                                                                       mid);
    break;
  case inbox_result::success:
    break;
  }
}

void loop_actor_base::launch(caf::execution_unit*, bool lazy, bool hide) {
  if (!hide)
    register_at_system();
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
  if (!inbox_.closed()) {
    if (getf(is_initialized_flag))
      loop_.detach(*this);
    caf::detail::sync_request_bouncer bounce{reason};
    auto drop = [&](caf::mailbox_element* x) {
      caf::mailbox_element_ptr guard{x};
      bounce(*x);
    };
    inbox_.close(drop);
    for (auto list : {&urgent_, &normal_, &skipped_})
      while (!list->empty())
        drop(list->pop_front().release());
    rare_.reset();
  }
  return caf::local_actor::cleanup(std::move(reason), host);
}

// -- running ------------------------------------------------------------------

/// Sorts what came into the inbox, newest first there, into arrival order.
void loop_actor_base::fetch() {
  caf::mailbox_element* newest = inbox_.take_head();
  caf::mailbox_element* oldest = nullptr;
  while (newest != nullptr) {
    auto next = next_of(newest);
    newest->next = oldest;
    oldest = newest;
    newest = next;
  }
  while (oldest != nullptr) {
    auto next = next_of(oldest);
    auto& list = oldest->is_high_priority() ? urgent_ : normal_;
    list.push_back(caf::mailbox_element_ptr{oldest});
    oldest = next;
  }
}

caf::resumable::resume_result loop_actor_base::resume(caf::execution_unit*,
                                                      size_t messages) {
  if (!activate())
    return done;
  size_t handled = 0;
  for (;;) {
    fetch();
    if (urgent_.empty() && normal_.empty()) {
      if (handled > 0)
        rearm_receive_timeout();
      if (skipped_.empty())
        on_caught_up();
      if (inbox_.try_block())
        return awaiting_message;
      continue;
    }
    if (handled == messages) {
      rearm_receive_timeout();
      return resume_later;
    }
    auto& list = urgent_.empty() ? normal_ : urgent_;
    if (!run_element(list.pop_front()))
      return done;
    ++handled;
  }
}

/// Makes sure that the actor is initialized; false if it is dead.
bool loop_actor_base::activate() {
  check(loop_.in_loop(), "a loop actor runs outside of its loop");
  if (getf(is_initialized_flag))
    return !terminated_;
  setf(is_initialized_flag);
  loop_.attach(*this);
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
    handle_exception(std::current_exception());
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
  cleanup(std::move(fail_state_), &loop_);
  return true;
}

/// Handles one message of the mailbox; false if the actor is dead.
bool loop_actor_base::run_element(caf::mailbox_element_ptr x) {
  running_ = true;
  auto result = outcome::dropped;
  try {
    result = consume(*x);
  } catch (...) {
    auto what = std::current_exception();
    if (x->mid.is_request()) {
      current_element_ = x.get();
      make_response_promise().deliver(
          make_error(errc::handler_failed, "a handler threw"));
    }
    handle_exception(what);
  }
  current_element_ = nullptr;
  running_ = false;
  if (finalize())
    return false;
  if (result == outcome::skipped)
    skip(std::move(x));
  else
    retry_skipped();
  return true;
}

void loop_actor_base::skip(caf::mailbox_element_ptr x) {
  skipped_.push_back(std::move(x));
}

void loop_actor_base::retry_skipped() {
  if (skipped_.empty())
    return;
  normal_.prepend(skipped_);
  // After an in-place event the actor may be in no ready list.
  if (inbox_.try_unblock()) {
    intrusive_ptr_add_ref(ctrl());
    loop_.exec_later(this);
  }
}

delivery loop_actor_base::deliver_element(caf::mailbox_element& x) {
  check(!running_, "an event was delivered from inside a handler");
  if (!activate())
    return delivery::terminated;
  auto result = outcome::skipped;
  bool matched = false;
  if (!rare_ || rare_->awaited.empty()) {
    running_ = true;
    current_element_ = &x;
    try {
      result = call_behavior(x, matched);
    } catch (...) {
      result = outcome::dropped;
      handle_exception(std::current_exception());
    }
    current_element_ = nullptr;
    running_ = false;
  }
  if (result == outcome::skipped) {
    skip(caf::make_mailbox_element(nullptr, caf::make_message_id(), {},
                                   x.copy_content_to_message()));
    return delivery::skipped;
  }
  if (finalize())
    return delivery::terminated;
  if (!matched)
    return delivery::unhandled;
  retry_skipped();
  rearm_receive_timeout();
  return delivery::handled;
}

void loop_actor_base::handle_exception(std::exception_ptr what) {
  if (rare_ && rare_->on_exception) {
    // The handler may throw in turn; then its exception is the reason.
    try {
      quit(rare_->on_exception(what));
      return;
    } catch (...) {
      what = std::current_exception();
    }
  }
  try {
    std::rethrow_exception(what);
  } catch (const std::exception& e) {
    quit(make_error(errc::handler_failed,
                    std::string{"a handler threw: "} + e.what()));
  } catch (...) {
    quit(make_error(errc::handler_failed,
                    "a handler threw something that is no std::exception"));
  }
}

// -- one message --------------------------------------------------------------

loop_actor_base::outcome loop_actor_base::consume(caf::mailbox_element& x) {
  current_element_ = &x;
  if (rare_ && !rare_->awaited.empty()) {
    auto& [id, f] = rare_->awaited.front();
    if (x.mid != id)
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
  auto found = rare_->multiplexed.find(x.mid);
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
      rare_->on_exit(msg);
    else if (msg.reason)
      quit(std::move(msg.reason));
    return true;
  }
  case caf::make_type_token<caf::down_msg>(): {
    auto msg = content.move_if_unshared<caf::down_msg>(0);
    if (rare_ && rare_->on_down)
      rare_->on_down(msg);
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

loop_actor_base::outcome
loop_actor_base::consume_ordinary(caf::mailbox_element& x) {
  auto had_timeout = getf(has_timeout_flag);
  if (had_timeout)
    unsetf(has_timeout_flag);
  bool matched = false;
  auto result = call_behavior(x, matched);
  if (!matched && result != outcome::skipped)
    result = call_default(x);
  if (result == outcome::skipped && had_timeout)
    setf(has_timeout_flag);
  return result;
}

loop_actor_base::outcome loop_actor_base::call_behavior(caf::mailbox_element& x,
                                                        bool& matched) {
  if (bhvr_stack_.empty())
    return outcome::dropped;
  default_invoke_result_visitor<loop_actor_base> visitor{this};
  switch (bhvr_stack_.back()(visitor, x.content())) {
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
  default_invoke_result_visitor<loop_actor_base> visitor{this};
  caf::result<caf::message> result{caf::error{caf::sec::unexpected_message}};
  if (quitting())
    result = caf::error{caf::sec::request_receiver_down};
  else if (rare_ && rare_->on_unexpected)
    result = rare_->on_unexpected(x);
  else
    caf::aout(this) << "*** unexpected message [id: " << id()
                    << ", name: " << name() << "]: " << x.content().stringify()
                    << std::endl;
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
  rare().awaited.emplace_front(id, std::move(f));
}

void loop_actor_base::add_multiplexed_response_handler(caf::message_id id,
                                                       caf::behavior f) {
  if (f.timeout().valid())
    request_response_timeout(f.timeout(), id);
  rare().multiplexed.emplace(id, std::move(f));
}

void loop_actor_base::call_error_handler(caf::error& x) {
  if (rare_ && rare_->on_error)
    rare_->on_error(x);
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
  auto due = clock().now();
  due += after;
  setf(has_timeout_flag);
  clock().set_ordinary_timeout(due, this, receive_timeout, ++rare().timeout_id);
}

// -- defaults of the hooks ----------------------------------------------------

bool loop_actor_base::intercept(caf::mailbox_element&) {
  return false;
}

void loop_actor_base::on_terminate() {
}

void loop_actor_base::on_caught_up() {
}

void loop_actor_base::on_start() {
}

caf::strong_actor_ptr loop_actor_base::hold() noexcept {
  // A weak reference whose upgrade fails once destruction has begun.
  return caf::weak_actor_ptr{ctrl()}.lock();
}

void loop_actor_base::on_loop_stopping() {
  caf::anon_send_exit(this, caf::exit_reason::user_shutdown);
}

void loop_actor_base::on_loop_aborting() {
  caf::strong_actor_ptr guard{ctrl()};
  run([this] { quit(caf::exit_reason::kill); });
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

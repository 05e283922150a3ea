#include "net/stream_broker.h"

#include "net/broker_commands.h"
#include "net/reports.h"
#include "net/stream_rare.h"
#include "runtime/error.h"

#include <caf/exit_reason.hpp>

#include <cerrno>

// A stream_broker's frame: what it is told from outside, the order of things,
// and the end.

namespace sluice::net {

using runtime::errc;
using runtime::errno_text;
using runtime::make_error;

stream_broker::stream_broker(caf::actor_config& cfg, event_loop& loop,
                             stream_setup setup)
    : broker(cfg, loop),
      socket_(std::move(setup.connection)),
      options_(std::move(setup.options)) {
  if (!socket_.is_open())
    rare().target = std::move(setup.target);
  else if (!setup.first_input.empty())
    rare().raw_rest = std::move(setup.first_input);
  if (setup.companion)
    rare().companion = std::move(setup.companion);
}

stream_broker::~stream_broker() {
  delete valve_.load();
}

stream_broker::rare_state& stream_broker::rare() {
  if (!rare_)
    rare_ = std::make_unique<rare_state>();
  return *rare_;
}

endpoint stream_broker::local() const {
  return socket_.is_open() ? socket_.local() : endpoint{};
}

endpoint stream_broker::remote() const {
  return socket_.is_open() ? socket_.remote() : endpoint{};
}

std::string stream_broker::describe() const {
  if (state_ < stream_state::open && rare_)
    return "connection to " + to_string(rare_->target);
  return "connection " + to_string(local()) + " - " + to_string(remote());
}

// -- commands -----------------------------------------------------------------

bool stream_broker::intercept(caf::mailbox_element& x) {
  auto& content = x.content();
  if (content.size() != 1)
    return false;
  if (content.match_element<net::write>(0)) {
    auto& command = content.get_mutable_as<net::write>(0);
    submit(x.sender, {{}, command.bytes, {}}, command.token);
    admitted(x); // after it has joined the queue: it waits there or nowhere
  } else if (content.match_element<runtime::backpressure>(0)) {
    heed(content.get_as<runtime::backpressure>(0));
    return false; // the behavior may want to know
  } else if (content.match_element<net::write_frame>(0)) {
    auto& command = content.get_mutable_as<net::write_frame>(0);
    submit_frame(x.sender, command.payload, command.token);
    admitted(x);
  } else if (content.match_element<net::shutdown_write>(0)) {
    shutdown_write();
  } else {
    return carry_out(*this, content);
  }
  return true;
}

// -- the order of things ------------------------------------------------------

void stream_broker::on_event(readiness what) {
  if (state_ == stream_state::connecting)
    return on_connect_ready();
  if (what.writable && write_error_ == 0)
    blocked_ = false;
  if (what.readable || what.failed || what.hung_up) {
    if (state_ == stream_state::lingering)
      discard_some();
    else
      read_some();
  }
  if (what.failed || what.hung_up)
    on_hang_up(what.failed);
}

/// The connection is gone in both directions, after what was just read.
void stream_broker::on_hang_up(bool failed) {
  if (state_ < stream_state::open || state_ > stream_state::leaving)
    return;
  auto error = write_error_;
  if (error == 0 && failed)
    error = loop().sockets().take_error(socket_.fd());
  if (error != 0 || failed)
    return fail(close_reason::peer_reset, error != 0 ? error : ECONNRESET);
  if (may_read())
    return; // its end will be read as any other
  if (state_ == stream_state::leaving && blocked_)
    return fail(close_reason::peer_reset, ECONNRESET);
  // Nothing more can be learned until somebody wants to read, or to write to
  // whom is gone; but the poller would say it again and again.
  parked_ = true;
  unwatch();
}

void stream_broker::settle() {
  if (state_ == stream_state::idle) {
    if (socket_.is_open())
      start_accepted();
    else
      start_lookup();
  }
  while (state_ != stream_state::closed) {
    if (state_ == stream_state::failing)
      return end(std::move(rare().how));
    flush();
    if (state_ == stream_state::failing)
      continue;
    if (!pump_pending_ || !may_deliver())
      break;
    pump();
  }
  if (state_ == stream_state::closed)
    return;
  if (state_ == stream_state::leaving && queued() == 0)
    return leave();
  finish_writing();
  if (state_ == stream_state::closed)
    return;
  update_interest();
  recycle_outbox();
}

/// Sends our end once everything before it has been taken.
void stream_broker::finish_writing() {
  auto draining = state_ == stream_state::draining;
  if (queued() > 0
      || (!draining && !(write_ended_ && state_ == stream_state::open)))
    return;
  if (!end_sent_) {
    loop().sockets().shutdown_write(socket_.fd());
    end_sent_ = true;
  }
  if (peer_done_)
    return end(draining ? std::move(rare().how)
                        : ending{close_reason::finished, 0, {}});
  if (!draining)
    return;
  move_to(stream_state::lingering);
  arm(timeout::drain, loop().now() + options_->close_drain);
  // A process that ends does not wait for peers who have nothing to say.
  if (loop().stopping()) {
    discard_some();
    end(rare().how);
  }
}

void stream_broker::update_interest() {
  if (parked_ && may_read()) {
    parked_ = false;
    if (auto err = watch(socket_.fd())) {
      fail(close_reason::system_error, 0, std::move(err));
      return end(std::move(rare().how));
    }
  }
  if (state_ < stream_state::open)
    return; // on_connect_ready waits for *writable*
  auto what = interest::none;
  if (may_read() || state_ == stream_state::lingering)
    what = what | interest::read;
  if (blocked_ && queued() > 0 && write_error_ == 0)
    what = what | interest::write;
  want(what);
}

void stream_broker::recycle_outbox() {
  if (!outbox_ || !outbox_->queue.empty())
    return;
  disarm(timeout::write_stall);
  if (auto since = std::exchange(outbox_->blocked_since, {}))
    totals().write_wait.record(last_write_ - *since);
  outbox::recycle(std::move(outbox_));
}

// -- to be seen ---------------------------------------------------------------

bool stream_broker::pressed() const noexcept {
  auto gate = valve_.load(std::memory_order_acquire);
  return gate != nullptr && gate->holding() > 0;
}

connection_report stream_broker::report() const {
  connection_report result;
  result.id = id();
  result.name = name();
  result.local = local();
  result.remote = socket_.is_open() && state_ >= stream_state::open ? remote()
                  : rare_ ? rare_->target
                          : endpoint{};
  result.state = state_;
  result.queued = queued();
  result.peak = result.queued;
  if (auto gate = valve_.load(std::memory_order_acquire)) {
    auto record = gate->record(home_system());
    result.peak = std::max<std::uint64_t>(gate->peak(), result.queued);
    result.pressed = record.now;
    result.times_pressed = record.times;
    result.pressed_time = record.total;
  }
  result.held = held_;
  result.rejected = rare_ ? rare_->rejected : 0;
  result.accepted = counts_.accepted;
  result.written = counts_.written;
  result.returned = counts_.returned;
  result.received = counts_.received;
  return result;
}

// -- deadlines ----------------------------------------------------------------

void stream_broker::idle_timeout(runtime::duration x) {
  rare().idle_limit = x;
  disarm(timeout::idle);
  if (x > runtime::duration::zero())
    arm(timeout::idle, loop().now() + x);
}

void stream_broker::read_timeout(runtime::duration x) {
  rare().read_limit = x;
  disarm(timeout::read);
  if (x > runtime::duration::zero())
    arm(timeout::read, loop().now() + x);
}

void stream_broker::handshake_timeout(runtime::duration x) {
  arm(timeout::handshake, loop().now() + x);
}

void stream_broker::handshake_done() {
  disarm(timeout::handshake);
}

/// Timers are not moved with every byte: one that fires looks at the time of
/// the last byte and, if that is not long ago, is armed for the rest.
void stream_broker::watch_activity(timeout which, runtime::duration limit,
                                   runtime::time_point since) {
  auto now = loop().now();
  if (now < since + limit)
    return arm(which, since + limit);
  arm(which, now + limit);
  timed_out event{which, 0};
  deliver(event);
}

void stream_broker::on_timeout(timeout which) {
  auto give_up = [this, which](close_reason why) {
    timed_out event{which, 0};
    if (deliver(event) != delivery::terminated)
      fail(why, ETIMEDOUT);
  };
  switch (which) {
  case timeout::connect:
    return give_up(close_reason::connect_timeout);
  case timeout::handshake:
    return give_up(close_reason::handshake_timeout);
  case timeout::drain: {
    auto due = last_write_ + options_->close_drain;
    if (queued() > 0 && loop().now() < due)
      return arm(which, due); // slow, but it moves
    return give_up(close_reason::drain_timeout);
  }
  case timeout::idle:
    return watch_activity(which, rare().idle_limit,
                          std::max(last_read_, last_write_));
  case timeout::read:
    return watch_activity(which, rare().read_limit,
                          may_read() ? last_read_ : loop().now());
  case timeout::write_stall:
    return on_write_stall();
  case timeout::user:
    return; // never comes here
  }
}

// -- the end ------------------------------------------------------------------

void stream_broker::close() {
  if (state_ < stream_state::open)
    return abort(); // nothing to drain to
  begin_drain(close_reason::closed);
}

void stream_broker::abort() {
  fail(close_reason::aborted);
}

void stream_broker::begin_drain(close_reason reason, caf::error error) {
  if (state_ != stream_state::open)
    return;
  move_to(stream_state::draining);
  rare().how = {reason, 0, std::move(error)};
  arm(timeout::drain, loop().now() + options_->close_drain);
  settle_later();
}

void stream_broker::hand_over(stream_successor next) {
  if (state_ != stream_state::open)
    return;
  move_to(stream_state::leaving);
  rare().next = std::move(next);
  arm(timeout::drain, loop().now() + options_->close_drain);
  settle_later();
}

/// Everything is sent: the connection goes on without this broker.
void stream_broker::leave() {
  stream_setup setup{{}, {}, options_, {}, std::move(rare().companion)};
  setup.first_input =
      framer_ ? framer_->take_rest() : std::exchange(rare().raw_rest, {});
  unwatch();
  setup.connection = std::move(socket_);
  auto next = std::move(rare().next);
  next(loop(), std::move(setup));
  end({close_reason::handed_over, 0, {}});
}

void stream_broker::fail(close_reason reason, int os_error, caf::error error) {
  if (state_ >= stream_state::failing)
    return;
  if (!error && !is_orderly(reason)) {
    auto text = describe() + ": " + to_string(reason);
    if (os_error != 0)
      text += ": " + errno_text(os_error);
    error = make_error(errc::connection_closed, std::move(text));
  }
  // A peer that took its time to say goodbye after all was sent is no failure.
  if (state_ == stream_state::lingering
      && reason == close_reason::drain_timeout)
    rare().how.os_error = 0;
  else
    rare().how = {reason, os_error, std::move(error)};
  move_to(stream_state::failing);
  settle_later();
}

/// The one way out. Nobody may be left waiting, and no byte unaccounted for.
void stream_broker::end(ending how) {
  if (state_ == stream_state::closed)
    return;
  auto cut_short =
      queued() > 0
      || (state_ == stream_state::failing && !is_orderly(how.reason));
  move_to(stream_state::closed);
  ++totals().closed[static_cast<std::size_t>(how.reason)];
  auto unsent = queued();
  retire();
  rare().lookup.reset();
  rare().companion.reset();
  // A stream that is cut short ends with a reset, so that the peer cannot take
  // it for whole.
  socket_.close(cut_short);
  if (!only_.bytes.empty())
    queue_up();
  if (outbox_) {
    outbox_->queue.drain([this](const caf::strong_actor_ptr& from, byte_slice x,
                                std::uint64_t token, bool envelope) {
      counts_.returned += x.size();
      totals().returned_bytes += x.size();
      if (!envelope)
        give_back(from, std::move(x), reject_reason::closed, token);
    });
    outbox::recycle(std::move(outbox_));
  }
  // Even if there was none: a sender that is about to say that the mailbox is
  // full must find one that tells nobody any more.
  valve().end(self(), &loop());
  self_pressed_ = false;
  framer_.reset();
  closed event{how.reason, how.os_error, unsent, how.error};
  on_closed(event);
  run([&] { quit(std::move(how.error)); });
}

void stream_broker::on_terminate() {
  if (state_ == stream_state::closed)
    return;
  auto& reason = ending_reason();
  ending how{close_reason::quit, 0, reason};
  if (state_ == stream_state::failing) {
    how = std::move(rare().how);
  } else if (reason && reason.category() == runtime::error_category
             && reason.code()
                    == static_cast<std::uint8_t>(errc::handler_failed)) {
    how.reason = close_reason::handler_failed;
    move_to(stream_state::failing); // nobody knows what it was about to write
  } else if (loop().stopping()) {
    how.reason = close_reason::shut_down;
  }
  if (how.reason == close_reason::quit || how.reason == close_reason::shut_down)
    flush(); // most often the operating system takes it all
  end(std::move(how));
}

void stream_broker::on_loop_stopping() {
  if (state_ < stream_state::open)
    fail(close_reason::shut_down);
  else
    begin_drain(close_reason::shut_down);
  settle_later();
}

void stream_broker::on_loop_aborting() {
  fail(close_reason::shut_down);
  settle();
}

} // namespace sluice::net

#include "net/datagram_broker.h"

#include "net/broker_commands.h"
#include "net/reports.h"
#include "runtime/error.h"

#include <cerrno>

// A datagram_broker's frame: what it is told from outside, the order of things,
// and the end.

namespace sluice::net {

using runtime::errc;
using runtime::errno_text;
using runtime::make_error;

datagram_broker::datagram_broker(caf::actor_config& cfg, event_loop& loop,
                                 datagram_setup setup)
    : broker(cfg, loop),
      socket_(std::move(setup.bound)),
      file_(socket_),
      local_(std::move(setup.local)),
      peer_(std::move(setup.peer)),
      options_(std::move(setup.options)),
      valve_(options_->write_marks, runtime::pressure_kind::datagram) {
}

datagram_broker::~datagram_broker() = default;

// -- commands -----------------------------------------------------------------

std::size_t datagram_broker::charge_of(const caf::mailbox_element& x) noexcept {
  auto& content = x.content();
  if (!x.sender || content.size() != 1
      || !content.match_element<net::send_datagram>(0))
    return 0;
  return datagram_queue::charge_of(
      content.get_as<net::send_datagram>(0).bytes.size());
}

void datagram_broker::enqueue(caf::mailbox_element_ptr what,
                              caf::execution_unit* host) {
  using passage = mailbox_door::passage;
  auto charge = charge_of(*what);
  auto how = charge == 0 ? passage::free
                         : door_.enter(charge, options_->write_marks.high,
                                       options_->write_cap_bytes);
  if (how == passage::free)
    return broker::enqueue(std::move(what), host);
  auto writer = what->sender;
  if (how == passage::refused) {
    net_totals::refused_at_door.fetch_add(1, std::memory_order_relaxed);
    auto& command = what->content().get_as<net::send_datagram>(0);
    return tell_writer(writer,
                       rejected{command.bytes, reject_reason::overflow,
                                command.token, command.to},
                       host);
  }
  // The broker may end as soon as it has the message.
  auto me = self();
  broker::enqueue(std::move(what), host);
  if (writer != me)
    valve_.mailbox_rose(door_.inside(), writer, me, host);
}

/// A datagram that crossed with the end of the socket comes back, too.
void datagram_broker::on_undelivered(caf::mailbox_element& x) const {
  if (charge_of(x) == 0 || x.sender == ctrl())
    return;
  auto& command = x.content().get_as<net::send_datagram>(0);
  tell_writer(
      x.sender,
      rejected{command.bytes, reject_reason::closed, command.token, command.to},
      nullptr);
}

bool datagram_broker::intercept(caf::mailbox_element& x) {
  auto& content = x.content();
  if (content.size() != 1)
    return false;
  if (content.match_element<net::send_datagram>(0)) {
    auto& command = content.get_as<net::send_datagram>(0);
    submit({x.sender, command.bytes, command.to, command.token});
    // After it has joined the queue: it waits there or nowhere.
    if (auto charge = charge_of(x); charge > 0) {
      door_.leave(charge);
      valve_.mailbox_fell(door_.inside(), self(), &loop());
    }
  } else if (content.match_element<runtime::backpressure>(0)) {
    auto& signal = content.get_as<runtime::backpressure>(0);
    if (options_->pause_on_backpressure && signal.source
        && signal.source != ctrl()) {
      gate_.heed(signal);
      settle_later();
    }
    return false; // the behavior may want to know
  } else {
    return carry_out(*this, content);
  }
  return true;
}

bool datagram_broker::may_ignore(const caf::mailbox_element& x) const {
  auto& content = x.content();
  return broker::may_ignore(x)
         || (content.size() == 1
             && (content.match_element<datagram>(0)
                 || content.match_element<undelivered>(0)));
}

// -- the order of things ------------------------------------------------------

void datagram_broker::settle() {
  if (state_ == datagram_state::idle)
    start();
  flush();
  auto drained = state_ == datagram_state::draining && queue_.empty();
  if (drained || state_ == datagram_state::failing)
    return end(std::move(*ending_));
  if (state_ != datagram_state::closed)
    update_interest();
}

void datagram_broker::update_interest() {
  auto what = interest::none;
  if (state_ == datagram_state::open && gate_.open())
    what = what | interest::read;
  if (obstacle_ == obstacle::unwritable && !queue_.empty())
    what = what | interest::write;
  want(what);
}

void datagram_broker::on_timeout(timeout which) {
  auto give_up = [this, which](close_reason why) {
    timed_out event{which, 0};
    if (deliver(event) != delivery::terminated)
      fail(why, ETIMEDOUT);
  };
  switch (which) {
  case timeout::connect:
    return give_up(close_reason::connect_timeout);
  case timeout::drain:
    return give_up(close_reason::drain_timeout);
  case timeout::write_stall:
    return expire();
  default:
    return; // not ours
  }
}

// -- to be seen ---------------------------------------------------------------

datagram_report datagram_broker::report() const {
  auto record = valve_.record(home_system());
  datagram_report result;
  result.id = id();
  result.name = name();
  result.local = local_;
  result.remote = remote_;
  result.queued_datagrams = queue_.datagrams();
  result.queued_bytes = queue_.bytes();
  result.peak = valve_.peak();
  result.pressed = record.now;
  result.times_pressed = record.times;
  result.pressed_time = record.total;
  result.written = counts_.written.datagrams;
  result.received = counts_.received.datagrams;
  result.truncated = counts_.truncated;
  return result;
}

// -- the end ------------------------------------------------------------------

void datagram_broker::close() {
  if (state_ < datagram_state::open)
    return abort(); // nowhere to drain to
  begin_drain(close_reason::closed);
}

void datagram_broker::abort() {
  fail(close_reason::aborted);
}

void datagram_broker::begin_drain(close_reason reason) {
  if (state_ != datagram_state::open)
    return;
  state_ = datagram_state::draining;
  ending_ = closed{reason, 0, 0, {}};
  arm(timeout::drain, loop().now() + options_->close_drain);
  settle_later();
}

void datagram_broker::fail(close_reason reason, int os_error,
                           caf::error error) {
  if (is_over())
    return;
  if (!error && !is_orderly(reason)) {
    auto text = "datagram socket "
                + to_string(peer_ ? *peer_ : (connected_ ? remote_ : local_))
                + ": " + to_string(reason);
    if (os_error != 0)
      text += ": " + errno_text(os_error);
    error = make_error(errc::connection_closed, std::move(text));
  }
  ending_ = closed{reason, os_error, 0, std::move(error)};
  state_ = datagram_state::failing;
  settle_later();
}

/// The one way out. Nobody may be left waiting, and no datagram unaccounted
/// for.
void datagram_broker::end(closed how) {
  if (state_ == datagram_state::closed)
    return;
  if (watched())
    --totals().sockets;
  ++totals().closed[static_cast<std::size_t>(how.reason)];
  state_ = datagram_state::closed;
  how.unsent = queue_.bytes();
  retire();
  loop().timers().cancel(retry_);
  lookup_.reset();
  file_.remove();
  socket_.close();
  queue_.drain([this](outgoing x) {
    return_queued(std::move(x), reject_reason::closed);
  });
  valve_.end(self(), &loop());
  deliver(how);
  run([&] { quit(std::move(how.error)); });
}

void datagram_broker::on_terminate() {
  if (state_ == datagram_state::closed)
    return;
  auto& reason = ending_reason();
  closed how{close_reason::quit, 0, 0, reason};
  if (state_ == datagram_state::failing)
    how = std::move(*ending_);
  else if (reason && reason.category() == runtime::error_category
           && reason.code() == static_cast<std::uint8_t>(errc::handler_failed))
    how.reason = close_reason::handler_failed;
  else if (loop().stopping())
    how.reason = close_reason::shut_down;
  end(std::move(how));
}

void datagram_broker::on_loop_stopping() {
  if (state_ < datagram_state::open)
    fail(close_reason::shut_down);
  else
    begin_drain(close_reason::shut_down);
}

void datagram_broker::on_loop_aborting() {
  fail(close_reason::shut_down);
  settle();
}

} // namespace sluice::net

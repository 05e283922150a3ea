#include "net/websocket/connection.h"

#include "net/websocket/frame_codec.h"
#include "net/writers.h"
#include "runtime/error.h"

#include <cerrno>
#include <utility>

// A WebSocket's events and its end. What it sends is in connection_send.cc.

namespace sluice::net::websocket {

using runtime::errc;
using runtime::make_error;

namespace {

session_options session_of(role who, const options& x) {
  session_options result;
  result.role = who;
  result.message_bytes_max = x.message_bytes_max;
  return result;
}

} // namespace

connection::connection(caf::actor_config& cfg, event_loop& loop,
                       stream_setup setup, opened info,
                       std::shared_ptr<const websocket::options> options)
    : connection(cfg, loop, std::move(setup), role::server,
                 std::move(options)) {
  info_ = std::move(info);
}

connection::connection(caf::actor_config& cfg, event_loop& loop,
                       stream_setup setup, websocket::role role,
                       std::shared_ptr<const websocket::options> options)
    : stream_broker(cfg, loop, std::move(setup)),
      session_(session_of(role, *options)),
      settings_(std::move(options)),
      is_client_(role == role::client),
      is_open_(!is_client_) {
}

connection::~connection() = default;

bool connection::may_ignore(const caf::mailbox_element& x) const {
  auto& content = x.content();
  return stream_broker::may_ignore(x)
         || (content.size() == 1
             && (content.match_element<opened>(0)
                 || content.match_element<message>(0)
                 || content.match_element<pinged>(0)
                 || content.match_element<ponged>(0)
                 || content.match_element<ended>(0)));
}

// -- bytes to events ----------------------------------------------------------

delivery connection::on_accepted(accepted& what) {
  info_.local = std::move(what.local);
  info_.remote = std::move(what.remote);
  framing(std::make_unique<frame_codec>(usual_opcode()));
  return open(std::move(info_));
}

delivery connection::open(opened info) {
  info_ = std::move(info);
  is_open_ = true;
  since_ = loop().now();
  if (settings_->ping_interval > runtime::duration::zero())
    arm(timeout::read, since_ + settings_->ping_interval);
  auto event = info_;
  return deliver(event);
}

opcode connection::usual_opcode() const noexcept {
  return settings_->usual_kind == message_kind::text ? opcode::text
                                                     : opcode::binary;
}

bool connection::takes_payload() const noexcept {
  return credit_ != 0;
}

bool connection::drops_payload() const noexcept {
  return session_.close_sent();
}

delivery connection::on_payload(byte_slice bytes) {
  since_ = loop().now();
  ping_sent_ = false;
  session_.feed(std::move(bytes));
  auto result = delivery::handled;
  session_event event;
  while (result == delivery::handled && session_.next(event))
    result = take(event);
  return result;
}

delivery connection::take(session_event& event) {
  if (auto x = std::get_if<closing>(&event))
    return take_end(*x);
  if (auto x = std::get_if<failure>(&event))
    return take_end(*x);
  if (session_.close_sent())
    return delivery::handled; // the close frame is behind it
  if (auto x = std::get_if<incoming_message>(&event)) {
    if (credit_ > 0)
      --credit_;
    message told{x->kind, std::move(x->bytes)};
    return deliver(told);
  }
  if (auto x = std::get_if<incoming_ping>(&event)) {
    pay_pong();
    pinged told{std::move(x->payload)};
    return deliver(told);
  }
  ponged told{std::move(std::get<incoming_pong>(event).payload)};
  return deliver(told);
}

delivery connection::take_end(closing& x) {
  auto why =
      session_.close_sent() ? close_reason::closed : close_reason::peer_closed;
  say_goodbye(x.code, {});
  auto result = tell_end(x.code, std::move(x.reason), true);
  if (result != delivery::terminated)
    begin_drain(why);
  return result;
}

delivery connection::take_end(failure& x) {
  say_goodbye(x.code, x.text);
  auto too_long = x.code == close_code::message_too_big;
  auto error =
      make_error(too_long ? errc::frame_too_long : errc::malformed_frame,
                 "websocket from " + to_string(info_.remote) + ": " + x.text);
  auto result = tell_end(x.code, std::move(x.text), false);
  if (result != delivery::terminated)
    begin_drain(too_long ? close_reason::frame_too_long
                         : close_reason::malformed_frame,
                std::move(error));
  return result;
}

// -- the end ------------------------------------------------------------------

delivery connection::tell_end(close_code code, std::string reason, bool clean) {
  disarm(timeout::handshake);
  disarm(timeout::read);
  if (std::exchange(told_end_, true))
    return delivery::handled;
  ended_code_ = code;
  ended event{code, std::move(reason), clean};
  return deliver(event);
}

delivery connection::on_peer_done() {
  if (!is_open_)
    return stream_broker::on_peer_done();
  auto result = tell_end(close_code::abnormal,
                         "the peer ended without a close frame", false);
  return result == delivery::terminated ? result : delivery::unhandled;
}

/// What may be in a frame is for the session to say: this is an end of the
/// stream inside of one.
delivery connection::on_bad_frame(bad_frame& what) {
  if (!is_open_)
    return stream_broker::on_bad_frame(what);
  auto result =
      tell_end(close_code::abnormal, "the peer ended inside of a frame", false);
  if (result == delivery::terminated)
    return result;
  begin_drain(close_reason::peer_closed);
  return delivery::handled;
}

delivery connection::on_closed(closed& what) {
  if (is_open_ && !told_end_)
    tell_end(close_code::abnormal,
             "no close frame came: " + to_string(what.reason), false);
  return stream_broker::on_closed(what);
}

void connection::close(close_code code, std::string_view reason) {
  if (!is_open_ || state() < stream_state::open)
    return stream_broker::close();
  if (state() != stream_state::open || session_.close_sent())
    return;
  say_goodbye(code, reason);
  disarm(timeout::read);
  arm(timeout::handshake, loop().now() + settings_->close_answer);
}

void connection::on_loop_stopping() {
  if (is_open_ && state() == stream_state::open)
    say_goodbye(close_code::going_away, "the server ends");
  stream_broker::on_loop_stopping();
}

void connection::on_terminate() {
  if (is_open_ && state() == stream_state::open)
    say_goodbye(close_code::going_away, {});
  stream_broker::on_terminate();
}

// -- time ---------------------------------------------------------------------

void connection::on_timeout(timeout which) {
  if (!is_open_ || (which != timeout::read && which != timeout::handshake))
    return stream_broker::on_timeout(which);
  if (which == timeout::read)
    return look_after_peer();
  // Before it has taken what is queued it cannot answer.
  if (auto due = last_write() + settings_->close_answer; loop().now() < due)
    return arm(which, due);
  auto result = tell_end(close_code::abnormal,
                         "the peer did not answer the close frame", false);
  if (result != delivery::terminated)
    fail(close_reason::drain_timeout, ETIMEDOUT);
}

/// Pings a peer that is silent, and gives it up if it stays so. While nothing
/// is read its silence means nothing; while it does not take what is queued
/// stream_options::write_stall decides.
void connection::look_after_peer() {
  if (state() != stream_state::open || session_.close_sent())
    return;
  auto now = loop().now();
  if (!may_read() || queued() > 0)
    since_ = now;
  if (!ping_sent_ && now >= since_ + settings_->ping_interval) {
    ping_sent_ = ping();
    since_ = now;
  }
  auto due =
      since_ + (ping_sent_ ? settings_->ping_answer : settings_->ping_interval);
  if (now < due)
    return arm(timeout::read, due);
  auto text =
      "websocket from " + to_string(info_.remote) + ": no answer to a ping";
  auto result = tell_end(close_code::abnormal, "no answer to a ping", false);
  if (result != delivery::terminated)
    fail(close_reason::system_error, ETIMEDOUT,
         make_error(errc::connection_closed, std::move(text)));
}

void connection::settle() {
  stream_broker::settle();
  if (session_.owes_pong())
    pay_pong();
}

// -- what steers the reading --------------------------------------------------

void connection::read_credit(std::uint64_t count) {
  constexpr auto most = std::uint64_t{1} << 62;
  auto have = credit_ > 0 ? static_cast<std::uint64_t>(credit_) : 0;
  credit_ =
      static_cast<std::int64_t>(std::min(have + std::min(count, most), most));
  settle_later();
}

void connection::read_flowing() {
  credit_ = -1;
  settle_later();
}

void connection::read_paused() {
  credit_ = 0;
  settle_later();
}

} // namespace sluice::net::websocket

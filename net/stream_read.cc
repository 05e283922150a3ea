#include "net/stream_rare.h"
#include "runtime/error.h"

#include <cerrno>

// A stream_broker's bytes to events.

namespace sluice::net {

using runtime::errc;
namespace limits = runtime::limits;

namespace {

close_reason bad_frame_reason(const caf::error& err) {
  switch (static_cast<errc>(err.code())) {
  case errc::frame_too_long:
    return close_reason::frame_too_long;
  case errc::truncated_frame:
    return close_reason::truncated_frame;
  default:
    return close_reason::malformed_frame;
  }
}

} // namespace

bool stream_broker::may_deliver() const noexcept {
  if (state_ != stream_state::open)
    return false;
  auto wanted =
      credit_ != 0 && !self_pressed_ && !held_ && !awaiting_ && takes_payload();
  return wanted || drops_payload();
}

bool stream_broker::may_read() const noexcept {
  return may_deliver() && !peer_done_ && !pump_pending_;
}

void stream_broker::read_some() {
  std::size_t total = 0;
  while (may_read() && total < limits::read_turn_bytes) {
    auto room = loop().read_slab().room(limits::read_room_min_bytes);
    auto count = loop().sockets().recv(socket_.fd(), room);
    if (count < 0) {
      if (count == -EINTR)
        continue;
      if (count != -EAGAIN)
        on_read_error(static_cast<int>(-count));
      return;
    }
    if (count == 0)
      return on_end_of_stream();
    auto size = static_cast<std::size_t>(count);
    total += size;
    counts_.received += size;
    totals().received_bytes += size;
    last_read_ = loop().now();
    on_bytes(loop().read_slab().take(size));
    // A short read has most likely emptied the socket; if not, the poller
    // says so again. That saves a call that would find nothing.
    if (size < room.size())
      return;
  }
}

/// After our end was sent: waits for the peer's, whatever comes before it.
void stream_broker::discard_some() {
  for (std::size_t total = 0; total < limits::read_turn_bytes;) {
    auto room = loop().read_slab().room(limits::read_room_min_bytes);
    auto count = loop().sockets().recv(socket_.fd(), room);
    if (count == -EINTR)
      continue;
    if (count == -EAGAIN)
      return;
    if (count <= 0) // its end, or an error: either way all is over
      return end(rare().how);
    total += static_cast<std::size_t>(count);
  }
}

void stream_broker::on_read_error(int error) {
  fail(error == ECONNRESET ? close_reason::peer_reset
                           : close_reason::system_error,
       error);
}

void stream_broker::on_bytes(byte_slice bytes) {
  if (!framer_) {
    deliver_bytes(std::move(bytes));
    return;
  }
  framer_->feed(std::move(bytes));
  pump();
}

/// Delivers the frames that have come whole, as far as the behavior wants them.
/// A handler may change the framing on the way.
void stream_broker::pump() {
  pump_pending_ = true;
  byte_slice frame;
  while (may_deliver()) {
    if (!framer_) {
      pump_pending_ = false;
      if (auto rest = std::exchange(rare().raw_rest, {}); !rest.empty())
        deliver_bytes(std::move(rest));
      return;
    }
    if (!framer_->next(frame)) {
      pump_pending_ = false;
      if (framer_->error())
        refuse_input(framer_->error());
      return;
    }
    if (!deliver_bytes(std::move(frame)))
      return;
  }
  if (framer_)
    framer_->compact();
}

void stream_broker::refuse_input(const caf::error& err) {
  bad_frame event{bad_frame_reason(err), runtime::to_text(err)};
  switch (on_bad_frame(event)) {
  case delivery::terminated:
    return;
  case delivery::handled:
    return begin_drain(event.reason, err);
  default:
    return fail(event.reason, 0, err);
  }
}

/// False if the connection is over by that.
bool stream_broker::deliver_bytes(byte_slice bytes) {
  if (credit_ > 0)
    --credit_;
  switch (on_payload(std::move(bytes))) {
  case delivery::terminated:
    return false;
  case delivery::skipped:
    awaiting_ = true; // do not fill the mailbox with what cannot be handled
    return true;
  default:
    return state_ == stream_state::open;
  }
}

void stream_broker::on_caught_up() {
  if (!awaiting_)
    return;
  awaiting_ = false;
  settle_later();
}

void stream_broker::on_end_of_stream() {
  peer_done_ = true;
  if (framer_)
    if (auto err = framer_->at_end())
      return refuse_input(err);
  if (end_sent_)
    return fail(close_reason::finished);
  if (on_peer_done() == delivery::unhandled)
    begin_drain(close_reason::peer_closed);
}

// -- what a behavior is told, unless a protocol says otherwise ----------------

delivery stream_broker::on_payload(byte_slice bytes) {
  received event{std::move(bytes)};
  return deliver(event);
}

delivery stream_broker::on_bad_frame(bad_frame& what) {
  return deliver(what);
}

delivery stream_broker::on_peer_done() {
  half_closed event;
  return deliver(event);
}

delivery stream_broker::on_connected(connected& what) {
  return deliver(what);
}

delivery stream_broker::on_accepted(accepted& what) {
  return deliver(what);
}

delivery stream_broker::on_closed(closed& what) {
  return deliver(what);
}

// -- what steers the reading --------------------------------------------------

void stream_broker::read_credit(std::uint64_t count) {
  constexpr auto most = std::uint64_t{1} << 62;
  auto have = credit_ > 0 ? static_cast<std::uint64_t>(credit_) : 0;
  credit_ =
      static_cast<std::int64_t>(std::min(have + std::min(count, most), most));
  settle_later();
}

void stream_broker::read_flowing() {
  credit_ = -1;
  settle_later();
}

void stream_broker::read_paused() {
  credit_ = 0;
  settle_later();
}

void stream_broker::framing(std::unique_ptr<codec> x) {
  // What has come and was not taken goes through the new framing.
  auto rest =
      framer_ ? framer_->take_rest() : std::exchange(rare().raw_rest, {});
  framer_ = x ? std::make_unique<net::framer>(std::move(x)) : nullptr;
  if (rest.empty())
    return;
  if (framer_)
    framer_->feed(std::move(rest));
  else
    rare().raw_rest = std::move(rest);
  pump_pending_ = true; // before anything else is read
  settle_later();
}

/// An actor that we send to is under pressure: stop reading, so that the peer
/// hears of it, too.
void stream_broker::heed(const runtime::backpressure& signal) {
  if (!options_->pause_on_backpressure || !signal.source
      || signal.source == ctrl())
    return;
  auto& by = rare().pressed_by;
  if (signal.state == pressure::released)
    by.erase(signal.source);
  else
    by.insert(signal.source);
  held_ = !by.empty();
  settle_later();
}

} // namespace sluice::net

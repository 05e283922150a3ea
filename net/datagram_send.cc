#include "net/datagram_broker.h"

#include <cerrno>

// A datagram_broker's datagrams to system calls.

namespace sluice::net {

namespace limits = runtime::limits;

namespace {

/// How often a datagram is tried again because an earlier one's error came in
/// its stead.
constexpr int errors_of_others_max = 3;

reject_reason rejection_for(int error) {
  switch (error) {
  case EMSGSIZE:
    return reject_reason::too_large;
  case EINVAL: // port 0, for one
  case EAFNOSUPPORT:
  case EDESTADDRREQ:
  case ENOTCONN:
    return reject_reason::bad_endpoint;
  default:
    return reject_reason::unreachable;
  }
}

} // namespace

bool datagram_broker::send_datagram(byte_slice bytes, const endpoint& to,
                                    std::uint64_t token) {
  return submit({self(), std::move(bytes), to, token});
}

bool datagram_broker::send_datagram(std::string_view text, const endpoint& to,
                                    std::uint64_t token) {
  auto small = text.size() <= limits::write_slab_bytes / limits::compact_ratio;
  return send_datagram(small ? loop().write_slab().copy(text)
                             : byte_slice::copy(text),
                       to, token);
}

bool datagram_broker::submit(outgoing x) {
  if (connected_ || peer_)
    x.to = peer_ ? *peer_ : remote_;
  if (auto why = refuses(x)) {
    give_back(std::move(x), *why);
    return false;
  }
  // Nothing waits: the order is kept if this one goes at once.
  if (state_ == datagram_state::open && obstacle_ == obstacle::none
      && queue_.empty())
    return send_now(std::move(x));
  return put_in_queue(std::move(x));
}

/// Why a datagram cannot be sent, now or later.
std::optional<reject_reason> datagram_broker::refuses(const outgoing& x) const {
  if (state_ >= datagram_state::draining)
    return reject_reason::shut_down;
  if (x.bytes.size() > limits::datagram_bytes_max)
    return reject_reason::too_large;
  auto fits =
      x.to.socket_type() == SOCK_DGRAM && x.to.is_unix() == local_.is_unix();
  if (!connected_ && !peer_ && (!fits || !x.to.is_numeric()))
    return reject_reason::bad_endpoint;
  return std::nullopt;
}

bool datagram_broker::send_now(outgoing x) {
  auto error = 0;
  switch (auto result = try_send(x, error)) {
  case attempt::taken:
    counts_.accepted.add(x.bytes.size());
    totals().accepted.add(x.bytes.size());
    note_written(x);
    return true;
  case attempt::refused:
    give_back(std::move(x), rejection_for(error), error);
    return false;
  default: {
    if (!put_in_queue(std::move(x)))
      return false;
    queue_.front();
    expect_room(result);
    return true;
  }
  }
}

bool datagram_broker::put_in_queue(outgoing x) {
  auto charge = datagram_queue::charge_of(x.bytes.size());
  if (queue_.charge() + charge > options_->write_cap_bytes) {
    flush();
    if (is_over()) {
      give_back(std::move(x), reject_reason::shut_down);
      return false;
    }
    if (auto why = make_room(charge)) {
      auto from = x.sender;
      give_back(std::move(x), *why);
      note_rise(from);
      return false;
    }
  }
  counts_.accepted.add(x.bytes.size());
  totals().accepted.add(x.bytes.size());
  auto from = x.sender;
  x.since = loop().now();
  queue_.push(std::move(x));
  if (options_->expiry > runtime::duration::zero()
      && !armed(timeout::write_stall))
    arm(timeout::write_stall, loop().now() + options_->expiry);
  note_rise(from);
  settle_later();
  return true;
}

/// Applies the overflow policy.
std::optional<reject_reason> datagram_broker::make_room(std::size_t charge) {
  if (charge > options_->write_cap_bytes)
    return reject_reason::too_large;
  switch (options_->on_overflow) {
  case overflow::reject:
    return reject_reason::overflow;
  case overflow::drop_newest:
    return reject_reason::dropped_newest;
  case overflow::disconnect:
    fail(close_reason::slow_consumer);
    return reject_reason::overflow;
  case overflow::drop_oldest:
    break;
  }
  auto over = queue_.charge() + charge - options_->write_cap_bytes;
  queue_.drop_oldest(over, [this](outgoing x) {
    return_queued(std::move(x), reject_reason::dropped_oldest);
  });
  return std::nullopt;
}

// -- to the operating system --------------------------------------------------

datagram_broker::attempt datagram_broker::try_send(const outgoing& x,
                                                   int& error) {
  auto& api = loop().sockets();
  iovec part{const_cast<char*>(x.bytes.data()), x.bytes.size()};
  runtime::socket_address looked_up;
  auto to = &last_heard_.address;
  if (connected_) {
    to = nullptr;
  } else if (x.to != last_heard_.name) {
    auto address = x.to.to_address();
    if (!address) { // a zone that is no interface
      error = EINVAL;
      return attempt::refused;
    }
    looked_up = *address;
    to = &looked_up;
  }
  for (int others = 0;;) {
    auto result = api.send_to(socket_.fd(), {&part, 1}, to);
    if (result >= 0)
      return attempt::taken;
    error = static_cast<int>(-result);
    switch (error) {
    case EINTR:
      continue;
    case EAGAIN:
      return attempt::full;
    case ENOBUFS:
    case ENOMEM:
      return attempt::no_buffers;
    case ECONNREFUSED:
      // Of an IP socket this is the fate of an earlier datagram (udp(7)); the
      // present one was not tried.
      if (x.to.is_unix() || others++ == errors_of_others_max)
        return attempt::refused;
      tell(self(), undelivered{remote_, error});
      continue;
    case EBADF:
    case ENOTSOCK:
    case EFAULT:
      fail(close_reason::system_error, error);
      return attempt::refused;
    default:
      return attempt::refused;
    }
  }
}

void datagram_broker::flush() {
  if (state_ < datagram_state::open)
    return;
  while (!is_over() && obstacle_ == obstacle::none) {
    auto next = queue_.front();
    if (next == nullptr)
      break;
    auto error = 0;
    switch (auto result = try_send(*next, error)) {
    case attempt::taken:
      note_written(queue_.pop());
      break;
    case attempt::refused:
      return_queued(queue_.pop(), rejection_for(error), error);
      break;
    default:
      expect_room(result);
    }
  }
  note_fall();
}

void datagram_broker::note_written(const outgoing& x) {
  counts_.written.add(x.bytes.size());
  totals().written.add(x.bytes.size());
  said_writable_ = false;
  if (x.token != 0)
    tell(x.sender ? x.sender : self(), written{x.token});
}

/// What to wait for now that there was no room for the front of the queue.
void datagram_broker::expect_room(attempt why) {
  auto one_receiver = why == attempt::full && queue_.tells_receivers_apart();
  if (one_receiver)
    queue_.hold();
  else if (why == attempt::full && !said_writable_)
    obstacle_ = obstacle::unwritable;
  else // or the poller would say *writable* for ever
    obstacle_ = obstacle::no_buffers;
  said_writable_ = false;
  if ((one_receiver || obstacle_ == obstacle::no_buffers) && !retry_.armed())
    loop().timers().arm(retry_, loop().now() + limits::datagram_retry);
}

void datagram_broker::retry_timer::on_due(timer& t) noexcept {
  auto& broker = static_cast<retry_timer&>(t).owner;
  broker.react([&] {
    broker.queue_.resume();
    if (broker.obstacle_ == obstacle::no_buffers)
      broker.obstacle_ = obstacle::none;
  });
}

// -- what the senders hear ----------------------------------------------------

/// Closes the valve if it is time to, and tells whom it concerns.
void datagram_broker::note_rise(const caf::strong_actor_ptr& from) {
  gate_.self_pressed(press(*this, valve_, queue_, queue_.charge(), from));
}

void datagram_broker::note_fall() {
  if (valve_.closed() && valve_.fall(queue_.charge(), self(), &loop()))
    gate_.self_pressed(false);
}

void datagram_broker::give_back(outgoing x, reject_reason why, int os_error) {
  ++totals().rejected[static_cast<std::size_t>(why)];
  net::give_back(
      *this, x.sender,
      rejected{std::move(x.bytes), why, x.token, std::move(x.to), os_error});
}

void datagram_broker::return_queued(outgoing x, reject_reason why,
                                    int os_error) {
  counts_.returned.add(x.bytes.size());
  totals().returned.add(x.bytes.size());
  give_back(std::move(x), why, os_error);
}

/// Datagrams have waited for too long: nothing moves, or one receiver does not
/// read.
void datagram_broker::expire() {
  if (queue_.empty())
    return;
  auto now = loop().now();
  if (now < queue_.oldest() + options_->expiry)
    return arm(timeout::write_stall, queue_.oldest() + options_->expiry);
  valve_.stall(self(), &loop());
  timed_out event{timeout::write_stall, 0};
  if (deliver(event) == delivery::terminated)
    return;
  queue_.expire(now - options_->expiry, [this](outgoing x) {
    return_queued(std::move(x), reject_reason::expired);
  });
  if (is_over())
    return;
  note_fall();
  if (!queue_.empty())
    arm(timeout::write_stall, queue_.oldest() + options_->expiry);
}

} // namespace sluice::net

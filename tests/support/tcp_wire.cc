// The part of tcp_socket between two sockets: the handshake and the segments
// under way.

#include "tests/support/sim_host.h"
#include "tests/support/sim_world.h"
#include "tests/support/tcp_socket.h"

#include <algorithm>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;

// tcp_syn_retries = 6: SYNs at 0, 1, 3, 7, 15, 31, 63 s, the end at 127 s.
constexpr unsigned syn_retries = 6;
constexpr auto connect_limit = 127s;

// tcp_retries2 = 15 with the least retransmission timeout.
constexpr auto retransmission_limit = 924'600ms;

// How late a retransmitted segment is.
constexpr duration_range retransmission{200ms, 3s};

} // namespace

// -- opening ------------------------------------------------------------------

int tcp_socket::connect(const sim_address& address) {
  switch (state_) {
  case stream_state::listening:
    return -EISCONN;
  case stream_state::connecting:
    return -EALREADY;
  case stream_state::established:
    return std::exchange(connect_told_, true) ? -EISCONN : 0;
  case stream_state::closed:
    if (connect_told_)
      return -EISCONN;
    return error_ != 0 ? -take_error() : -ECONNABORTED;
  case stream_state::fresh:
    break;
  }
  if (address.family != family())
    return -EAFNOSUPPORT;
  const auto& network = world().network();
  remote_ = address;
  if (remote_.is_any())
    remote_.host = host().source_for(address).host;
  remote_host_ = network.host_of(host(), remote_);
  if (!bind_for(remote_)
      || (remote_host_ == nullptr
          && network.absence_of(remote_) == absence::no_route))
    return -ENETUNREACH;
  state_ = stream_state::connecting;
  if (world().kernel_random().per_mille(
          world().settings().faults.connected_at_once)) {
    syn_arrives(0);
    if (auto child = world().find<tcp_socket>(peer_)) {
      establish(*child);
      connect_told_ = true;
      return 0;
    }
    arm_limit(connect_limit);
    return -EINPROGRESS;
  }
  arm_limit(connect_limit);
  send_syn(0, 0s);
  return -EINPROGRESS;
}

void tcp_socket::send_syn(unsigned attempt, runtime::duration wait) {
  auto& w = world();
  w.after(wait + w.network().latency(), [&w, self = id(), attempt] {
    if (auto x = w.find<tcp_socket>(self))
      x->syn_arrives(attempt);
  });
}

void tcp_socket::syn_arrives(unsigned attempt) {
  if (state_ != stream_state::connecting || peer_ != 0)
    return;
  const auto& network = world().network();
  if (remote_host_ == nullptr) {
    if (network.absence_of(remote_) == absence::silent)
      return syn_lost(attempt);
    return answer_later(EHOSTUNREACH);
  }
  if (held_ || network.is_cut(host(), *remote_host_)
      || network.is_cut(*remote_host_, host()))
    return syn_lost(attempt);
  auto listener = world().find<tcp_socket>(
      remote_host_->addresses(remote_, type()).listener(remote_));
  if (listener == nullptr)
    return answer_later(ECONNREFUSED);
  if (!listener->has_room_in_queue())
    return syn_lost(attempt);
  auto& child =
      world().adopt(std::make_unique<tcp_socket>(*remote_host_, family()));
  world().note("syn", static_cast<std::int64_t>(id()),
               static_cast<std::int64_t>(child.id()));
  child.local_ = remote_;
  child.remote_ = local_;
  child.remote_host_ = &host();
  child.state_ = stream_state::established;
  child.connect_told_ = true;
  child.peer_ = id();
  child.window_ = receive_capacity_;
  peer_ = child.id();
  child.emit({segment::type::syn_ack});
  listener->enqueue(child.id());
}

void tcp_socket::syn_lost(unsigned attempt) {
  if (attempt < syn_retries)
    send_syn(attempt + 1, 1s * (1 << attempt));
}

void tcp_socket::answer_later(int error) {
  auto& w = world();
  w.after(w.network().latency(), [&w, self = id(), error] {
    auto x = w.find<tcp_socket>(self);
    if (x && x->state_ == stream_state::connecting)
      x->fail(error);
  });
}

void tcp_socket::establish(tcp_socket& child) {
  disarm_limit();
  state_ = stream_state::established;
  window_ = child.receive_capacity_;
  flush();
}

// -- segments under way -------------------------------------------------------

void tcp_socket::emit(segment what) {
  auto& random = world().kernel_random();
  auto latency = world().network().latency();
  if (random.per_mille(world().settings().faults.slow_segment))
    latency += random.between(retransmission.min, retransmission.max);
  pipe_.push(std::move(what), world().now() + latency);
  if (pipe_.parked)
    arm_limit(retransmission_limit);
  else if (!pipe_.scheduled)
    schedule(pipe_.due());
}

void tcp_socket::schedule(runtime::time_point due) {
  pipe_.scheduled = true;
  auto& w = world();
  w.at(due, [&w, self = id()] {
    if (auto x = w.find<tcp_socket>(self))
      x->segment_due();
  });
}

bool tcp_socket::is_blocked() const {
  const auto& network = world().network();
  // The answer of a peer that is gone must get here, too.
  return held_ || network.is_cut(host(), *remote_host_)
         || (peer() == nullptr && network.is_cut(*remote_host_, host()));
}

tcp_socket* tcp_socket::peer() const {
  auto result = world().find<tcp_socket>(peer_);
  return result != nullptr && !result->dead_ ? result : nullptr;
}

void tcp_socket::segment_due() {
  pipe_.scheduled = false;
  if (pipe_.empty())
    return;
  if (is_blocked())
    return park();
  deliver(pipe_.pop());
  if (!pipe_.empty() && !pipe_.scheduled)
    schedule(pipe_.due());
  else if (dead_ && pipe_.empty())
    world().bury(id());
}

void tcp_socket::deliver(segment what) {
  if (auto x = peer())
    return x->receive(std::move(what));
  // Nobody there: the peer's kernel answers with RST. If this was an RST too,
  // or the last acknowledgement, we are gone or closed and do not mind.
  auto& w = world();
  w.after(w.network().latency(), [&w, self = id()] {
    auto x = w.find<tcp_socket>(self);
    if (x && !x->dead_)
      x->receive({segment::type::reset});
  });
}

void tcp_socket::park() {
  pipe_.parked = true;
  arm_limit(retransmission_limit);
}

void tcp_socket::disarm_limit() {
  if (auto limit = std::exchange(limit_, std::nullopt))
    world().cancel(*limit);
}

void tcp_socket::arm_limit(runtime::duration length) {
  if (limit_)
    return;
  auto& w = world();
  limit_ = w.after(length, [&w, self = id()] {
    if (auto x = w.find<tcp_socket>(self))
      x->give_up();
  });
}

void tcp_socket::give_up() {
  limit_.reset();
  if (state_ == stream_state::connecting)
    return fail(ETIMEDOUT);
  auto awaits_ack = [](const tcp_socket& x) {
    return x.state_ == stream_state::established
           && (x.in_flight_ > 0 || x.fin_ == fin_state::sent);
  };
  // Either our bytes do not get there, or our acknowledgements do not.
  if (auto x = peer(); x && awaits_ack(*x))
    x->fail(ETIMEDOUT);
  if (awaits_ack(*this) || pipe_.front().kind == segment::type::syn_ack)
    fail(ETIMEDOUT);
  if (state_ == stream_state::closed) {
    pipe_.clear();
    pipe_.parked = false;
    if (dead_)
      world().bury(id());
  }
}

void tcp_socket::network_changed() {
  if (!pipe_.parked || is_blocked())
    return;
  pipe_.parked = false;
  disarm_limit();
  schedule(world().now() + world().network().latency());
}

void tcp_socket::hold(bool on) {
  held_ = on;
  network_changed();
}

} // namespace sluice::testing

#include "tests/support/tcp_socket.h"

#include "tests/support/sim_host.h"
#include "tests/support/sim_world.h"

#include <algorithm>

namespace sluice::testing {

// -- calls of the application -------------------------------------------------

int tcp_socket::send_obstacle() {
  if (error_ != 0)
    return take_error();
  if (state_ == stream_state::connecting)
    return EAGAIN;
  return state_ != stream_state::established || send_shut_ ? EPIPE : 0;
}

bool tcp_socket::writable_at(std::size_t used) const {
  // sk_stream_is_writeable: the free part is at least half of the used one.
  return used < send_capacity_ && (send_capacity_ - used) * 2 >= used;
}

void tcp_socket::on_read(std::size_t n) {
  if (state_ != stream_state::established || recv_shut_)
    return;
  segment update{segment::type::ack};
  update.window = n;
  emit(std::move(update));
}

void tcp_socket::flush() {
  if (state_ != stream_state::established)
    return;
  const auto& sizes = world().settings().segment_bytes;
  while (!unsent_.empty() && window_ > 0) {
    auto n = std::max<std::size_t>(
        1, world().kernel_random().size_between(sizes.min, sizes.max));
    n = std::min({n, unsent_.size(), window_});
    segment data{segment::type::data};
    data.bytes = unsent_.take(n);
    window_ -= n;
    in_flight_ += n;
    emit(std::move(data));
  }
  if (unsent_.empty() && fin_ == fin_state::wanted) {
    fin_ = fin_state::sent;
    emit({segment::type::fin});
  }
}

int tcp_socket::shutdown_write() {
  switch (state_) {
  case stream_state::fresh:
  case stream_state::closed:
    return -ENOTCONN;
  case stream_state::listening:
    return 0;
  case stream_state::connecting:
    // inet_shutdown disconnects: the attempt ends and leaves an error.
    disarm_limit();
    state_ = stream_state::fresh;
    error_ = ECONNRESET;
    peer_ = 0;
    return 0;
  case stream_state::established:
    break;
  }
  send_shut_ = true;
  if (fin_ == fin_state::none) {
    fin_ = fin_state::wanted;
    flush();
  }
  return 0;
}

void tcp_socket::close(bool reset) {
  observe(nullptr);
  orphan_ = true;
  if (state_ == stream_state::listening)
    abandon_queue();
  if (state_ != stream_state::established)
    return retire();
  if (!received_.empty() || reset) {
    unsent_.clear();
    emit({segment::type::reset});
    return retire();
  }
  recv_shut_ = true;
  shutdown_write();
}

void tcp_socket::retire() {
  state_ = stream_state::closed;
  die();
  // What is under way still arrives, or its limit ends it.
  if (pipe_.empty()) {
    disarm_limit();
    world().bury(id());
  }
}

// -- segments -----------------------------------------------------------------

void tcp_socket::receive(segment what) {
  world().note("segment", static_cast<std::int64_t>(id()),
               static_cast<std::int64_t>(what.kind),
               static_cast<std::int64_t>(what.bytes.size()));
  switch (what.kind) {
  case segment::type::syn_ack:
    if (state_ == stream_state::connecting)
      establish(*world().find<tcp_socket>(peer_));
    else if (state_ != stream_state::established)
      emit({segment::type::reset});
    break;
  case segment::type::data:
    receive_data(std::move(what.bytes));
    break;
  case segment::type::fin:
    receive_fin();
    break;
  case segment::type::ack:
    receive_ack(what);
    break;
  case segment::type::reset:
    receive_reset();
    break;
  }
  changed();
}

void tcp_socket::receive_data(std::string bytes) {
  if (state_ != stream_state::established || orphan_) {
    unsent_.clear();
    emit({segment::type::reset});
    if (orphan_)
      retire();
    return;
  }
  received_.append(bytes);
  segment ack{segment::type::ack};
  ack.acked = bytes.size();
  emit(std::move(ack));
}

void tcp_socket::receive_fin() {
  if (state_ != stream_state::established)
    return;
  recv_shut_ = ended_ = true;
  segment ack{segment::type::ack};
  ack.fin_acked = true;
  emit(std::move(ack));
  finish_if_done();
}

void tcp_socket::receive_ack(const segment& what) {
  if (state_ != stream_state::established)
    return;
  in_flight_ -= what.acked;
  window_ += what.window;
  if (what.fin_acked)
    fin_ = fin_state::acknowledged;
  flush();
  finish_if_done();
}

void tcp_socket::receive_reset() {
  if (state_ == stream_state::connecting)
    return fail(ECONNREFUSED);
  // tcp_reset: EPIPE in CLOSE_WAIT, that is, after a FIN and before our own.
  if (state_ == stream_state::established)
    fail(ended_ && !send_shut_ ? EPIPE : ECONNRESET);
}

void tcp_socket::finish_if_done() {
  if (!ended_ || fin_ != fin_state::acknowledged)
    return;
  state_ = stream_state::closed;
  send_shut_ = recv_shut_ = true;
  if (orphan_)
    retire();
}

void tcp_socket::fail(int error) {
  world().note("fail", static_cast<std::int64_t>(id()), error);
  if (state_ == stream_state::connecting)
    disarm_limit();
  error_ = error;
  state_ = stream_state::closed;
  send_shut_ = recv_shut_ = true;
  unsent_.clear();
  in_flight_ = 0;
  if (orphan_)
    retire();
  changed();
}

} // namespace sluice::testing

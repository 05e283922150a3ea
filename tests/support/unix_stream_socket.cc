#include "tests/support/unix_stream_socket.h"

#include "tests/support/sim_host.h"
#include "tests/support/sim_world.h"

namespace sluice::testing {

unix_stream_socket* unix_stream_socket::peer() const {
  auto result = world().find<unix_stream_socket>(peer_);
  return result != nullptr && !result->dead_ ? result : nullptr;
}

int unix_stream_socket::connect(const sim_address& address) {
  if (address.family != AF_UNIX || address.host.empty())
    return -EINVAL;
  // Linux looks for the listener before it looks at the caller.
  auto ids = host().addresses(address, type()).bound_to(address);
  if (ids.empty())
    return address.is_file() ? -ENOENT : -ECONNREFUSED;
  auto found = world().find(ids.front());
  auto listener = dynamic_cast<unix_stream_socket*>(found);
  if (found != nullptr && listener == nullptr)
    return -EPROTOTYPE;
  if (listener == nullptr || listener->state_ != stream_state::listening)
    return -ECONNREFUSED;
  if (!listener->has_room_in_queue())
    return -EAGAIN;
  if (state_ != stream_state::fresh)
    return state_ == stream_state::listening ? -EINVAL : -EISCONN;
  auto& child = world().adopt(std::make_unique<unix_stream_socket>(host()));
  child.local_ = address;
  child.remote_ = local_;
  child.peer_ = id();
  child.state_ = state_ = stream_state::established;
  remote_ = address;
  peer_ = child.id();
  listener->enqueue(child.id());
  return 0;
}

int unix_stream_socket::send_obstacle() {
  if (state_ == stream_state::fresh || state_ == stream_state::listening)
    return ENOTCONN;
  if (send_shut_)
    return EPIPE;
  return take_error();
}

void unix_stream_socket::flush() {
  auto other = peer();
  if (other == nullptr)
    return unsent_.clear();
  in_flight_ += unsent_.size();
  other->received_.append(unsent_.view());
  unsent_.clear();
  other->changed();
}

void unix_stream_socket::on_read(std::size_t n) {
  if (auto other = peer()) {
    other->in_flight_ -= n;
    other->changed();
  }
}

bool unix_stream_socket::writable_at(std::size_t used) const {
  return used * 4 <= send_capacity_; // unix_writable
}

int unix_stream_socket::shutdown_write() {
  // unix_shutdown asks for no connection.
  send_shut_ = true;
  if (auto other = peer()) {
    other->recv_shut_ = true;
    other->changed();
  }
  return 0;
}

void unix_stream_socket::close(bool) {
  hang_up(!received_.empty());
}

void unix_stream_socket::abandon() {
  hang_up(true);
}

void unix_stream_socket::hang_up(bool unread) {
  if (state_ == stream_state::listening)
    abandon_queue();
  if (auto other = peer()) {
    other->send_shut_ = other->recv_shut_ = true;
    if (unread)
      other->error_ = ECONNRESET;
    other->changed();
  }
  die();
  world().bury(id());
}

int unix_stream_socket::peer_address(sim_address& out) const {
  if (state_ != stream_state::established)
    return -ENOTCONN;
  out = remote_;
  return 0;
}

} // namespace sluice::testing

#include "tests/support/stream_socket.h"

#include "tests/support/sim_host.h"
#include "tests/support/sim_world.h"

#include <algorithm>

namespace sluice::testing {

stream_socket::stream_socket(sim_host& host, int family)
    : sim_socket(host, family, SOCK_STREAM) {
  const auto& settings = world().settings();
  auto draw = [this](size_range x) {
    return world().kernel_random().size_between(x.min, x.max);
  };
  send_capacity_ = draw(settings.send_buffer_bytes);
  receive_capacity_ = draw(settings.receive_buffer_bytes);
}

// -- listening ----------------------------------------------------------------

int stream_socket::listen(int backlog) {
  if (state_ != stream_state::fresh && state_ != stream_state::listening)
    return -EINVAL;
  if (local() == sim_address::any(family())) {
    if (is_unix())
      return -EINVAL;
    if (auto error = bind(sim_address::any(family())); error != 0)
      return error;
  }
  if (!host().addresses(local(), type()).listen(local(), id()))
    return -EADDRINUSE;
  state_ = stream_state::listening;
  backlog_ = static_cast<std::size_t>(std::max(backlog, 0));
  return 0;
}

void stream_socket::enqueue(socket_id child) {
  queue_.push_back(child);
  changed();
}

int stream_socket::accept(socket_id& child) {
  if (state_ != stream_state::listening)
    return -EINVAL;
  if (queue_.empty())
    return -EAGAIN;
  child = queue_.front();
  queue_.pop_front();
  return 0;
}

void stream_socket::abandon_queue() {
  for (auto id : std::exchange(queue_, {}))
    if (auto child = world().find<stream_socket>(id))
      child->abandon();
}

// -- bytes --------------------------------------------------------------------

ssize_t stream_socket::recv(std::span<char> room) {
  if (state_ == stream_state::fresh || state_ == stream_state::listening)
    return error_ != 0 ? -take_error() : -unconnected_error();
  if (!received_.empty()) {
    auto n = received_.read(room);
    on_read(n);
    return static_cast<ssize_t>(n);
  }
  if (ended_)
    return 0;
  if (error_ != 0)
    return -take_error();
  return recv_shut_ ? 0 : -EAGAIN;
}

ssize_t stream_socket::send(std::span<const iovec> parts) {
  if (auto error = send_obstacle(); error != 0)
    return -error;
  auto left = total_size(parts);
  if (left == 0)
    return 0;
  auto used = unacknowledged();
  if (used >= send_capacity_)
    return -EAGAIN;
  left = std::min(left, send_capacity_ - used);
  auto taken = left;
  for (const auto& part : parts) {
    auto n = std::min(left, part.iov_len);
    unsent_.append({static_cast<const char*>(part.iov_base), n});
    left -= n;
  }
  flush();
  return static_cast<ssize_t>(taken);
}

ssize_t stream_socket::recv_from(std::span<char> room, sim_address& from) {
  from = {family(), {}, 0};
  return recv(room);
}

ssize_t stream_socket::send_to(std::span<const iovec> parts,
                               const sim_address*) {
  return send(parts);
}

// -- state --------------------------------------------------------------------

runtime::readiness stream_socket::ready() const {
  runtime::readiness result;
  result.failed = error_ != 0;
  switch (state_) {
  case stream_state::fresh:
    result.writable = result.hung_up = true;
    break;
  case stream_state::listening:
    result.readable = !queue_.empty();
    break;
  case stream_state::connecting:
    break;
  case stream_state::established:
  case stream_state::closed:
    result.readable = !received_.empty() || recv_shut_;
    result.writable = send_shut_ || writable_at(unacknowledged());
    result.hung_up =
        (send_shut_ && recv_shut_) || state_ == stream_state::closed;
    break;
  }
  return result;
}

runtime::readiness stream_socket::may_seem() const {
  runtime::readiness result;
  result.readable =
      state_ == stream_state::listening || state_ == stream_state::established;
  result.writable = state_ == stream_state::established;
  return result;
}

int stream_socket::peer_address(sim_address& out) const {
  if (state_ != stream_state::established)
    return -ENOTCONN;
  out = remote_;
  return 0;
}

void stream_socket::die() {
  dead_ = true;
  unbind();
  observe(nullptr);
}

} // namespace sluice::testing

#include "net/datagram_broker.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

// A datagram_broker's datagrams to events.

namespace sluice::net {

namespace limits = runtime::limits;

namespace {

/// The socket itself is of no use.
bool is_fatal(int error) {
  return error == EBADF || error == ENOTSOCK || error == EINVAL
         || error == EFAULT || error == EOPNOTSUPP;
}

} // namespace

void datagram_broker::on_event(readiness what) {
  if (what.failed)
    on_socket_error(loop().sockets().take_error(socket_.fd()));
  if (what.writable && obstacle_ == obstacle::unwritable) {
    obstacle_ = obstacle::none;
    said_writable_ = true;
  }
  if (what.readable)
    read_some();
  if (what.hung_up) // nobody but us can shut a datagram socket down
    fail(close_reason::system_error, EPIPE);
}

/// What came of an earlier datagram.
void datagram_broker::on_socket_error(int error) {
  if (error == 0 || is_over())
    return;
  if (is_fatal(error))
    return fail(close_reason::system_error, error);
  deliver_or_send(*this, undelivered{remote_, error});
}

void datagram_broker::read_some() {
  for (std::size_t i = 0; i < limits::read_turn_datagrams; ++i) {
    if (state_ != datagram_state::open || !gate_.open())
      return;
    auto room = loop()
                    .read_slab()
                    .room(options_->receive_bytes_max)
                    .first(options_->receive_bytes_max);
    runtime::socket_address from;
    auto count = loop().sockets().recv_from(socket_.fd(), room, from);
    if (count == -EAGAIN)
      return;
    if (count == -EINTR)
      continue;
    if (count < 0)
      on_socket_error(static_cast<int>(-count));
    else if (!deliver_datagram(static_cast<std::size_t>(count), room, from))
      return;
  }
}

const endpoint& datagram_broker::name_of(const runtime::socket_address& from) {
  auto& [name, address] = last_heard_;
  auto same = from.length == address.length
              && std::memcmp(&from.storage, &address.storage, from.length) == 0;
  if (!same) {
    auto found = endpoint::from(from, SOCK_DGRAM);
    name = found ? std::move(*found) : endpoint{};
    address = from;
  }
  return name;
}

/// False if the broker is over by that.
bool datagram_broker::deliver_datagram(std::size_t length,
                                       std::span<const char> room,
                                       const runtime::socket_address& from) {
  auto size = std::min(length, room.size());
  datagram event;
  event.truncated = length > room.size();
  event.from = name_of(from);
  // Next time there must be room for a long datagram behind this one. Were it
  // cut out of the slab, each short one that somebody keeps would cost a slab.
  if (size > limits::read_slab_bytes / limits::compact_ratio)
    event.bytes = loop().read_slab().take(size);
  else if (size > 0)
    event.bytes = loop().write_slab().copy({room.data(), size});
  counts_.received.add(size);
  counts_.truncated += event.truncated ? 1 : 0;
  totals().received.add(size);
  totals().truncated += event.truncated ? 1 : 0;
  gate_.spend();
  switch (deliver(event)) {
  case delivery::terminated:
    return false;
  case delivery::skipped:
    gate_.awaiting(true);
    return true;
  default:
    return true;
  }
}

void datagram_broker::on_caught_up() {
  if (!gate_.awaiting())
    return;
  gate_.awaiting(false);
  settle_later();
}

// -- what steers the reading --------------------------------------------------

void datagram_broker::read_credit(std::uint64_t count) {
  gate_.credit(count);
  settle_later();
}

void datagram_broker::read_flowing() {
  gate_.flow();
  settle_later();
}

void datagram_broker::read_paused() {
  gate_.pause();
  settle_later();
}

} // namespace sluice::net

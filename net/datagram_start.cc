#include "net/datagram_broker.h"

#include "runtime/error.h"

// A datagram_broker from nothing to open.

namespace sluice::net {

using runtime::errc;
using runtime::errno_text;
using runtime::make_error;

endpoint datagram_endpoint(const socket& x) {
  runtime::socket_address address;
  if (x.api().local_address(x.fd(), address) < 0)
    return {};
  auto found = endpoint::from(address, SOCK_DGRAM);
  return found ? std::move(*found) : endpoint{};
}

void apply_socket_options(const socket& x, const datagram_options& options) {
  auto set = [&](int name, int value) {
    if (value > 0)
      x.api().set_option(x.fd(), SOL_SOCKET, name, value);
  };
  set(SO_BROADCAST, options.broadcast ? 1 : 0);
  set(SO_SNDBUF, options.send_buffer_bytes);
  set(SO_RCVBUF, options.receive_buffer_bytes);
}

void datagram_broker::on_start() {
  hold_self();
  // The behavior is not made yet; `settle` begins.
  settle_later();
}

void datagram_broker::start() {
  if (peer_ && !peer_->is_numeric())
    return start_lookup(*peer_);
  if (peer_) { // `open_datagram` connected it already
    remote_ = std::move(*peer_);
    peer_.reset();
    connected_ = true;
  }
  on_open();
}

void datagram_broker::start_lookup(const endpoint& peer) {
  state_ = datagram_state::looking_up;
  arm(timeout::connect, loop().now() + options_->connect_deadline);
  lookup_ = name_lookup::start(
      loop(), peer, [this](caf::expected<name_lookup::addresses> found) {
        react([&] {
          if (found)
            connect_to(*peer_, *found);
          else
            fail(close_reason::lookup_failed, 0, found.error());
        });
      });
}

/// The first address that can be connected to: one of the socket's family that
/// there is a route to. No datagram is sent by that.
void datagram_broker::connect_to(const endpoint& peer,
                                 const name_lookup::addresses& found) {
  auto& api = loop().sockets();
  auto is_bound = socket_.is_open();
  auto error = 0;
  for (auto& address : found) {
    if (!is_bound) {
      auto opened = open_socket(api, peer, address);
      if (!opened)
        return fail(close_reason::system_error, 0, opened.error());
      socket_ = std::move(*opened);
      apply_socket_options(socket_, *options_);
    }
    error = -api.connect(socket_.fd(), address);
    if (error != 0)
      continue;
    disarm(timeout::connect);
    local_ = datagram_endpoint(socket_);
    remote_ = *endpoint::from(address, SOCK_DGRAM);
    peer_.reset();
    connected_ = true;
    return on_open();
  }
  fail(close_reason::connect_failed, error,
       make_error(errc::connect_failed,
                  "connect " + to_string(peer) + ": " + errno_text(error)));
}

void datagram_broker::on_open() {
  if (auto err = watch(socket_.fd()))
    return fail(close_reason::system_error, 0, std::move(err));
  state_ = datagram_state::open;
  ++totals().sockets;
  queue_.by_receiver(local_.is_unix() && !connected_);
  if (!connected_)
    return;
  net::connected event{local_, remote_};
  deliver(event);
}

} // namespace sluice::net

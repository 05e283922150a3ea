#include "net/stream_rare.h"
#include "runtime/error.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>

// A stream_broker from nothing to open.

namespace sluice::net {

using runtime::errc;
using runtime::errno_text;
using runtime::make_error;

void stream_broker::on_start() {
  if (options_->framing)
    framer_ = std::make_unique<net::framer>(options_->framing());
  hold_self();
  // Nothing is delivered from here: the behavior is not made yet. `settle`
  // announces an accepted connection, and begins with one that we open.
  settle_later();
}

void stream_broker::start_accepted() {
  if (auto err = watch(socket_.fd()))
    return fail(close_reason::system_error, 0, std::move(err));
  apply_socket_options();
  on_open(false);
  if (!rare_ || rare_->raw_rest.empty())
    return;
  pump_pending_ = true;
  if (framer_)
    framer_->feed(std::exchange(rare_->raw_rest, {}));
}

void stream_broker::start_lookup() {
  arm(timeout::connect, loop().now() + options_->connect_deadline);
  blocked_ = true;
  auto& target = rare().target;
  if (target.is_numeric()) {
    auto address = target.to_address();
    if (!address)
      return fail(close_reason::connect_failed, 0, address.error());
    rare().addresses.push_back(*address);
    return try_next_address();
  }
  move_to(stream_state::looking_up);
  rare().lookup = name_lookup::start(
      loop(), target, [this](caf::expected<name_lookup::addresses> result) {
        react([&] {
          if (!result)
            return fail(close_reason::lookup_failed, 0, result.error());
          rare().addresses = std::move(*result);
          try_next_address();
        });
      });
}

void stream_broker::try_next_address() {
  move_to(stream_state::connecting);
  auto& r = rare();
  while (r.next_address < r.addresses.size()) {
    auto& address = r.addresses[r.next_address++];
    auto opened = open_socket(loop().sockets(), r.target, address);
    if (!opened)
      return fail(close_reason::system_error, 0, opened.error());
    socket_ = std::move(*opened);
    apply_socket_options();
    auto result = loop().sockets().connect(socket_.fd(), address);
    if (result == -EINTR || result == -EINPROGRESS || result == 0) {
      // Even a connection that is open at once becomes writable: one way in.
      if (auto err = watch(socket_.fd()))
        return fail(close_reason::system_error, 0, std::move(err));
      return want(interest::write);
    }
    r.connect_error = -result;
    socket_.close();
  }
  fail(close_reason::connect_failed, r.connect_error,
       make_error(errc::connect_failed, "connect " + to_string(r.target) + ": "
                                            + errno_text(r.connect_error)));
}

void stream_broker::on_connect_ready() {
  if (auto error = loop().sockets().take_error(socket_.fd()); error != 0) {
    rare().connect_error = error;
    unwatch();
    socket_.close();
    return try_next_address();
  }
  disarm(timeout::connect);
  rare().addresses = {};
  blocked_ = false;
  on_open(true);
}

void stream_broker::on_open(bool we_asked) {
  move_to(stream_state::open);
  last_read_ = last_write_ = loop().now();
  ++(we_asked ? totals().made_connections : totals().accepted_connections);
  if (we_asked) {
    connected event{local(), remote()};
    on_connected(event);
  } else {
    accepted event{local(), remote()};
    on_accepted(event);
  }
}

void stream_broker::apply_socket_options() {
  auto set = [this](int level, int name, int value) {
    // What cannot be set costs speed, not correctness: no reason to end.
    loop().sockets().set_option(socket_.fd(), level, name, value);
  };
  if (options_->no_delay)
    set(IPPROTO_TCP, TCP_NODELAY, 1);
  if (options_->send_buffer_bytes > 0)
    set(SOL_SOCKET, SO_SNDBUF, options_->send_buffer_bytes);
  if (options_->receive_buffer_bytes > 0)
    set(SOL_SOCKET, SO_RCVBUF, options_->receive_buffer_bytes);
}

} // namespace sluice::net

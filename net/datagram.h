#pragma once

// open_datagram: how datagram sockets come into being.
//
//   auto server = sluice::net::open_datagram(loops, "udp://127.0.0.1:7000",
//   echo); if (!server) ... server.error() names the endpoint and what went
//   wrong server->local.port() is the port, also if 0 was asked for
//
//   sluice::net::datagram_options to_server;
//   to_server.connect_to = "udp://example.org:53";
//   auto client = sluice::net::open_datagram(loops, "", ask, to_server);
//
// A behavior is a function that takes a datagram_broker* (and further
// arguments), or a class derived from datagram_broker.
//
// For users. Thread rule: any thread. Lifetime: the returned handle need not be
// kept; the socket lives until it ends.

#include "net/datagram_broker.h"
#include "net/listen.h"

#include <caf/expected.hpp>

#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice::net {

/// A socket's broker, and where the socket is bound.
struct opened_socket {
  caf::actor actor;
  endpoint local;
};

/// Opens, binds and, if the peer is numeric, connects the socket of a broker on
/// `loop`. `where` is udp:// or unixgram://; empty, with a peer: any address
/// and port of the peer's family. A Unix socket without a path of its own
/// cannot be answered. Errors: errc::bad_endpoint, errc::bad_setting,
/// errc::system_error, errc::connect_failed; they name the endpoint.
caf::expected<datagram_setup> prepare_datagram(event_loop& loop,
                                               std::string_view where,
                                               datagram_options options);

/// Opens a socket at `where` with the behavior `f(datagram_broker*, args...)`.
/// It is bound before this returns; a peer's name is looked up later, and the
/// behavior gets *connected*, or *closed* with the reason. Errors: as
/// `prepare_datagram`.
template <class F, class... Args>
requires(std::is_invocable_v<F&, datagram_broker*, std::decay_t<Args>&...>)
    caf::expected<opened_socket> open_datagram(loop_choice loops,
                                               std::string_view where, F f,
                                               datagram_options options = {},
                                               Args&&... args) {
  auto& loop = loops.pick();
  auto setup = prepare_datagram(loop, where, std::move(options));
  if (!setup)
    return setup.error();
  auto local = setup->local;
  caf::actor_config cfg{&loop};
  cfg.init_fun =
      runtime::make_init_function<datagram_broker, F, std::decay_t<Args>...>(
          std::move(f), std::forward<Args>(args)...);
  return opened_socket{
      loop.system().spawn_impl<datagram_broker, caf::no_spawn_options>(
          cfg, loop, std::move(*setup)),
      std::move(local)};
}

/// Opens a socket with a broker of class T, made as T{cfg, loop, setup,
/// args...}.
template <class T, class... Args>
caf::expected<opened_socket>
open_datagram(loop_choice loops, std::string_view where,
              datagram_options options = {}, Args&&... args) {
  static_assert(std::is_base_of_v<datagram_broker, T>);
  auto& loop = loops.pick();
  auto setup = prepare_datagram(loop, where, std::move(options));
  if (!setup)
    return setup.error();
  auto local = setup->local;
  return opened_socket{runtime::spawn_on<T>(loop, std::move(*setup),
                                            std::forward<Args>(args)...),
                       std::move(local)};
}

} // namespace sluice::net

#pragma once

// websocket::listen: a server that speaks nothing but WebSocket, for programs
// that have no pages to serve:
//
//   auto server = websocket::listen(loops, "tcp://127.0.0.1:8080", behavior);
//
// Every path is taken; the behavior finds it in `opened`. Requests that do not
// ask for a WebSocket, or not as RFC 6455 says, are answered with what is wrong
// (net/websocket/handshake.h) and the connection ends. A server with pages has
// a router instead (`router.websocket(path, behavior)`).
//
// For users. Thread rule: any thread. Lifetime: as with net::listen.

#include "net/listen.h"
#include "net/websocket/spawn.h"
#include "net/websocket/upgrade_broker.h"

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice::net::websocket {

/// Listens at `where` with the behavior `f(connection*, args...)`. Errors: as
/// net::listen, and those of options::check. `listener.stream` is for the time
/// until the handshake is done, and after it unless `settings.stream` is set.
template <class F, class... Args>
caf::expected<listening> listen(loop_choice loops, std::string_view where, F f,
                                options settings = {},
                                listen_options listener = {}, Args&&... args) {
  static_assert(std::is_invocable_v<F&, connection*, std::decay_t<Args>&...>);
  if (auto err = settings.check())
    return err;
  auto shared = std::make_shared<const options>(std::move(settings));
  auto upgrade = [shared, f, args...](opened info) {
    return make_successor(std::move(info), shared, f, args...);
  };
  auto factory = [shared, upgrade](event_loop& loop, stream_setup setup) {
    caf::actor_config cfg{&loop};
    loop.system().spawn_impl<upgrade_broker, caf::no_spawn_options>(
        cfg, loop, std::move(setup), shared, upgrade);
  };
  return listen_with(std::move(loops), where, std::move(factory),
                     std::move(listener));
}

} // namespace sluice::net::websocket

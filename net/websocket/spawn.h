#pragma once

// spawn: makes the connection of a WebSocket whose handshake is done, on the
// socket of the broker that did it:
//
//   http->hand_over(websocket::make_successor(info, options, behavior));
//
// For protocols that upgrade; users write `router.websocket(path, behavior)`.
// Any thread.

#include "net/websocket/connection.h"

#include <memory>
#include <utility>

namespace sluice::net::websocket {

/// Spawns a connection with the behavior `f(connection*, args...)`.
template <class F, class... Args>
stream_successor make_successor(opened info,
                                std::shared_ptr<const options> settings, F f,
                                Args... args) {
  return [info = std::move(info), settings = std::move(settings), f,
          args...](event_loop& loop, stream_setup setup) {
    if (settings->stream)
      setup.options = std::make_shared<const stream_options>(*settings->stream);
    caf::actor_config cfg{&loop};
    cfg.init_fun =
        runtime::make_init_function<connection, F, Args...>(f, args...);
    loop.system().spawn_impl<connection, caf::no_spawn_options>(
        cfg, loop, std::move(setup), info, settings);
  };
}

} // namespace sluice::net::websocket

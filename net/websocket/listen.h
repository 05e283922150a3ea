#pragma once

// websocket::listen: a server that speaks nothing but WebSocket, for programs
// that have no pages to serve:
//
//   auto server = websocket::listen(loops, "tcp://127.0.0.1:8080", behavior);
//
// Every path is taken; the behavior finds it in `opened`. Requests that do not
// ask for a WebSocket, or not as RFC 6455 says, are answered with what is wrong
// (net/websocket/handshake.h). It is an HTTP server with one route; one with
// pages has a router of its own (`router.websocket(path, behavior)`).
//
// For users. Thread rule: any thread. Lifetime: as with net::listen.

#include "net/http/router.h"
#include "net/http/serve.h"
#include "net/listen.h"
#include "runtime/limits.h"

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
  http::router routes;
  if (auto err = routes.websocket_with(
          "/*", std::move(settings), std::move(f),
          std::decay_t<Args>(std::forward<Args>(args))...))
    return err;
  http::server_options server;
  server.head.line_bytes = runtime::limits::websocket_head_bytes_max;
  server.head.head_bytes = runtime::limits::websocket_head_bytes_max;
  server.head_deadline = runtime::limits::websocket_handshake;
  server.idle = runtime::limits::websocket_handshake;
  server.listener = std::move(listener);
  return http::serve(std::move(loops), where, std::move(routes),
                     std::move(server));
}

} // namespace sluice::net::websocket

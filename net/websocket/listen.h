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

/// What `listen` starts from, where it is not as with pages.
inline http::server_options server_defaults() {
  http::server_options result;
  result.head.line_bytes = runtime::limits::websocket_head_bytes_max;
  result.head.head_bytes = runtime::limits::websocket_head_bytes_max;
  result.head_deadline = runtime::limits::websocket_handshake;
  result.idle = runtime::limits::websocket_handshake;
  return result;
}

/// Listens at `where` with the behavior `f(connection*, args...)`. Errors: as
/// net::listen, and those of options::check and server_options::check.
/// `server.connections_max` counts all connections, `server.listener.stream` is
/// for the time until the handshake is done, and after it unless
/// `settings.stream` is set.
template <class F, class... Args>
caf::expected<listening>
listen(loop_choice loops, std::string_view where, F f, options settings = {},
       http::server_options server = server_defaults(), Args&&... args) {
  static_assert(std::is_invocable_v<F&, connection*, std::decay_t<Args>&...>);
  http::router routes;
  if (auto err = routes.websocket_with(
          "/*", std::move(settings), std::move(f),
          std::decay_t<Args>(std::forward<Args>(args))...))
    return err;
  return http::serve(std::move(loops), where, std::move(routes),
                     std::move(server));
}

} // namespace sluice::net::websocket

#pragma once

// serve: an HTTP server:
//
//   auto server = http::serve(loops, "tcp://127.0.0.1:8080",
//   std::move(routes)); if (!server) ... server.error() ...
//
// or, in place of the routes, a behavior that gets all requests:
// `f(server_broker*)`.
//
// For users. Thread rule: any thread. Lifetime: as with net::listen. An exit to
// the listener's actor ends the listening; when the loops stop, requests that
// are under way are answered, for as long as limits::stop_drain.

#include "net/http/router.h"
#include "net/http/server_broker.h"
#include "net/http/server_options.h"
#include "net/listen.h"

#include <caf/expected.hpp>

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice::net::http {

/// Errors: those of net::listen and server_options::check.
caf::expected<listening> serve(loop_choice loops, std::string_view where,
                               router routes, server_options options = {});

/// With the behavior `f(server_broker*, args...)`.
template <class F, class... Args>
requires(std::is_invocable_v<F&, server_broker*, std::decay_t<Args>&...>)
    caf::expected<listening> serve(loop_choice loops, std::string_view where,
                                   F f, server_options options = {},
                                   Args&&... args) {
  if (auto err = options.check())
    return err;
  auto shared = std::make_shared<server_shared>();
  shared->options = std::move(options);
  return listen_with(
      std::move(loops), where,
      [shared, f, args...](event_loop& loop, stream_setup setup) {
        caf::actor_config cfg{&loop};
        cfg.init_fun =
            runtime::make_init_function<server_broker, F,
                                        std::decay_t<Args>...>(f, args...);
        loop.system().spawn_impl<server_broker, caf::no_spawn_options>(
            cfg, loop, std::move(setup),
            std::shared_ptr<const server_shared>{shared});
      },
      shared->options.listener);
}

} // namespace sluice::net::http

#pragma once

// http::connect: how a client_broker comes into being.
//
//   auto client = sluice::net::http::connect(loops, "tcp://127.0.0.1:80", ask);
//
// For users. Thread rule: any thread. Lifetime: the handle need not be kept;
// the connection lives until it ends.

#include "net/http/client_broker.h"
#include "net/listen.h"
#include "runtime/error.h"

#include <type_traits>
#include <utility>

namespace sluice::net::http {

/// Connects to `where` with the behavior `f(client_broker*, args...)`. As with
/// net::connect the broker is there at once; requests may be sent before
/// *connected*, and fail with the reason if that does not come. Errors:
/// errc::bad_endpoint, errc::bad_setting.
template <class F, class... Args>
requires(std::is_invocable_v<F&, client_broker*, std::decay_t<Args>&...>)
    caf::expected<caf::actor> connect(loop_choice loops, std::string_view where,
                                      F f, stream_options options = {},
                                      Args&&... args) {
  if (options.on_overflow == overflow::drop_oldest)
    return runtime::make_error(runtime::errc::bad_setting,
                               "http: on_overflow is drop_oldest, which would "
                               "cut pieces out of requests");
  auto setup = prepare_connect(where, std::move(options));
  if (!setup)
    return setup.error();
  auto& loop = loops.pick();
  caf::actor_config cfg{&loop};
  cfg.init_fun =
      runtime::make_init_function<client_broker, F, std::decay_t<Args>...>(
          std::move(f), std::forward<Args>(args)...);
  return loop.system().spawn_impl<client_broker, caf::no_spawn_options>(
      cfg, loop, std::move(*setup));
}

} // namespace sluice::net::http

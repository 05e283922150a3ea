#pragma once

// router: which handler answers a request, by its method and path:
//
//   router r;
//   r.get("/things/{id}", [](server_broker* self, const request& in,
//                            const path_parameters& at) {
//     self->respond(status::ok, "text/plain", at.at("id"));
//   });
//   r.files("/static", "/srv/www");
//   r.websocket("/live", [](websocket::connection* self) -> caf::behavior
//   {...}); auto server = serve(loops, "tcp://127.0.0.1:8080", std::move(r));
//
// Patterns are those of route_table.h: {name} is one part of a path, a "*" at
// the end is the rest. What no route fits is answered 404; a path that is there
// with another method 405 with Allow, and OPTIONS 204. HEAD is answered by the
// handler of GET, whose body is not sent.
//
// For users. Thread rule: filled on one thread, then const; handlers run on the
// loop of their connection, on several at once if there are several loops.
// Lifetime: shared by the connections of its server.

#include "net/http/path_parameters.h"
#include "net/http/route_table.h"
#include "net/http/server_broker.h"
#include "net/http/static_files.h"
#include "net/websocket/connection.h"
#include "net/websocket/handshake.h"
#include "net/websocket/options.h"
#include "net/websocket/spawn.h"

#include <caf/behavior.hpp>
#include <caf/error.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net::http {

using handler =
    std::function<void(server_broker*, const request&, const path_parameters&)>;

struct route_options {
  /// The handler runs when the whole body is there, in request::body; a longer
  /// one is refused (413). 0: the handler runs at once, and takes the body with
  /// server_broker::read_body.
  std::size_t collect_body_bytes = 0;

  /// How long a body that is not collected may be; default:
  /// server_options::body_bytes_max.
  std::optional<std::uint64_t> body_bytes_max{};
};

class router {
public:
  /// Each returns errc::bad_setting, naming the pattern, if it is none, or if
  /// it has a handler for that method already.
  caf::error get(std::string_view pattern, handler f, route_options x = {});
  caf::error post(std::string_view pattern, handler f, route_options x = {});
  caf::error put(std::string_view pattern, handler f, route_options x = {});
  caf::error del(std::string_view pattern, handler f, route_options x = {});
  caf::error head(std::string_view pattern, handler f, route_options x = {});
  caf::error patch(std::string_view pattern, handler f, route_options x = {});
  caf::error options(std::string_view pattern, handler f, route_options x = {});

  /// Any method that has no handler of its own.
  caf::error any(std::string_view pattern, handler f, route_options x = {});

  /// The folder `root` at `prefix`; see static_files.h. Also the errors of
  /// static_files::make.
  caf::error files(std::string_view prefix, const std::string& root,
                   static_options x = {});

  /// A WebSocket with the behavior `f(websocket::connection*, args...)`.
  template <class F, class... Args>
  caf::error websocket_with(std::string_view pattern,
                            net::websocket::options settings, F f,
                            Args... args) {
    if (auto err = settings.check())
      return err;
    auto shared =
        std::make_shared<const net::websocket::options>(std::move(settings));
    return upgrade(pattern, shared, [shared, f, args...](auto info) {
      return net::websocket::make_successor(std::move(info), shared, f,
                                            args...);
    });
  }

  template <class F, class... Args>
  caf::error websocket(std::string_view pattern, F f, Args... args) {
    return websocket_with(pattern, {}, std::move(f), std::move(args)...);
  }

  // -- used by `serve` --------------------------------------------------------

  /// Answers the request that `self` has just delivered.
  void dispatch(server_broker* self, const request& in) const;

  /// How long its body may be, if a route says so.
  std::optional<std::uint64_t> body_limit(const request& in) const;

private:
  using successor = std::function<stream_successor(net::websocket::opened)>;

  struct entry {
    handler run;
    route_options options;
  };

  /// The handlers of a pattern.
  struct route {
    std::map<method, entry> verbs;
    std::optional<entry> any;
    std::string prefix; // of files: without the rest
  };

  caf::error add(std::optional<method> verb, std::string_view pattern,
                 handler f, const route_options& x);
  caf::error upgrade(std::string_view pattern,
                     std::shared_ptr<const net::websocket::options> settings,
                     successor next);
  const entry* choose(const route& at, method verb) const;
  std::string allowed(const route& at) const;

  route_table table_;
  std::vector<route> routes_;
};

} // namespace sluice::net::http

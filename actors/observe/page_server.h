#pragma once

// page_server: the page of a cluster, over HTTP (docs/page.md):
//
//   auto page = observe::serve_page(loop, "tcp://127.0.0.1:8080",
//                                   {.observer = seen, .metrics = metrics});
//
//   /            the page, and its scripts and styles beside it
//   /live        the WebSocket by which it hears and asks
//   /api/state   what is so now, as JSON
//   /metrics     for Prometheus (docs/metrics.md)
//
// There is no password: whoever can connect may use the controls, which stop
// and kill processes where the observer has a launcher. So let it listen on
// loopback, as by default, or behind something that asks who is there. What
// other sites could do through the browser of somebody who may connect is
// refused, see actors/observe/access.h: the Host has to be an address,
// localhost or one of `hosts`, and the Origin of a WebSocket the page's own.
//
// A browser that is slow gets the newest frame when it takes one, and the
// others not at all; all pages share a frame's memory.
//
// For users. Thread rule: any thread. Lifetime: as a listener's; the observer's
// actor and the collector are kept.

#include "net/http/router.h"
#include "net/listen.h"
#include "runtime/event_loop.h"

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::metrics {
class collector;
}

namespace sluice::actors::observe {

struct page_options {
  /// Of the node whose page it is; see start_observer.
  caf::actor observer{};
  /// None: there is no /metrics.
  std::shared_ptr<const metrics::collector> metrics{};
  /// Names by which browsers may ask for the page, besides addresses and
  /// localhost, as "cluster.example.org"; in any case.
  std::vector<std::string> hosts{};
};

/// For a program that serves more than the page. Errors: errc::bad_setting if
/// it has a route of the same path already.
caf::error add_page(net::http::router& to, const page_options& options);

/// Serves the page alone, on `loop`. Errors: those of net::listen.
caf::expected<net::listening> serve_page(runtime::event_loop& loop,
                                         std::string_view where,
                                         const page_options& options);

} // namespace sluice::actors::observe

#pragma once

// http_handler: answers requests with the metrics of a collector.
//
//   router r;
//   r.get("/metrics", metrics::http_handler(collector));
//
// The answer is Prometheus' text, 200; 503 with the reason if there is none
// (errc::too_many_waiting, or the collector has ended). The connection waits,
// and nobody else; a client that goes meanwhile is forgotten.
//
// For users. Thread rule: handlers run on the loop of their connection.
// Lifetime: a handler keeps the collector's actor, not the collector: when that
// ends, the answer is 503.

#include "actors/metrics/collector.h"

#include <caf/actor.hpp>

namespace sluice::net::http {
class server_broker;
}

namespace sluice::actors::metrics {

/// Answers the request that `self` has just delivered.
void answer_scrape(net::http::server_broker* self, const caf::actor& metrics);

/// A handler for a router, or to be called by one: it takes the broker, and
/// does not care for the request: of HEAD the broker sends the head alone.
inline auto http_handler(const collector& of) {
  return
      [metrics = of.actor()](net::http::server_broker* self, const auto&...) {
        answer_scrape(self, metrics);
      };
}

} // namespace sluice::actors::metrics

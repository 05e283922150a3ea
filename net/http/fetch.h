#pragma once

// fetch: one request, one answer, collected. For tests, and for services that
// are asked now and then, as a gateway with JSON:
//
//   http::fetch(self, self->loop(), {.url = "http://127.0.0.1:2379/version"})
//       .then([=](const http::fetched& x) { /* x.status, x.body */ },
//             [=](const caf::error& why) { /* names the URL */ });
//
// Each fetch has a connection of its own, which ends with the answer. An answer
// of any status is an answer; redirections are not followed. Whoever asks often
// or for much uses a client_broker.
//
// For users. Thread rule: `fetch` as `self->request`; it may be used by actors
// of any kind, and with a caf::scoped_actor from any thread. Lifetime: nothing
// is left of a fetch when it is answered.

#include "net/http/client_events.h"
#include "runtime/limits.h"
#include "runtime/loop_actor.h"

#include <caf/actor.hpp>

#include <string>

namespace sluice::net::http {

struct fetch_request {
  /// "http://host[:port][/path][?query]"
  std::string url;
  /// Method, fields, body and deadline; its target is replaced by the URL's,
  /// and its body cannot be streamed. The deadline counts from the start of the
  /// look-up of the name.
  client_request ask{};
  /// A longer body is an error.
  std::size_t body_bytes_max = runtime::limits::http_fetch_body_bytes;
};

struct fetched {
  unsigned status = 0;
  http::fields fields;
  std::string body;
};

/// An actor on `loop` that answers a fetch_request with *fetched*, or with an
/// error: errc::malformed_frame for a URL that is none, or an answer that is
/// none; errc::frame_too_long; errc::connection_closed, errc::connect_failed
/// and the like if there is no whole answer in time. Lives while somebody
/// refers to it.
caf::actor spawn_fetcher(runtime::event_loop& loop);

/// Asks a new fetcher.
template <class Self>
auto fetch(Self* self, runtime::event_loop& loop, fetch_request what) {
  return self->request(spawn_fetcher(loop), caf::infinite, std::move(what));
}

} // namespace sluice::net::http

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::fetch_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::net::http::fetched)

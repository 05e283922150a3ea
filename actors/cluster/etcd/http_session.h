#pragma once

// http_session: HTTP requests of one loop, through libcurl's multi interface:
// the loop watches curl's sockets and keeps its timer, so nothing waits for an
// answer. Connections are kept and used again.
//
// Host names are the caller's business (net::name_lookup): a request says which
// address to connect to, and curl never looks one up, which it would do on a
// thread of its own. Proxies of the environment are passed by, redirections are
// not followed.
//
// The sockets of curl are real ones, on a simulated loop too.
//
// Internal. Thread rule: the loop's thread. Lifetime: destroying it ends all
// requests; no callback is called any more.

#include "runtime/clock.h"
#include "runtime/event_loop.h"

#include <caf/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::actors::cluster::etcd {

/// A POST.
struct http_request {
  std::string url;
  /// Where to connect to instead of the host of `url`: `10.0.0.1:80` or
  /// `[::1]:80`. Empty: the URL has an address already.
  std::string address;
  std::string body;
  /// Until the answer is there; for a stream: until the connection is.
  runtime::duration deadline{};
};

struct http_answer {
  long status = 0;
  std::string body;
};

class http_session {
public:
  using request_id = std::uint64_t; // 0: none

  /// Errors: errc::connect_failed if there is no answer, or only a part of it;
  /// errc::frame_too_long. They name the URL.
  using on_answer = std::function<void(caf::expected<http_answer>)>;

  /// Some bytes of a body, as they come.
  using on_bytes = std::function<void(std::string_view)>;

  /// The end of a stream: the status and, if that is not 200, the body.
  using on_end = on_answer;

  static std::unique_ptr<http_session> make(runtime::event_loop& loop);

  virtual ~http_session() = default;

  /// Asks, and calls `f` once on the loop, later, with an answer of at most
  /// `bytes_max` bytes. `f` may do anything to the session, even destroy it.
  virtual request_id post(const http_request& what, std::size_t bytes_max,
                          on_answer f) = 0;

  /// The same for an answer that has no end: `each` gets what comes after a
  /// status of 200.
  virtual request_id stream(const http_request& what, std::size_t bytes_max,
                            on_bytes each, on_end f) = 0;

  /// Ends a request; its callbacks are not called any more. Does nothing if it
  /// is over.
  virtual void cancel(request_id id) = 0;
};

} // namespace sluice::actors::cluster::etcd

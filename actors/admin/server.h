#pragma once

// The admin interface of a process: a socket on which it is asked how it is,
// and told what to do, one JSON object a line:
//
//   auto admin = serve(loop, "unix:///run/app/n1.sock",
//                      {{"leave", [=](const nlohmann::json&, reply done) {
//                          ... done.ok();   now or later
//                        }}});
//
//   $ echo '{"do":"pressure"}' | nc -NU /run/app/n1.sock
//   {"cycles":[],"edges":[],"ok":true}
//
// Every process knows "verbs" (which there are), "pressure" (who is holding
// whom, see actors/pressure_graph.h) and "loops" (the figures of the event
// loops); a handler of the same name takes the place of one of these.
//
// One request of a connection is under way at a time, the next one is read when
// it was answered; so answers come in the order of the requests. Bad requests
// get one line with "ok":false and why, and cost nothing else; only one that is
// too long ends its connection.
//
// There is no password: who can connect may do everything. So listen on a Unix
// socket in a directory that nobody else may enter, or on loopback.
//
// For users; those who build answers include <nlohmann/json.hpp>. Thread rule:
// `serve` any thread; handlers run on the loop; a reply may be given on any
// thread. Lifetime: as a listener, until it is sent an exit or the loop stops;
// the handlers live as long as it and its connections.

#include "net/listen.h"
#include "runtime/limits.h"

#include <nlohmann/json_fwd.hpp>

#include <caf/actor.hpp>
#include <caf/expected.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::admin {

/// The answer to one request. The first one given counts. A request whose
/// reply is dropped without an answer is answered that this happened.
class reply {
public:
  struct state;

  explicit reply(std::shared_ptr<state> x) noexcept : state_(std::move(x)) {}

  /// {"ok":true} and `fields`, an object. Over limits::admin_answer_bytes_max
  /// the answer is a failure that says so.
  void ok(nlohmann::json fields) const;
  void ok() const;

  /// {"ok":false,"error":why}
  void fail(std::string_view why) const;

private:
  std::shared_ptr<state> state_;
};

/// Does what `request` asks for. What it throws is a failed request; so fields
/// may be read with `request.at("peer").get<std::string>()`.
using handler = std::function<void(const nlohmann::json& request, reply)>;

using verb_table = std::map<std::string, handler, std::less<>>;

struct server_options {
  /// Whose figures "loops" gives, each of which must live as long as the
  /// server's own; that one alone if there are none here.
  std::vector<runtime::event_loop*> loops{};
  /// One more is told so and closed.
  std::size_t connections_max = runtime::limits::admin_connections_max;
  /// A connection without a request for so long is closed.
  runtime::duration idle = runtime::limits::admin_idle;
};

/// Serves at `where`, a Unix or TCP endpoint, on `loop`. Errors: those of
/// net::listen.
caf::expected<net::listening> serve(runtime::event_loop& loop,
                                    std::string_view where, verb_table verbs,
                                    server_options options = {});

} // namespace sluice::actors::admin

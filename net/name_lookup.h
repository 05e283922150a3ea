#pragma once

// name_lookup: finds the addresses of a host name without ever holding up its
// loop: the questions go out and the answers come in by readiness and timeout
// events, through c-ares. What it reads in place are the small files that
// resolver libraries read (/etc/hosts, /etc/resolv.conf, /etc/nsswitch.conf).
//
// The sockets of c-ares are real ones, on a simulated loop too: the simulated
// kernel of the tests answers no DNS questions, so host names are for loops on
// the real seam.
//
// Internal. Thread rule: the loop's thread. Lifetime: destroying it cancels the
// look-up; its callback is not called any more.

#include "net/endpoint.h"
#include "runtime/event_loop.h"
#include "runtime/limits.h"

#include <caf/expected.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sluice::net {

/// For tests; the defaults are the system's settings.
struct lookup_options {
  /// Name servers as `host:port`, separated by commas. If there are any, no
  /// search domain is tried. Empty: those of the system.
  std::string servers;
  std::chrono::milliseconds try_time = runtime::limits::lookup_try;
  int rounds = runtime::limits::lookup_rounds;
};

class name_lookup {
public:
  using addresses = std::vector<runtime::socket_address>;

  /// Called once on the loop, outside of any handler, never from inside
  /// `start`. Errors: errc::unknown_host, errc::lookup_overflow, or
  /// errc::system_error if no name server answers; all name the endpoint. May
  /// destroy the look-up.
  using callback = std::function<void(caf::expected<addresses>)>;

  /// Looks up the host of `target`: the hosts file first, then the system's
  /// name servers, IPv6 and IPv4 in the order of RFC 6724; the addresses carry
  /// the target's port and are all different. An endpoint that is numeric
  /// already gives its address. Names under `.invalid` are unknown without
  /// asking anybody (RFC 6761, 6.4). With silent servers it takes as long as
  /// `options` says, 14 s for one of them: who cannot wait destroys it sooner.
  static std::unique_ptr<name_lookup> start(runtime::event_loop& loop,
                                            const endpoint& target, callback f,
                                            const lookup_options& options = {});

  virtual ~name_lookup() = default;
};

} // namespace sluice::net

#pragma once

// name_lookup: finds the addresses of a host name without ever holding up its
// loop: the questions go out and the answers come in by readiness and timeout
// events, through c-ares.
//
// Internal. Thread rule: the loop's thread. Lifetime: destroying it cancels the
// look-up; its callback is not called any more.

#include "net/endpoint.h"
#include "runtime/event_loop.h"

#include <caf/expected.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace sluice::net {

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
  /// the target's port.
  static std::unique_ptr<name_lookup> start(runtime::event_loop& loop,
                                            const endpoint& target, callback f);

  virtual ~name_lookup() = default;
};

} // namespace sluice::net

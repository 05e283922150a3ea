#include "net/datagram.h"

#include "runtime/error.h"

namespace sluice::net {

using runtime::errc;
using runtime::make_error;

namespace {

caf::error bad_endpoint(std::string_view where, std::string_view why) {
  return make_error(errc::bad_endpoint, "bad endpoint \"" + std::string{where}
                                            + "\": " + std::string{why});
}

caf::expected<endpoint> parse_datagram(std::string_view where) {
  auto result = endpoint::parse(where);
  if (result && result->socket_type() != SOCK_DGRAM)
    return bad_endpoint(where, "datagrams need udp:// or unixgram://");
  return result;
}

caf::expected<endpoint> parse_peer(std::string_view where) {
  auto result = parse_datagram(where);
  if (result && !result->is_unix() && result->port() == 0)
    return bad_endpoint(where, "nobody listens on port 0");
  return result;
}

/// Opens the socket if it is not bound, and connects it.
caf::error connect_now(runtime::socket_api& api, datagram_setup& setup) {
  auto address = setup.peer->to_address();
  if (!address)
    return address.error();
  if (!setup.bound.is_open()) {
    auto opened = open_socket(api, *setup.peer, *address);
    if (!opened)
      return opened.error();
    setup.bound = std::move(*opened);
    apply_socket_options(setup.bound, *setup.options);
  }
  if (auto n = api.connect(setup.bound.fd(), *address); n < 0)
    return make_error(errc::connect_failed, "connect " + to_string(*setup.peer)
                                                + ": "
                                                + runtime::errno_text(n));
  return {};
}

} // namespace

caf::expected<datagram_setup> prepare_datagram(event_loop& loop,
                                               std::string_view where,
                                               datagram_options options) {
  if (auto err = options.check())
    return err;
  datagram_setup setup;
  setup.options = std::make_shared<const datagram_options>(std::move(options));
  auto& api = loop.sockets();
  if (auto& peer = setup.options->connect_to; !peer.empty()) {
    auto parsed = parse_peer(peer);
    if (!parsed)
      return parsed.error();
    setup.peer = std::move(*parsed);
  }
  if (!where.empty() || !setup.peer) {
    auto parsed = parse_datagram(where);
    if (!parsed)
      return parsed.error();
    if (setup.peer && setup.peer->is_unix() != parsed->is_unix())
      return bad_endpoint(setup.options->connect_to,
                          "it is of another kind than " + to_string(*parsed));
    auto bound = bind_socket(api, *parsed, 0);
    if (!bound)
      return bound.error();
    setup.bound = std::move(*bound);
    apply_socket_options(setup.bound, *setup.options);
  }
  if (setup.peer && setup.peer->is_numeric())
    if (auto err = connect_now(api, setup))
      return err;
  if (setup.bound.is_open())
    setup.local = datagram_endpoint(setup.bound);
  return setup;
}

} // namespace sluice::net

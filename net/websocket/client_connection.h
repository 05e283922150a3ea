#pragma once

// client_connection: a WebSocket that we open:
//
//   caf::behavior watch(websocket::client_connection* self) {
//     return {
//       [=](const websocket::opened&) { self->send_text("subscribe"); },
//       [=](const websocket::message& in) { ... },
//       [=](const net::closed& why) { /* why.error names what went wrong */ },
//     };
//   }
//   auto client = websocket::connect(loops, "ws://127.0.0.1:8080/live", watch);
//
// Until `opened` nothing can be sent: it comes back (reject_reason::overflow).
// A server that refuses is `closed` with connect_failed and the answer's
// status. What a client sends is masked, so it is copied (RFC 6455, 5.3); what
// comes back of it in `rejected` is the masked frame, which net::write sends
// again.
//
// For users. Thread rule and lifetime: as with connection. No TLS: wss:// is
// refused by name.

#include "net/listen.h"
#include "net/websocket/connection.h"

#include <caf/expected.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace sluice::net::websocket {

struct client_options {
  /// `handshake` is not used: it is a server's.
  websocket::options websocket;

  /// Offered to the server, the best first.
  std::vector<std::string> subprotocols = {};

  /// More header lines of the request, as Origin or Authorization. Refused if
  /// there is a line end in one.
  header_lines fields = {};
};

/// Whom to connect to, and what to ask for. Made by `prepare_client`.
struct client_setup {
  stream_setup stream;
  std::string host;   // of the request's Host
  std::string target; // its path and query
  std::shared_ptr<const client_options> options;
};

class client_connection : public connection {
public:
  client_connection(caf::actor_config& cfg, event_loop& loop,
                    client_setup setup);
  ~client_connection() override;

  const char* name() const override { return "websocket_client"; }

protected:
  delivery on_connected(connected& what) override;
  delivery on_payload(byte_slice bytes) override;
  delivery on_bad_frame(bad_frame& what) override;
  delivery on_peer_done() override;

private:
  delivery refuse_answer(std::string why);

  std::string host_;
  std::string target_;
  std::string key_;
  std::shared_ptr<const client_options> options_;
  opened about_to_open_;
};

/// Reads "ws://host[:port][/path][?query]". Errors: errc::bad_endpoint,
/// errc::bad_setting; they name what is wrong.
caf::expected<client_setup> prepare_client(std::string_view url,
                                           client_options options);

/// Connects to `url` with the behavior `f(client_connection*, args...)`. The
/// actor is there at once; it gets *opened*, or *closed* with the reason.
/// Errors: those of prepare_client.
template <class F, class... Args>
caf::expected<caf::actor> connect(loop_choice loops, std::string_view url, F f,
                                  client_options options = {}, Args&&... args) {
  static_assert(
      std::is_invocable_v<F&, client_connection*, std::decay_t<Args>&...>);
  auto setup = prepare_client(url, std::move(options));
  if (!setup)
    return setup.error();
  auto& loop = loops.pick();
  caf::actor_config cfg{&loop};
  cfg.init_fun =
      runtime::make_init_function<client_connection, F, std::decay_t<Args>...>(
          std::move(f), std::forward<Args>(args)...);
  return loop.system().spawn_impl<client_connection, caf::no_spawn_options>(
      cfg, loop, std::move(*setup));
}

} // namespace sluice::net::websocket

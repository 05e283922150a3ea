// One message to all clients of a WebSocket server, and the next when the
// operating system has taken it for all of them. All share its bytes.
//
//   fan_out_sluice --port N --clients 1000 --bytes 1024

#include "bench/loopback.h"
#include "bench/peer.h"
#include "net/config.h"
#include "net/websocket/listen.h"
#include "runtime/error.h"

#include <CLI/CLI.hpp>
#include <caf/actor_system.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace {

using sluice::net::websocket::connection;
using sluice::net::websocket::shared_message;
namespace net = sluice::net;

/// A member of the audience.
using join_atom = caf::atom_constant<caf::atom("join")>;

struct audience {
  std::vector<caf::actor> members;
  std::size_t left = 0; // who have not taken the message
  std::uint64_t number = 0;
};

/// The hub: an actor on the loop, as its connections are.
caf::behavior hub(sluice::runtime::loop_actor* self, std::size_t clients,
                  std::size_t bytes) {
  auto all = std::make_shared<audience>();
  auto broadcast = [=] {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llu",
                  static_cast<unsigned long long>(++all->number));
    // [fan_out]
    auto message =
        shared_message::binary(digits + std::string(bytes - 16, 'x'));
    all->left = all->members.size();
    for (auto& x : all->members)
      self->send(x, net::write{message.frame(), 1});
    // [/fan_out]
  };
  return {
      [=](join_atom, const caf::actor& x) {
        all->members.push_back(x);
        if (all->members.size() == clients)
          broadcast();
      },
      [=](const net::written&) {
        if (--all->left == 0)
          broadcast();
      },
  };
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Sends one message to all clients, on Sluice."};
  unsigned port = 0;
  std::size_t clients = 1'000;
  std::size_t bytes = 1'024;
  app.add_option("--port", port, "0 lets the system choose");
  app.add_option("--clients", clients);
  app.add_option("--bytes", bytes)->check(CLI::Range(126u, 65'535u));
  CLI11_PARSE(app, argc, argv);
  auto stop = sluice::bench::open_stop_signal();
  sluice::bench::raise_descriptor_limit();
  net::config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system system{cfg};
  sluice::runtime::loop_group loops{system, {.loops = 1}};
  auto centre = sluice::runtime::spawn_on(loops.at(0), hub, clients, bytes);
  auto server = net::websocket::listen(
      loops, "tcp://127.0.0.1:" + std::to_string(port),
      [centre](connection* self) -> caf::behavior {
        return {[=](const net::websocket::opened&) {
          self->send(centre, join_atom::value, caf::actor{self});
        }};
      });
  if (!server) {
    std::fprintf(stderr, "%s\n",
                 sluice::runtime::to_text(server.error()).c_str());
    return 1;
  }
  sluice::bench::announce(server->local.port());
  sluice::bench::await_stop_signal(stop);
  caf::anon_send_exit(centre, caf::exit_reason::user_shutdown);
}

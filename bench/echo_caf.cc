// Peer: echo on CAF's own broker: one broker for all connections, which is the
// cheapest it offers.

#include <CLI/CLI.hpp>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <cstdio>
#include <cstdlib>

#include "bench/loopback.h"
#include "bench/peer.h"

namespace {

caf::behavior echo(caf::io::broker* self, uint16_t port, size_t at_most) {
  auto listener = self->add_tcp_doorman(port, "127.0.0.1", true);
  if (!listener) {
    std::fprintf(stderr, "cannot listen on port %u\n", unsigned{port});
    std::exit(1);
  }
  sluice::bench::announce(listener->second);
  return {
      [=](const caf::io::new_connection_msg& in) {
        self->configure_read(in.handle,
                             caf::io::receive_policy::at_most(at_most));
      },
      [=](const caf::io::new_data_msg& in) {
        self->write(in.handle, in.buf.size(), in.buf.data());
        self->flush(in.handle);
      },
      [](const caf::io::connection_closed_msg&) {},
  };
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Echo on CAF's broker."};
  uint16_t port = 0;
  app.add_option("--port", port, "0 lets the system choose");
  size_t at_most = 4096;
  app.add_option("--at-most", at_most, "receive policy, in bytes")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  sluice::bench::raise_descriptor_limit();
  int stop = sluice::bench::open_stop_signal();
  caf::actor_system_config config;
  config.load<caf::io::middleman>();
  // The broker runs on the middleman's thread; idle workers would only poll.
  config.set("scheduler.max-threads", size_t{1});
  caf::actor_system system{config};
  auto server = system.middleman().spawn_broker(echo, port, at_most);
  sluice::bench::await_stop_signal(stop);
  caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
}

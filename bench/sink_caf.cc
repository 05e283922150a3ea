// Peer for growth: writes 64 KiB blocks on CAF's own broker, one each message
// to itself. The broker offers no sign of a full socket unless it is asked to
// acknowledge each write.

#include <CLI/CLI.hpp>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/loopback.h"
#include "bench/peer.h"
#include "bench/sink.h"

namespace {

using namespace sluice::bench;

using next_atom = caf::atom_constant<caf::atom("next")>;

struct sink_state {
  caf::io::connection_handle peer;
  uint64_t end_ns = 0;
  uint64_t bytes_left = 0;
  std::vector<char> block = std::vector<char>(sink_block_bytes, 'x');
};

caf::behavior sink(caf::io::stateful_broker<sink_state>* self,
                   sink_options options) {
  auto listener = self->add_tcp_doorman(options.port, "127.0.0.1", true);
  if (!listener) {
    std::fprintf(stderr, "cannot listen on port %u\n", unsigned{options.port});
    std::exit(1);
  }
  announce(listener->second);
  return {
      [=](const caf::io::new_connection_msg& in) {
        self->state.peer = in.handle;
        self->state.end_ns = now_ns() + options.duration_ns();
        self->state.bytes_left = options.bytes_max();
        self->send(self, next_atom::value);
      },
      [=](next_atom) {
        auto& state = self->state;
        if (state.bytes_left < state.block.size() || now_ns() >= state.end_ns)
          return;
        state.bytes_left -= state.block.size();
        self->write(state.peer, state.block.size(), state.block.data());
        self->flush(state.peer);
        self->send(self, next_atom::value);
      },
      [=](const caf::io::new_data_msg&) {},
      [=](const caf::io::connection_closed_msg&) { self->state.end_ns = 0; },
  };
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Writes on CAF's broker."};
  sink_options options;
  add_sink_options(app, options);
  CLI11_PARSE(app, argc, argv);
  int stop = open_stop_signal();
  caf::actor_system_config config;
  config.load<caf::io::middleman>();
  config.set("scheduler.max-threads", size_t{1});
  caf::actor_system system{config};
  auto server = system.middleman().spawn_broker(sink, options);
  await_stop_signal(stop);
  caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
}

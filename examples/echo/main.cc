// The smallest server: whatever a client sends comes back to it. A client that
// sends and does not read is not read from either, so it cannot make this
// program grow.

#include "examples/support/server_program.h"
#include "examples/support/until_signal.h"
#include "net/config.h"
#include "net/listen.h"
#include "runtime/error.h"

#include <caf/actor_system.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>

namespace {

namespace net = sluice::net;
namespace runtime = sluice::runtime;
namespace support = sluice::examples::support;

// [echo]
caf::behavior echo(net::stream_broker* self) {
  return {
      [=](const net::received& in) { self->write(in.bytes); },
  };
}
// [/echo]

int run(const std::string& where, long seconds) {
  support::until_signal end;
  // [serve]
  net::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys}; // one event loop for each core
  auto server = net::listen(loops, where, echo);
  if (!server) {
    std::fprintf(stderr, "%s\n", runtime::to_text(server.error()).c_str());
    return EXIT_FAILURE;
  }
  std::printf("listening %u\n", server->local.port());
  // [/serve]
  std::fflush(stdout);
  end.wait(std::chrono::seconds{seconds});
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Sends back what it gets."};
  support::server_options x;
  support::add_server_options(app, x);
  CLI11_PARSE(app, argc, argv);
  return run(x.where, x.seconds);
}

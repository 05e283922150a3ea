// Sluice's echo server for the comparison with its peers: the behavior is a
// user's, on one loop.

#include "net/config.h"
#include "net/listen.h"
#include "runtime/error.h"

#include <caf/actor_system.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

caf::behavior echo(sluice::net::stream_broker* self) {
  return {
      [=](const sluice::net::received& in) { self->write(in.bytes); },
  };
}

} // namespace

int main(int argc, char** argv) {
  std::string port = argc == 3 ? argv[2] : "0";
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  sluice::net::config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system sys{cfg};
  sluice::runtime::loop_group loops{sys, {.loops = 1}};
  auto server = sluice::net::listen(loops, "tcp://127.0.0.1:" + port, echo);
  if (!server) {
    std::fprintf(stderr, "%s\n",
                 sluice::runtime::to_text(server.error()).c_str());
    return EXIT_FAILURE;
  }
  std::printf("listening %u\n", server->local.port());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
}

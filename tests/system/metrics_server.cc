// A program that has some of everything that is counted, and serves its
// metrics: for tests/system/prometheus_test.py.
//
//   listening PORT    where /metrics is
//   echo PORT         connections that are counted
//
// It has an echo server, a bounded mailbox, a channel to itself, a cluster of
// one node, and a counter of its own. A line "stuck" to the echo server keeps
// its loop, loop-1, from its work until the process gets SIGUSR1.

#include "actors/cluster/node.h"
#include "actors/config.h"
#include "actors/flow_actor.h"
#include "actors/metrics/collector.h"
#include "actors/metrics/http_handler.h"
#include "net/http/serve.h"
#include "net/listen.h"
#include "runtime/error.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <prometheus/counter.h>
#include <prometheus/registry.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <semaphore>
#include <string>

namespace {

using namespace sluice;

std::counting_semaphore<> gate{0};

caf::behavior echo(net::stream_broker* self, prometheus::Counter* echoes) {
  return {
      [=](const net::received& in) {
        if (in.bytes.view() == "stuck\n")
          gate.acquire();
        echoes->Increment();
        self->write(in.bytes);
      },
  };
}

caf::behavior counted(actors::flow_actor*) {
  return {[](int) {}};
}

int fail(const caf::error& why) {
  std::fprintf(stderr, "%s\n", runtime::to_text(why).c_str());
  return 1;
}

} // namespace

int main() {
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGTERM);
  sigaddset(&awaited, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &awaited, nullptr);
  actors::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 2}};
  auto registry = std::make_shared<prometheus::Registry>();
  auto& echoes = prometheus::BuildCounter()
                     .Name("echoes_total")
                     .Help("Echoes.")
                     .Register(*registry)
                     .Add({});
  auto node = actors::cluster::node::start(loops.at(0), {.name = "alone"});
  if (!node)
    return fail(node.error());
  auto echo_server =
      net::listen(loops.at(1), "tcp://127.0.0.1:0", echo, {}, &echoes);
  // [collector]
  actors::metrics::collector metrics{
      sys,
      {.loops = {&loops.at(0), &loops.at(1)},
       .channels = {node->channels().reporter()},
       .node = node->actor(),
       .registries = {registry},
       .answer = std::chrono::milliseconds{100}}};
  net::http::router routes;
  if (auto err = routes.get("/metrics", actors::metrics::http_handler(metrics)))
    return fail(err);
  // [/collector]
  auto server =
      net::http::serve(loops.at(0), "tcp://127.0.0.1:0", std::move(routes));
  if (!echo_server || !server)
    return fail(echo_server ? server.error() : echo_server.error());
  caf::scoped_actor self{sys};
  auto worker = self->spawn(counted);
  for (int i = 0; i < 100; ++i)
    self->send(worker, i);
  std::printf("listening %u\necho %u\n", unsigned{server->local.port()},
              unsigned{echo_server->local.port()});
  std::fflush(stdout);
  int signal = 0;
  while (sigwait(&awaited, &signal) == 0 && signal == SIGUSR1)
    gate.release();
  self->send_exit(worker, caf::exit_reason::user_shutdown);
}

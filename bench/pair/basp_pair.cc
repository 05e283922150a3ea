// Remote sends as CAF has them, with either middleman: stock, or Sluice's. The
// actors on both sides are the same for both, and CAF's own; with --flow they
// are flow_actors, and nothing but Sluice's signals bounds what is on its way.

#include "actors/flow_actor.h"
#include "actors/remote/middleman.h"
#include "bench/loopback.h"
#include "bench/pair/basp_receiver.h"
#include "bench/pair/basp_sender.h"
#include "bench/pair/job.h"
#include "bench/peer.h"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace sluice::bench;
using namespace sluice::bench::pair;
using sluice::actors::flow_actor;

struct basp_options {
  pair_options common;
  std::string middleman = "caf";
  bool flow = false;

  // The sender counts what is on its way. Job slow is about what happens if
  // nobody does.
  bool credited() const { return !flow && common.what != job::slow; }
};

void end(const caf::actor& x) {
  caf::anon_send<caf::message_priority::high>(
      x, caf::exit_msg{x.address(), caf::exit_reason::kill});
}

int receive(caf::actor_system& sys, const basp_options& options, int stop) {
  auto actor = options.flow ? sys.spawn(receiver<flow_actor>)
                            : sys.spawn(receiver<caf::event_based_actor>);
  auto port =
      sys.middleman().publish(actor, options.common.port, "127.0.0.1", true);
  if (!port) {
    std::fprintf(stderr, "%s\n", sys.render(port.error()).c_str());
    return 1;
  }
  announce(*port);
  await_stop_signal(stop);
  end(actor);
  return 0;
}

int send(caf::actor_system& sys, const basp_options& options) {
  auto peer = sys.middleman().remote_actor("127.0.0.1", options.common.port);
  if (!peer) {
    std::fprintf(stderr, "%s\n", sys.render(peer.error()).c_str());
    return 1;
  }
  sender_events events;
  auto spawn = [&](auto function) {
    return sys.spawn(function, *peer, options.common, options.credited(),
                     &events);
  };
  auto actor = options.flow ? spawn(sender<flow_actor>)
                            : spawn(sender<caf::event_based_actor>);
  events.connected.get_future().wait();
  await_start(options.common);
  caf::anon_send(actor, go::value);
  return finish(options.common, events.result.get_future().get());
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"CAF's remote sends."};
  basp_options options;
  add_pair_options(app, options.common,
                   {job::stream, job::bulk, job::ping, job::slow});
  app.add_option("--middleman", options.middleman)
      ->check(CLI::IsMember({"caf", "sluice"}))
      ->capture_default_str();
  app.add_flag("--flow", options.flow, "flow_actors on this side");
  CLI11_PARSE(app, argc, argv);
  if (options.common.sends && options.flow
      && options.common.what == job::ping) {
    std::fputs("--flow is not for ping: one message is no flow\n", stderr);
    return EXIT_FAILURE;
  }
  // A sender ends by itself, or as any program by a signal.
  auto stop = options.common.sends ? -1 : open_stop_signal();
  caf::actor_system_config config;
  // One worker needs nobody to steal from: idle, it shall wait to be woken, and
  // not poll between sleeps, which would be all that ping measures.
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", size_t{1});
  if (options.middleman == "sluice")
    config.load<sluice::actors::remote::middleman>();
  else
    config.load<caf::io::middleman>();
  caf::actor_system system{config};
  return options.common.sends ? send(system, options)
                              : receive(system, options, stop);
}

// Channels: an actor that owns an outlet in one process, and one that owns the
// inlet in the other. The sender is a flow_actor: it pushes, and is paused when
// there is no credit. Owners live on the scheduler, or with --pinned on the
// loop of the link.

#include "actors/channel/host.h"
#include "actors/config.h"
#include "actors/flow_actor.h"
#include "bench/loopback.h"
#include "bench/pair/channel_receiver.h"
#include "bench/pair/channel_sender.h"
#include "bench/pair/job.h"
#include "bench/peer.h"
#include "runtime/error.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <type_traits>
#include <vector>

namespace {

using namespace sluice::bench;
using namespace sluice::bench::pair;
using sluice::actors::flow_actor;
using sluice::actors::pinned_flow_actor;
using sluice::actors::channel::host;
using sluice::runtime::loop_group;

struct channel_options {
  pair_options common;
  sluice::actors::channel::inlet_options window;
  bool own_link = false;
  bool pinned = false;
  bool beside = false;
  unsigned spin_us = 0;
};

void end(const caf::actor& x) {
  caf::anon_send<caf::message_priority::high>(
      x, caf::exit_msg{x.address(), caf::exit_reason::kill});
}

// On the loop of the link or on the scheduler; `function` has both kinds.
template <class... Args>
caf::actor spawn(loop_group& loops, bool pinned,
                 caf::behavior (*on_loop)(pinned_flow_actor*, Args...),
                 caf::behavior (*on_scheduler)(flow_actor*, Args...),
                 std::type_identity_t<Args>... args) {
  return pinned ? sluice::runtime::spawn_on(loops.at(0), on_loop, args...)
                : loops.system().spawn(on_scheduler, args...);
}

int receive(loop_group& loops, host& channels, const channel_options& options,
            int stop) {
  // The inlets are there before a sender knows the port.
  std::vector<caf::actor> actors;
  for (bool of_blocks : {false, true}) {
    std::promise<void> open;
    actors.push_back(spawn(loops, options.pinned, receiver<pinned_flow_actor>,
                           receiver<flow_actor>, &channels, options.window,
                           of_blocks, &open));
    open.get_future().wait();
  }
  auto where =
      channels.listen("tcp://127.0.0.1:" + std::to_string(options.common.port));
  if (!where) {
    std::fprintf(stderr, "%s\n",
                 sluice::runtime::to_text(where.error()).c_str());
    return 1;
  }
  announce(where->port());
  await_stop_signal(stop);
  for (auto& x : actors)
    end(x);
  return 0;
}

// An actor that does `what`, connected.
caf::actor start_sender(loop_group& loops, host& channels,
                        const channel_options& options, pair_options what,
                        sender_events& events) {
  sender_setup setup{what, options.own_link};
  auto result = spawn(loops, options.pinned, sender<pinned_flow_actor>,
                      sender<flow_actor>, &channels, setup, &events);
  events.connected.get_future().wait();
  return result;
}

void begin(const caf::actor& x) {
  caf::anon_send<caf::message_priority::high>(x, go::value);
}

int send(loop_group& loops, host& channels, const channel_options& options) {
  sender_events events;
  sender_events events_beside;
  caf::actor beside;
  if (options.beside) {
    auto what = options.common;
    what.what = job::bulk;
    what.seconds += 3600; // until the process ends
    beside = start_sender(loops, channels, options, what, events_beside);
    begin(beside);
  }
  auto actor = start_sender(loops, channels, options, options.common, events);
  await_start(options.common);
  begin(actor);
  auto code = finish(options.common, events.result.get_future().get());
  end(actor);
  if (beside)
    end(beside);
  return code;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Sluice's channels."};
  channel_options options;
  add_pair_options(app, options.common,
                   {job::stream, job::bulk, job::ping, job::slow});
  app.add_flag("--pinned", options.pinned, "owners on the loop of the link");
  app.add_option("--spin-us", options.spin_us, "that an idle loop polls for")
      ->check(CLI::Range(0, 1'000'000));
  app.add_flag("--own-link", options.own_link,
               "a connection for the channel alone");
  app.add_flag("--beside", options.beside,
               "a stream of blocks beside what is measured");
  app.add_option("--window-messages", options.window.window_messages,
                 "of the receiver")
      ->check(CLI::Range(1, 1 << 30))
      ->capture_default_str();
  app.add_option("--window-bytes", options.window.window_bytes,
                 "of the receiver")
      ->check(CLI::Range(1, 1 << 30))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  // A sender ends by itself, or as any program by a signal.
  auto stop = options.common.sends ? -1 : open_stop_signal();
  sluice::actors::config cfg;
  // One worker needs nobody to steal from, and waits to be woken.
  cfg.set("scheduler.policy", caf::atom("sharing"));
  cfg.set("scheduler.max-threads", size_t{1});
  caf::actor_system sys{cfg};
  loop_group loops{
      sys, {.loops = 1, .spin = std::chrono::microseconds{options.spin_us}}};
  host channels{loops};
  auto code = options.common.sends ? send(loops, channels, options)
                                   : receive(loops, channels, options, stop);
  channels.stop();
  return code;
}

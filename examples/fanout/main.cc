// Fan-out: everybody who connects gets everything that is published, and who
// reads slowly misses some, or holds up the publisher, or is dismissed: choose.
// Reading order: publisher.cc, this file, actors/topic.h.
//
// Try it: nc 127.0.0.1 7000, and stop it with Ctrl-Z for a while.

#include "actors/config.h"
#include "actors/pressure_graph.h"
#include "actors/topic.h"
#include "examples/fanout/publisher.h"
#include "examples/support/server_program.h"
#include "examples/support/until_signal.h"
#include "net/listen.h"

#include <caf/all.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <map>
#include <string>

namespace {

namespace actors = sluice::actors;
namespace fanout = sluice::examples::fanout;
namespace net = sluice::net;
namespace runtime = sluice::runtime;
namespace support = sluice::examples::support;

using actors::slow_policy;

struct settings : support::server_options {
  actors::subscription how{.policy = slow_policy::drop_oldest};
  fanout::publisher_options publish;
  bool quiet = false;
};

/// A connection: subscribes itself, and has nothing else to say.
caf::behavior reader(net::stream_broker* self, const caf::actor& topic,
                     const actors::subscription& how) {
  self->send(topic, actors::subscribe{caf::actor{self}, how});
  return {
      [](const net::received&) {},
      [=](const actors::unsubscribed&) { self->close(); },
  };
}

/// What happened since the last look.
class live_line {
public:
  live_line(caf::actor_system& system, caf::actor topic)
      : system_(system), topic_(std::move(topic)), self_(system) {}

  actors::topic_counts look() {
    actors::topic_counts result;
    self_
        ->request<caf::message_priority::high>(topic_, std::chrono::seconds{5},
                                               actors::count_topic{})
        .receive([&](actors::topic_counts& x) { result = std::move(x); },
                 [](const caf::error&) {});
    return result;
  }

  void print() {
    auto now = look();
    std::size_t slow = 0;
    for (auto& x : now.subscribers)
      slow += x.under_pressure ? 1 : 0;
    auto held = actors::list_pressure(system_).edges.size();
    std::fprintf(stderr,
                 "%zu readers, %zu of them slow; %llu published, %llu a "
                 "second; %llu delivered, %llu missed, %llu dismissed; %zu "
                 "times somebody is held\n",
                 now.subscribers.size(), slow, count(now.published),
                 count(now.published - last_), count(now.delivered),
                 count(now.dropped), count(now.dismissed), held);
    last_ = now.published;
  }

  static unsigned long long count(std::uint64_t x) { return x; }

private:
  caf::actor_system& system_;
  caf::actor topic_;
  caf::scoped_actor self_;
  std::uint64_t last_ = 0;
};

int run(const settings& x) {
  support::until_signal end;
  actors::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys};
  auto topic = sys.spawn(actors::topic, actors::topic_options{});
  auto server = net::listen(loops, x.where, reader, {}, topic, x.how);
  if (!server)
    return support::fail(server.error());
  auto source = sys.spawn(fanout::publisher, topic, x.publish);
  support::announce(server->local);
  live_line line{sys, topic};
  for (long i = 0; x.seconds == 0 || i < x.seconds; ++i) {
    if (end.wait_for(std::chrono::seconds{1}))
      break;
    if (!x.quiet)
      line.print();
  }
  auto sum = line.look();
  std::printf("%llu published, %llu delivered, %llu missed, %llu dismissed\n",
              line.count(sum.published), line.count(sum.delivered),
              line.count(sum.dropped), line.count(sum.dismissed));
  caf::anon_send_exit(source, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(topic, caf::exit_reason::user_shutdown);
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Sends everything that is published to everybody."};
  settings x;
  support::add_server_options(app, x);
  const std::map<std::string, slow_policy> policies{
      {"pause", slow_policy::pause},
      {"drop-oldest", slow_policy::drop_oldest},
      {"drop-newest", slow_policy::drop_newest},
      {"disconnect", slow_policy::disconnect}};
  app.add_option("--slow", x.how.policy, "what happens to slow readers")
      ->transform(CLI::CheckedTransformer(policies))
      ->default_str("drop-oldest");
  app.add_option("--queue", x.how.queue_messages,
                 "messages kept for a slow reader")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--bytes", x.publish.message_bytes, "size of a message")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--rate", x.publish.rate,
                 "messages a second; 0: as fast as the readers")
      ->capture_default_str()
      ->check(CLI::Range(0, 10'000'000));
  app.add_flag("--quiet", x.quiet, "no line a second");
  CLI11_PARSE(app, argc, argv);
  return run(x);
}

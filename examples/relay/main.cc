// Relay: a stream of bytes through several processes, on one machine or on
// many, over channels. The slow end holds up the others, process by process,
// back to what is read; so no process needs more than a few megabytes. Reading
// order: part.h, stages.cc, forwarder.cc, this file.
//
// Try it, each line in a terminal of its own:
//   relay sink --listen unix:///tmp/c --bytes-per-second 200K >copy
//   relay hop --listen unix:///tmp/b --to unix:///tmp/c
//   relay hop --listen unix:///tmp/a --to unix:///tmp/b
//   cat FILE | relay source --to unix:///tmp/a
// and stop one of them with Ctrl-Z for a while.

#include "actors/channel/host.h"
#include "actors/config.h"
#include "actors/flow_actor.h"
#include "examples/relay/part.h"
#include "examples/relay/stages.h"
#include "examples/relay/status.h"
#include "examples/support/descriptor.h"
#include "examples/support/reader.h"
#include "examples/support/writer.h"
#include "runtime/error.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace {

namespace actors = sluice::actors;
namespace channel = sluice::actors::channel;
namespace relay = sluice::examples::relay;
namespace runtime = sluice::runtime;
namespace support = sluice::examples::support;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto draw_interval = 200ms;

struct settings {
  enum { source, hop, sink } role = source;
  std::string listen;
  std::string to;
  std::string file = "-";
  std::uint64_t rate = 0;
  int patience_s = 20;
  int silence_s = 15;
  bool quiet = false;
};

constexpr const char* role_names[] = {"source", "hop", "sink"};

double mebibytes(std::size_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

/// What passes here, what waits, and whether this process is held up.
class live_line {
public:
  void draw(const settings& x, const relay::status& shared,
            const actors::flow_control& flow) {
    auto passed = x.role == settings::sink ? shared.bytes_written.load()
                                           : shared.bytes_pushed.load();
    auto now = steady_clock::now();
    std::chrono::duration<double> since = now - at_;
    auto rate = static_cast<double>(passed - count_) / since.count();
    count_ = passed;
    at_ = now;
    auto waits = x.role == settings::sink ? shared.bytes_waiting.load()
                                          : shared.bytes_pending.load();
    auto link =
        x.role == settings::sink || shared.connected ? "" : ", not connected";
    std::fprintf(stderr,
                 "\r%s: %.1f MiB, %.2f MiB/s; %zu KiB wait, %zu messages%s%s"
                 "\x1b[K",
                 role_names[x.role], mebibytes(passed), rate / (1 << 20),
                 waits / 1024, flow.queued(), link,
                 flow.paused() ? ", paused" : "");
    drawn_ = true;
  }

  void clear() const {
    if (drawn_)
      std::fputs("\r\x1b[K", stderr);
  }

private:
  std::uint64_t count_ = 0;
  steady_clock::time_point at_ = steady_clock::now();
  bool drawn_ = false;
};

void print_summary(const settings& x, const relay::status& shared,
                   std::chrono::duration<double> passed) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto bytes = x.role == settings::sink ? shared.bytes_written.load()
                                        : shared.bytes_pushed.load();
  std::fprintf(stderr,
               "%s: %llu bytes, %.2f s; at most %zu bytes waited; the link was "
               "opened again %d times; memory at most %.1f MiB\n",
               role_names[x.role], static_cast<unsigned long long>(bytes),
               passed.count(),
               x.role == settings::sink ? shared.bytes_waiting_peak.load()
                                        : shared.bytes_pending_peak.load(),
               shared.reopened.load(),
               static_cast<double>(usage.ru_maxrss) / 1024);
  if (x.role == settings::source)
    std::fprintf(stderr, "SHA-256 %s\n", shared.sha256.c_str());
  if (x.role == settings::sink)
    std::fprintf(stderr, "SHA-256 %s, as at the source\n",
                 shared.sha256.c_str());
}

actors::flow_actor& flow_actor_of(const caf::actor& x) {
  return *static_cast<actors::flow_actor*>(
      caf::actor_cast<caf::abstract_actor*>(x));
}

int fail(const caf::error& err) {
  std::fprintf(stderr, "%s\n", runtime::to_text(err).c_str());
  return EXIT_FAILURE;
}

int run(const settings& x, const support::descriptor& file) {
  // A reader of the output that goes away is an error of write(2).
  std::signal(SIGPIPE, SIG_IGN);
  support::until_signal end;
  auto start = steady_clock::now();
  relay::status shared;
  shared.patience = std::chrono::seconds{x.patience_s};
  actors::config cfg;
  cfg.set("scheduler.max-threads", 1);
  cfg.add_message_type<relay::part>("relay.part");
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1, .spin = {}}};
  channel::host_options options;
  options.silence_max = std::chrono::seconds{x.silence_s};
  options.ping_interval = options.silence_max / 4;
  channel::host channels{loops, options};
  auto& loop = loops.at(0);
  caf::actor stage;
  switch (x.role) {
  case settings::source:
    stage = sys.spawn(relay::source, &channels, x.to, &shared);
    flow_actor_of(stage).limit_mailbox(relay::chunk_limits);
    support::spawn_reader(loop, file, stage, shared);
    break;
  case settings::hop:
    stage = sys.spawn(relay::hop, &channels, x.to, &shared);
    break;
  case settings::sink: {
    auto out =
        support::spawn_writer(loop, file, static_cast<double>(x.rate), shared);
    stage = sys.spawn(relay::sink, &channels, out, &shared);
  }
  }
  if (x.role != settings::source) {
    auto where = channels.listen(x.listen);
    if (!where)
      return fail(where.error());
    std::fprintf(stderr, "listening %s\n", to_string(*where).c_str());
  }
  auto& flow = flow_actor_of(stage).flow();
  live_line line;
  auto draws = !x.quiet && ::isatty(STDERR_FILENO) == 1;
  while (!end.wait_for(draw_interval)) {
    caf::anon_send<caf::message_priority::high>(stage, relay::look{});
    if (draws)
      line.draw(x, shared, flow);
  }
  line.clear();
  auto error = shared.ended() ? shared.error()
                              : "interrupted: the stream is not complete";
  caf::anon_send<caf::message_priority::high>(
      stage, caf::exit_msg{stage.address(), caf::exit_reason::kill});
  channels.stop();
  loops.stop();
  if (!error.empty()) {
    std::fprintf(stderr, "relay %s: %s\n", role_names[x.role], error.c_str());
    return EXIT_FAILURE;
  }
  if (!x.quiet)
    print_summary(x, shared, steady_clock::now() - start);
  return EXIT_SUCCESS;
}

int run(const settings& x) {
  caf::expected<support::descriptor> file{support::descriptor{}};
  if (x.role == settings::source)
    file = support::open_input(x.file);
  else if (x.role == settings::sink)
    file = support::open_output(x.file, support::descriptor{});
  return file ? run(x, *file) : fail(file.error());
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Relays a stream of bytes through several processes."};
  app.require_subcommand(1);
  settings x;
  app.add_flag("--quiet", x.quiet, "no live line and no summary");
  app.add_option("--patience", x.patience_s,
                 "seconds for a lost neighbour to come back")
      ->capture_default_str()
      ->check(CLI::Range(0, 86'400));
  app.add_option("--silence", x.silence_s,
                 "seconds without a sign of a neighbour after which it is lost")
      ->capture_default_str()
      ->check(CLI::Range(1, 86'400));
  app.fallthrough();
  auto add = [&](const char* name, const char* what, auto role) {
    auto command = app.add_subcommand(name, what);
    command->callback([&x, role] { x.role = role; });
    return command;
  };
  auto source = add("source", "reads a file and sends it", settings::source);
  source->add_option("--to", x.to, "where the next process listens")
      ->required();
  source->add_option("input", x.file, "the file; -: the standard input")
      ->capture_default_str();
  auto hop = add("hop", "passes on what it gets", settings::hop);
  hop->add_option("--listen", x.listen, "where to listen")->required();
  hop->add_option("--to", x.to, "where the next process listens")->required();
  auto sink = add("sink", "writes what it gets", settings::sink);
  sink->add_option("--listen", x.listen, "where to listen")->required();
  sink->add_option("output", x.file, "the file; -: the standard output")
      ->capture_default_str();
  sink->add_option("--bytes-per-second", x.rate,
                   "what to write at most, as in 500K or 2M; 0: as fast as it "
                   "goes")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return run(x);
}

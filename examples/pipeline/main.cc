// A pipeline of actors: reads a file or the standard input, cuts it into lines,
// numbers them and writes them, perhaps slowly. The slow end holds up the
// others one by one, back to the reader; so the program needs the same few
// megabytes for any file and any reader of its output. Reading order:
// messages.h, stages.cc, this file, examples/support/reader.cc and writer.cc.
//
// Try it: seq 1000000 | pipeline --number --rate 200K >/dev/null

#include "examples/pipeline/limits.h"
#include "examples/pipeline/progress.h"
#include "examples/pipeline/stages.h"
#include "examples/support/descriptor.h"
#include "examples/support/reader.h"
#include "examples/support/writer.h"
#include "net/config.h"
#include "runtime/error.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <string>

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

namespace {

namespace actors = sluice::actors;
namespace net = sluice::net;
namespace pipeline = sluice::examples::pipeline;
namespace runtime = sluice::runtime;
namespace support = sluice::examples::support;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto draw_interval = 200ms;

struct settings {
  std::string input = "-";
  std::string output = "-";
  std::uint64_t rate = 0;
  actors::mailbox_limits limits;
  bool numbers = false;
  bool quiet = false;
};

struct stages {
  caf::actor read;
  caf::actor parse;
  caf::actor enrich;
  caf::actor sink;
};

template <class Actor>
Actor& get(const caf::actor& x) {
  return *static_cast<Actor*>(caf::actor_cast<caf::abstract_actor*>(x));
}

/// Spawns a stage. Its limits hold before anybody can send to it.
template <class... Args>
caf::actor spawn_stage(caf::actor_system& sys,
                       const actors::mailbox_limits& limits, Args... args) {
  auto x = sys.spawn(args...);
  get<actors::flow_actor>(x).limit_mailbox(limits);
  return x;
}

const actors::flow_control& flow_of(const caf::actor& x) {
  return get<actors::flow_actor>(x).flow();
}

/// The line on the terminal. The main function draws it: a terminal that is
/// stopped would hold up an actor, and all others on its thread.
class live_line {
public:
  void draw(const stages& all, const pipeline::progress& shared) {
    std::string text = "read " + rate_text(shared.bytes_read, read_)
                       + mark(get<support::reader>(all.read).flow());
    text += " | parse " + level_text(all.parse);
    text += " | enrich " + level_text(all.enrich);
    text += " | sink " + level_text(all.sink);
    text += " | write " + rate_text(shared.bytes_written, written_) + ", "
            + std::to_string(shared.bytes_waiting / 1024) + " KiB wait";
    std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
    drawn_ = true;
  }

  void clear() const {
    if (drawn_)
      std::fputs("\r\x1b[K", stderr);
  }

private:
  struct rate {
    std::uint64_t count = 0;
    steady_clock::time_point at = steady_clock::now();
  };

  static std::string rate_text(std::uint64_t count, rate& last) {
    auto now = steady_clock::now();
    std::chrono::duration<double> passed = now - last.at;
    auto more = static_cast<double>(count - last.count);
    last = {count, now};
    char text[32];
    std::snprintf(text, sizeof text, "%.1f MB/s", more / passed.count() / 1e6);
    return text;
  }

  static std::string mark(const actors::flow_control& x) {
    return x.paused() ? " (paused)" : "";
  }

  static std::string level_text(const caf::actor& x) {
    return std::to_string(flow_of(x).queued()) + mark(flow_of(x));
  }

  rate read_;
  rate written_;
  bool drawn_ = false;
};

void print_summary(const stages& all, const pipeline::progress& shared,
                   std::chrono::duration<double> passed) {
  auto parse = flow_of(all.parse).counts();
  auto enrich = flow_of(all.enrich).counts();
  auto sink = flow_of(all.sink).counts();
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto number = [](unsigned long long x) { return x; };
  std::fprintf(
      stderr,
      "%llu lines, %llu bytes, %.2f s; queues at most: parse %zu, "
      "enrich %zu, sink %zu, output %zu bytes; paused: read %llu, "
      "parse %llu, enrich %llu, sink %llu times; memory at most "
      "%.1f MiB\n",
      number(shared.lines), number(shared.bytes_written), passed.count(),
      parse.peak, enrich.peak, sink.peak, shared.bytes_waiting_peak.load(),
      number(parse.overloads), number(enrich.overloads), number(sink.overloads),
      number(shared.sink_held), static_cast<double>(usage.ru_maxrss) / 1024);
}

/// glibc reserves 64 MiB of addresses for each thread that allocates. Under a
/// limit (`ulimit -v`) it would fail to, and try again with every allocation.
void use_little_address_space() {
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    mallopt(M_ARENA_MAX, 1);
}

int run(const settings& x, const support::descriptor& input,
        const support::descriptor& output) {
  // A reader of the output that goes away is an error of write(2).
  std::signal(SIGPIPE, SIG_IGN);
  sluice::examples::support::until_signal end;
  auto start = steady_clock::now();
  use_little_address_space();
  pipeline::progress shared;
  net::config cfg;
  cfg.set("scheduler.max-threads", 2);
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  auto& loop = loops.at(0);
  // [pipeline]
  auto out =
      support::spawn_writer(loop, output, static_cast<double>(x.rate), shared);
  stages all;
  all.sink =
      spawn_stage(sys, x.limits, pipeline::sink, out, x.numbers, &shared);
  all.enrich = spawn_stage(sys, x.limits, pipeline::enrich, all.sink, &shared);
  all.parse = spawn_stage(
      sys, {.high = pipeline::chunks_high, .low = pipeline::chunks_low},
      pipeline::parse, all.enrich);
  all.read = support::spawn_reader(loop, input, all.parse, shared);
  // [/pipeline]
  live_line line;
  auto draws = !x.quiet && ::isatty(STDERR_FILENO) == 1;
  while (!end.wait_for(draw_interval))
    if (draws)
      line.draw(all, shared);
  line.clear();
  auto error = shared.ended() ? shared.error()
                              : "interrupted: the output is not complete";
  // With high priority they pass all that waits, and where an actor is paused.
  for (auto& stage : {all.parse, all.enrich, all.sink})
    caf::anon_send<caf::message_priority::high>(
        stage, caf::exit_msg{stage.address(), caf::exit_reason::kill});
  loops.stop();
  if (!x.quiet)
    print_summary(all, shared, steady_clock::now() - start);
  if (error.empty())
    return EXIT_SUCCESS;
  std::fprintf(stderr, "%s\n", error.c_str());
  return EXIT_FAILURE;
}

int run(const settings& x) {
  // Opening a named pipe waits for its other end: signals still end that.
  auto input = support::open_input(x.input);
  if (!input) {
    std::fprintf(stderr, "%s\n", runtime::to_text(input.error()).c_str());
    return EXIT_FAILURE;
  }
  auto output = support::open_output(x.output, *input);
  if (!output) {
    std::fprintf(stderr, "%s\n", runtime::to_text(output.error()).c_str());
    return EXIT_FAILURE;
  }
  return run(x, *input, *output);
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Passes lines through a pipeline of actors."};
  settings x;
  app.add_option("input", x.input, "the file to read; -: the standard input")
      ->capture_default_str();
  app.add_option("--output", x.output,
                 "the file to write; -: the standard output")
      ->capture_default_str();
  app.add_option("--rate", x.rate,
                 "bytes to write a second, as in 500K or 2M; 0: as fast as it "
                 "goes")
      ->transform(CLI::AsSizeValue(false))
      ->capture_default_str();
  auto marks = CLI::Range(1, 1'000'000);
  app.add_option("--high", x.limits.high,
                 "lines that wait for a stage when it holds up the one before")
      ->capture_default_str()
      ->check(marks);
  app.add_option("--low", x.limits.low,
                 "lines that wait when it lets that one go on")
      ->capture_default_str()
      ->check(marks);
  app.add_flag("--number", x.numbers, "number the lines, as cat -n does");
  app.add_flag("--quiet", x.quiet, "no live line and no summary");
  CLI11_PARSE(app, argc, argv);
  if (x.limits.low >= x.limits.high) {
    std::fputs("--low must be below --high\n", stderr);
    return EXIT_FAILURE;
  }
  x.limits.cap = std::max(x.limits.cap, 2 * x.limits.high);
  return run(x);
}

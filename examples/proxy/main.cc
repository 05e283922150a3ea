// A TCP proxy: each client gets a connection of its own to the target, and what
// comes in at one end goes out at the other.
//
// No line of it slows anybody down, and still a fast client cannot flood it on
// the way to a slow target, nor the other way round: an end that is told by the
// other one to slow down stops reading until it is told to go on. Then the
// receive window of its peer closes, and the peer slows down.

#include "examples/support/server_program.h"
#include "examples/support/until_signal.h"
#include "net/config.h"
#include "net/listen.h"
#include "runtime/error.h"

#include <caf/actor_system.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace {

namespace net = sluice::net;
namespace runtime = sluice::runtime;
namespace support = sluice::examples::support;

struct settings : support::server_options {
  std::string target;
  long idle_seconds = 0;
};

void log_end(const net::closed& why) {
  // One end failed; that the other one is aborted for it says nothing new.
  if (why.error && why.reason != net::close_reason::aborted)
    std::fprintf(stderr, "%s\n", runtime::to_text(why.error).c_str());
}

// [relay]
/// One end of a pair. `other` is the other end, on the same loop.
caf::behavior relay(net::stream_broker* self, const caf::actor& other) {
  return {
      [=](const net::received& in) { self->send(other, net::write{in.bytes}); },
      [=](net::half_closed) { self->send(other, net::shutdown_write{}); },
      [=](const net::rejected&) {
        // The other end is ending, or has no room. What is behind a gap is of
        // no use to anybody.
        self->abort();
      },
      [=](const net::closed& why) {
        auto whole = net::is_orderly(why.reason);
        auto how = whole ? net::close_mode::drain : net::close_mode::abort;
        self->send(other, net::close{how});
        log_end(why);
      },
      [=](net::timed_out what) {
        if (what.which != net::timeout::idle)
          return;
        std::fprintf(stderr, "%s: idle\n", to_string(self->remote()).c_str());
        self->send(other, net::close{});
        self->close();
      },
  };
}
// [/relay]

caf::behavior client(net::stream_broker* self, const settings& x) {
  auto target =
      net::connect(self->loop(), x.target, relay, {}, caf::actor{self});
  self->idle_timeout(std::chrono::seconds{x.idle_seconds});
  return relay(self, *target);
}

int run(const settings& x) {
  support::until_signal end;
  // Each client brings a connection to it; a bad one is better said now.
  if (auto target = net::prepare_connect(x.target, {}); !target)
    return support::fail(target.error());
  net::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys};
  auto server = net::listen(loops, x.where, client, {}, x);
  if (!server)
    return support::fail(server.error());
  support::announce(server->local);
  end.wait(std::chrono::seconds{x.seconds});
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Passes connections on to another server."};
  settings x;
  support::add_server_options(app, x);
  app.add_option("--to", x.target, "the server, as in tcp://example.org:80")
      ->required();
  support::add_seconds(app, "--idle", x.idle_seconds,
                       "seconds without a byte after which a client is closed; "
                       "0: never");
  CLI11_PARSE(app, argc, argv);
  return run(x);
}

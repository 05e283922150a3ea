// An HTTP server that shows what one does, route by route: read routes.cc. Try
// it with curl, a browser or wrk:
//
//   curl http://127.0.0.1:8080/hello
//   curl -T - http://127.0.0.1:8080/echo      # what is typed comes back
//   curl http://127.0.0.1:8080/count/1000000000 | head

#include "examples/http/routes.h"
#include "examples/support/server_program.h"
#include "examples/support/until_signal.h"
#include "net/config.h"
#include "net/http/serve.h"
#include "runtime/error.h"

#include <caf/actor_system.hpp>

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdlib>
#include <limits>
#include <string>

namespace {

namespace http = sluice::net::http;
namespace http_server = sluice::examples::http_server;
namespace net = sluice::net;
namespace runtime = sluice::runtime;
namespace support = sluice::examples::support;

struct settings {
  support::server_options server;
  http_server::route_settings routes;
  http::server_options http;
  std::size_t loops = 0;
  long drain_ms = runtime::limits::stop_drain.count();
};

void add_ms(CLI::App& app, const std::string& name, runtime::duration& to,
            const std::string& meaning) {
  auto now = std::chrono::duration_cast<std::chrono::milliseconds>(to).count();
  app.add_option_function<long>(
         name, [&to](long ms) { to = std::chrono::milliseconds{ms}; },
         meaning + " [" + std::to_string(now) + "]")
      ->check(CLI::Range(1L, 86'400'000L))
      ->type_name("MS");
}

int run(const settings& x) {
  support::until_signal end;
  // [serve]
  net::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{
      sys,
      {.loops = x.loops, .stop_drain = std::chrono::milliseconds{x.drain_ms}}};
  http::router routes;
  if (auto err = http_server::add_routes(routes, x.routes))
    return support::fail(err);
  auto server = http::serve(loops, x.server.where, std::move(routes), x.http);
  if (!server)
    return support::fail(server.error());
  support::announce(server->local);
  end.wait(std::chrono::seconds{x.server.seconds});
  loops.stop();
  // [/serve]
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Serves texts, files and a WebSocket over HTTP."};
  settings x;
  x.server.where = "tcp://127.0.0.1:8080";
  x.routes.body_bytes_max = std::uint64_t{1} << 30;
  support::add_server_options(app, x.server);
  app.add_option("--folder", x.routes.folder, "served at /files")
      ->check(CLI::ExistingDirectory);
  app.add_option("--loops", x.loops, "threads; 0: as many as cores")
      ->check(CLI::Range(0, 64));
  app.add_option("--drain-ms", x.drain_ms,
                 "what is under way may take so long at the end")
      ->check(CLI::Range(0, 86'400'000));
  app.add_option("--connections-max", x.http.connections_max,
                 "one more is answered 503")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--body-bytes-max", x.routes.body_bytes_max,
                 "of a body that is sent to /echo");
  add_ms(app, "--head-timeout-ms", x.http.head_deadline,
         "for the head of a request");
  add_ms(app, "--body-timeout-ms", x.http.body_silence,
         "without a byte of a body");
  add_ms(app, "--idle-timeout-ms", x.http.idle, "between two requests");
  add_ms(app, "--write-timeout-ms", x.http.listener.stream.write_stall,
         "for a client that takes nothing of an answer");
  CLI11_PARSE(app, argc, argv);
  return run(x);
}

// An HTTP server on one loop, as bench/harness/http.py compares it with nginx:
// a short text, and the files of a folder.

#include "bench/loopback.h"
#include "bench/peer.h"
#include "net/config.h"
#include "net/http/router.h"
#include "net/http/serve.h"
#include "runtime/error.h"

#include <CLI/CLI.hpp>
#include <caf/actor_system.hpp>

#include <cstdio>
#include <string>

namespace {

namespace http = sluice::net::http;

void small(http::server_broker* self, const http::request&,
           const http::path_parameters&) {
  self->respond(http::status::ok, "text/plain", "hello\n");
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Serves a short text and files over HTTP."};
  unsigned port = 0;
  std::string folder;
  app.add_option("--port", port, "0 lets the system choose");
  app.add_option("--folder", folder, "served at /files");
  CLI11_PARSE(app, argc, argv);
  auto stop = sluice::bench::open_stop_signal();
  sluice::net::config cfg;
  cfg.set("scheduler.max-threads", 1);
  caf::actor_system system{cfg};
  sluice::runtime::loop_group loops{system, {.loops = 1}};
  http::router routes;
  auto err = routes.get("/small", small);
  if (!err && !folder.empty())
    err = routes.files("/files", folder);
  if (err) {
    std::fprintf(stderr, "%s\n", sluice::runtime::to_text(err).c_str());
    return 1;
  }
  // As many as bench/harness/http.py lets nginx have.
  http::server_options options;
  options.connections_max = 20'000;
  auto server = http::serve(loops, "tcp://127.0.0.1:" + std::to_string(port),
                            std::move(routes), options);
  if (!server) {
    std::fprintf(stderr, "%s\n",
                 sluice::runtime::to_text(server.error()).c_str());
    return 1;
  }
  sluice::bench::announce(server->local.port());
  sluice::bench::await_stop_signal(stop);
}

#include "examples/support/server_program.h"

#include "runtime/error.h"

#include <cstdio>
#include <cstdlib>

namespace sluice::examples::support {

void add_seconds(CLI::App& app, const std::string& name, long& seconds,
                 const std::string& meaning) {
  app.add_option(name, seconds, meaning)
      ->capture_default_str()
      ->check(CLI::Range(0, 999'999'999));
}

void add_server_options(CLI::App& app, server_options& options) {
  app.add_option("--listen", options.where,
                 "where to listen; port 0: any free one")
      ->capture_default_str();
  add_seconds(app, "--seconds", options.seconds,
              "end after this time; 0: never");
}

int fail(const caf::error& why) {
  std::fprintf(stderr, "%s\n", runtime::to_text(why).c_str());
  return EXIT_FAILURE;
}

void announce(const net::endpoint& local) {
  std::printf("listening %u\n", local.port());
  std::fflush(stdout);
}

} // namespace sluice::examples::support

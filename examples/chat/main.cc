// A chat: rooms full of people who type lines. One who does not read holds up
// nobody else. Reading order: line.h, member.cc, hall.h, hall.cc, this file.
//
// Try it: nc 127.0.0.1 7000, in several terminals.

#include "examples/chat/hall.h"
#include "examples/chat/member.h"
#include "examples/support/until_signal.h"
#include "net/config.h"
#include "net/listen.h"
#include "runtime/error.h"

#include <caf/actor_system.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <string>

namespace {

namespace chat = sluice::examples::chat;
namespace net = sluice::net;
namespace runtime = sluice::runtime;

int run(const std::string& where, chat::slow_members policy, long seconds) {
  sluice::examples::support::until_signal end;
  net::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys};
  auto hall = runtime::spawn_on<chat::hall>(loops.at(0));
  auto server = net::listen(loops, where, chat::member,
                            {.stream = chat::member_options(policy)}, hall);
  if (!server) {
    std::fprintf(stderr, "%s\n", runtime::to_text(server.error()).c_str());
    return EXIT_FAILURE;
  }
  std::printf("listening %u\n", server->local.port());
  std::fflush(stdout);
  end.wait(std::chrono::seconds{seconds});
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"A chat with rooms."};
  std::string where = "tcp://127.0.0.1:7000";
  auto policy = chat::slow_members::lose_lines;
  long seconds = 0;
  app.add_option("--listen", where, "where to listen; port 0: any free one")
      ->capture_default_str();
  const std::map<std::string, chat::slow_members> policies{
      {"lose-lines", chat::slow_members::lose_lines},
      {"leave", chat::slow_members::leave}};
  app.add_option("--slow", policy,
                 "what members do who read slower than the others talk")
      ->transform(CLI::CheckedTransformer(policies))
      ->default_str("lose-lines");
  app.add_option("--seconds", seconds, "end after this time; 0: never")
      ->capture_default_str()
      ->check(CLI::Range(0, 999'999'999));
  CLI11_PARSE(app, argc, argv);
  return run(where, policy, seconds);
}

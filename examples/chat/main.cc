// A chat: rooms full of people who type lines. One who does not read holds up
// nobody else. Reading order: line.h, member.cc, hall.h, hall.cc, this file.
//
// Try it: nc 127.0.0.1 7000, in several terminals.

#include "examples/chat/hall.h"
#include "examples/chat/member.h"
#include "examples/support/server_program.h"
#include "examples/support/until_signal.h"
#include "net/config.h"
#include "net/listen.h"

#include <caf/actor_system.hpp>

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <map>
#include <string>

namespace {

namespace chat = sluice::examples::chat;
namespace net = sluice::net;
namespace runtime = sluice::runtime;
namespace support = sluice::examples::support;

int run(const support::server_options& x, chat::slow_members policy) {
  support::until_signal end;
  net::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys};
  auto hall = runtime::spawn_on<chat::hall>(loops.at(0));
  auto server = net::listen(loops, x.where, chat::member,
                            {.stream = chat::member_options(policy)}, hall);
  if (!server)
    return support::fail(server.error());
  support::announce(server->local);
  end.wait(std::chrono::seconds{x.seconds});
  return EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"A chat with rooms."};
  support::server_options x;
  auto policy = chat::slow_members::lose_lines;
  support::add_server_options(app, x);
  const std::map<std::string, chat::slow_members> policies{
      {"lose-lines", chat::slow_members::lose_lines},
      {"leave", chat::slow_members::leave}};
  app.add_option("--slow", policy,
                 "what members do who read slower than the others talk")
      ->transform(CLI::CheckedTransformer(policies))
      ->default_str("lose-lines");
  CLI11_PARSE(app, argc, argv);
  return run(x, policy);
}

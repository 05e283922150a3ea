// A program that uses CAF and nothing else: one process adds up the numbers
// that another one sends it.
//
//   tally serve               prints "listening PORT"; ends at the end of its
//                             input
//   tally send PORT COUNT     prints "sum SUM", of 1 to COUNT, as the other one
//                             has it; "lost" if the other one goes before
//
// Settings are taken from tally.ini, if there is one.

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

using add_atom = caf::atom_constant<caf::atom("add")>;
using sum_atom = caf::atom_constant<caf::atom("sum")>;

caf::behavior adder(caf::stateful_actor<std::uint64_t>* self) {
  self->state = 0;
  return {
      [=](add_atom, std::uint64_t x) { self->state += x; },
      [=](sum_atom) { return self->state; },
  };
}

int serve(caf::actor_system& system) {
  auto tally = system.spawn(adder);
  auto port = system.middleman().publish(tally, 0, "127.0.0.1");
  if (!port)
    return 1;
  std::cout << "listening " << *port << std::endl;
  std::string line;
  while (std::getline(std::cin, line))
    ;
  caf::anon_send_exit(tally, caf::exit_reason::user_shutdown);
  return 0;
}

int send(caf::actor_system& system, std::uint16_t port, std::uint64_t count) {
  auto tally = system.middleman().remote_actor("127.0.0.1", port);
  if (!tally)
    return 1;
  caf::scoped_actor self{system};
  for (std::uint64_t i = 1; i <= count; ++i)
    self->send(*tally, add_atom::value, i);
  self->request(*tally, caf::infinite, sum_atom::value)
      .receive(
          [](std::uint64_t sum) { std::cout << "sum " << sum << std::endl; },
          [](const caf::error&) { std::cout << "lost" << std::endl; });
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  caf::actor_system_config cfg;
  // [adopt-before]
  cfg.load<caf::io::middleman>();
  // [/adopt-before]
  char* nothing[] = {argv[0], nullptr};
  if (auto error = cfg.parse(1, nothing, "tally.ini"))
    return 2;
  caf::actor_system system{cfg};
  std::string role = argc > 1 ? argv[1] : "";
  if (role == "serve")
    return serve(system);
  if (role == "send" && argc > 3)
    return send(system, static_cast<std::uint16_t>(std::atoi(argv[2])),
                std::strtoull(argv[3], nullptr, 10));
  return 2;
}

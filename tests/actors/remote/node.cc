// One end of a pair of processes: an actor that receives numbers, or one that
// sends them to it as fast as it may. Prints "ready PORT" or "ready 0" when it
// is, and then answers each line that it reads with a line:
//
//   node receive caf|sluice plain|flow MICROSECONDS
//     MICROSECONDS  that it takes for a message
//     count         "HANDLED GAPS": gaps are numbers that did not follow the
//                   one before
//   node send caf|sluice plain|flow|anonymous PORT BYTES COUNT
//     plain         knows the signals, and goes on; flow: is paused by them
//     go            "ok"; it begins
//     count         "SENT APPLIED RELEASED REJECTED DROPPED LOST_BYTES DOWN"
//
// It ends at the end of its input.

#include "actors/config.h"
#include "actors/flow_actor.h"
#include "actors/rejected_message.h"
#include "actors/remote/middleman.h"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>

namespace {

using namespace sluice;
using namespace sluice::actors;

using next_atom = caf::atom_constant<caf::atom("next")>;

struct counters {
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> gaps{0};
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> applied{0};
  std::atomic<std::uint64_t> released{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> down{0};
};

template <class Self>
caf::behavior receiver(Self* self, counters* my,
                       std::chrono::microseconds work) {
  self->set_default_handler(caf::drop);
  auto last = std::make_shared<std::uint64_t>(0);
  return {
      [=](std::uint64_t n, const std::string&) {
        if (work.count() > 0)
          std::this_thread::sleep_for(work);
        if (n != *last + 1)
          ++my->gaps;
        *last = n;
        ++my->handled;
      },
  };
}

struct sender_options {
  bool anonymous = false;
  std::size_t bytes = 0;
  std::uint64_t count = 0;
};

template <class Self>
caf::behavior sender(Self* self, counters* my, const caf::actor& to,
                     const sender_options& options) {
  self->monitor(to);
  self->set_down_handler([=](const caf::down_msg&) { ++my->down; });
  std::string payload(options.bytes, 'x');
  if constexpr (std::is_same_v<Self, flow_actor>) {
    // It shall count the signals as well as obey them.
    mailbox_limits limits;
    limits.pause = false;
    self->limit_mailbox(limits);
  }
  return {
      [=](next_atom) {
        // Few, since CAF handles a few messages that come back to each of
        // these.
        for (int i = 0; i < 2 && my->sent < options.count; ++i) {
          auto n = ++my->sent;
          if (options.anonymous)
            caf::anon_send(to, n, payload);
          else
            self->send(to, n, payload);
        }
        if (my->sent < options.count && my->down == 0)
          self->send(self, next_atom::value);
      },
      [=](const runtime::backpressure& x) {
        ++(x.state == runtime::pressure::released ? my->released : my->applied);
        if constexpr (std::is_same_v<Self, flow_actor>)
          self->obey(x);
      },
      [=](const rejected_message&) { ++my->rejected; },
  };
}

template <class Answer>
int answer_lines(Answer answer) {
  std::string line;
  while (std::getline(std::cin, line))
    std::cout << answer(line) << std::endl;
  return 0;
}

std::string join(std::initializer_list<std::uint64_t> numbers) {
  std::string result;
  for (auto x : numbers)
    result += (result.empty() ? "" : " ") + std::to_string(x);
  return result;
}

int receive(caf::actor_system& system, const std::string& kind, int work) {
  counters my;
  std::chrono::microseconds each{work};
  auto actor = kind == "flow"
                   ? system.spawn(receiver<flow_actor>, &my, each)
                   : system.spawn(receiver<caf::event_based_actor>, &my, each);
  auto port = system.middleman().publish(actor, 0, "127.0.0.1");
  if (!port) {
    std::cerr << system.render(port.error()) << std::endl;
    return 1;
  }
  std::cout << "ready " << *port << std::endl;
  answer_lines([&](const std::string&) { return join({my.handled, my.gaps}); });
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  return 0;
}

int send(caf::actor_system& system, const std::string& kind, int port,
         sender_options options) {
  counters my;
  auto to = system.middleman().remote_actor("127.0.0.1",
                                            static_cast<std::uint16_t>(port));
  if (!to) {
    std::cerr << system.render(to.error()) << std::endl;
    return 1;
  }
  options.anonymous = kind == "anonymous";
  auto actor =
      kind == "flow"
          ? system.spawn(sender<flow_actor>, &my, *to, options)
          : system.spawn(sender<caf::event_based_actor>, &my, *to, options);
  std::cout << "ready 0" << std::endl;
  auto ours = remote::middleman::of(system);
  answer_lines([&](const std::string& line) -> std::string {
    if (line == "go") {
      caf::anon_send(actor, next_atom::value);
      return "ok";
    }
    auto counts = ours != nullptr ? ours->counts() : remote::remote_counts{};
    return join({my.sent, my.applied, my.released, my.rejected, counts.dropped,
                 counts.lost_bytes, my.down});
  });
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  if (argc < 5)
    return 2;
  std::string role = argv[1], middleman = argv[2], kind = argv[3];
  config settings;
  settings.set("scheduler.max-threads", std::size_t{2});
  if (middleman == "sluice")
    settings.load<remote::middleman>();
  else
    settings.load<caf::io::middleman>();
  caf::actor_system system{settings};
  if (role == "receive")
    return receive(system, kind, std::stoi(argv[4]));
  if (argc < 7)
    return 2;
  sender_options options;
  options.bytes = std::stoul(argv[5]);
  options.count = std::stoul(argv[6]);
  return send(system, kind, std::stoi(argv[4]), options);
}

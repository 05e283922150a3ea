// A datagram_broker whose writers run on other threads than its loop.

#include "net/config.h"
#include "net/datagram.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <map>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

using go = caf::atom_constant<caf::atom("go")>;
using done = caf::atom_constant<caf::atom("done")>;

constexpr std::uint64_t datagrams_each = 2'000;

/// Sends all at once, whatever it is told, and reports when each has its fate:
/// how many were written, and how many have another number of fates than one.
caf::behavior flood(caf::event_based_actor* self, caf::actor broker,
                    endpoint to, caf::actor report) {
  auto fates = std::make_shared<std::map<std::uint64_t, int>>();
  auto told = std::make_shared<std::uint64_t>(0);
  auto sent = std::make_shared<std::uint64_t>(0);
  auto count = [=](std::uint64_t token) {
    ++(*fates)[token];
    if (++*told < datagrams_each)
      return;
    std::uint64_t wrong = datagrams_each - fates->size();
    for (auto& [_, n] : *fates)
      wrong += n == 1 ? 0 : 1;
    self->send(report, done::value, *sent, wrong);
    self->quit();
  };
  return {
      [=](go) {
        auto bytes = byte_slice::copy("a datagram");
        for (std::uint64_t i = 1; i <= datagrams_each; ++i)
          self->send(broker, net::send_datagram{bytes, to, i});
      },
      [=](const written& x) {
        ++*sent;
        count(x.token);
      },
      [=](const rejected& x) { count(x.token); },
      [](const backpressure&) {},
  };
}

TEST(datagram_broker_thread_test, every_datagram_has_one_fate) {
  config settings;
  caf::actor_system sys{settings};
  runtime::loop_group loops{sys, {.loops = 2, .spin = {}}};
  for (auto closes : {false, true}) {
    auto sink = open_datagram(loops, "udp://127.0.0.1:0",
                              [](datagram_broker*) -> caf::behavior {
                                return {[](const datagram&) {}};
                              });
    auto source = open_datagram(
        loops, "udp://127.0.0.1:0",
        [](datagram_broker*) -> caf::behavior { return {[](int) {}}; });
    ASSERT_TRUE(sink && source);
    caf::scoped_actor self{sys};
    constexpr int writers = 4;
    for (int i = 0; i < writers; ++i)
      caf::anon_send(sys.spawn(flood, source->actor, sink->local,
                               caf::actor_cast<caf::actor>(self)),
                     go::value);
    std::uint64_t sent = 0;
    for (int i = 0; i < writers; ++i) {
      self->receive(
          [&](done, std::uint64_t written, std::uint64_t wrong) {
            sent += written;
            EXPECT_EQ(wrong, 0u);
          },
          caf::after(20s) >> [] { FAIL() << "datagrams without a fate"; });
      // The rest of them meets a socket that ends.
      if (closes && i == 0)
        caf::anon_send(source->actor, net::close{close_mode::abort});
    }
    EXPECT_GT(sent, 0u);
    caf::anon_send(sink->actor, net::close{});
    caf::anon_send(source->actor, net::close{});
  }
}

} // namespace
} // namespace sluice::net

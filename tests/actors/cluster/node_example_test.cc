// The first program of docs/cluster.md, as it stands there.

#include "actors/cluster/node.h"
#include "actors/config.h"
#include "runtime/error.h"
#include "runtime/loop_actor.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

namespace sluice::testing {
namespace {

using namespace actors;

TEST(node_example_test, node_hears_that_it_has_joined) {
  auto heard = std::make_shared<std::promise<std::string>>();
  auto name = heard->get_future();
  auto log = [=](const std::string& text) { heard->set_value(text); };
  auto fail = [](const caf::error& x) { ADD_FAILURE() << runtime::to_text(x); };
  // [node]
  config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys};
  cluster::node_options options{.name = "n1", .listen = "tcp://127.0.0.1:0"};
  auto here = cluster::node::start(loops, options);
  if (!here)
    return fail(here.error());
  auto watcher = runtime::spawn_on(
      loops.at(0), [=](runtime::loop_actor*) -> caf::behavior {
        return {
            [=](const cluster::node_joined& x) { log(x.who.name + " joined"); },
            [=](const cluster::node_down& x) { log(x.who.name + " is down"); },
        };
      });
  caf::anon_send(here->actor(), cluster::watch_members{watcher});
  // [/node]
  EXPECT_EQ(name.get(), "n1 joined");
}

} // namespace
} // namespace sluice::testing

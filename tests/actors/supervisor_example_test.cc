// The example of docs/supervision.md.

#include "actors/supervisor.h"

#include "runtime/loop_actor.h"
#include "tests/support/sim_runtime.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace sluice::actors {
namespace {

caf::behavior store(caf::event_based_actor*) {
  return {[](int) {}};
}

caf::behavior door(runtime::loop_actor*) {
  return {[](int) {}};
}

TEST(supervisor_example_test, shop_has_its_children_in_order) {
  testing::sim_world world{1, testing::sim_settings::calm()};
  testing::sim_runtime run{world};
  auto& sys = run.system();
  auto& loop = run.loop();
  std::vector<child_spec> tills{
      {.name = "till-1",
       .start = [](auto* s) -> caf::actor { return s->spawn(store); }}};
  // [shop]
  auto shop = sys.spawn<supervisor>(
      supervisor_options{.name = "shop", .strategy = strategy::rest_for_one},
      std::vector<child_spec>{
          {.name = "store",
           .start = [](auto* s) -> caf::actor { return s->spawn(store); }},
          {.name = "door",
           .start = [&](auto*) -> caf::actor {
             return runtime::spawn_on(loop, door);
           }},
          nested("tills", {}, tills),
      });
  // [/shop]
  auto names = std::make_shared<std::vector<std::string>>();
  sys.spawn([=](caf::event_based_actor* self) {
    self->request(shop, caf::infinite, list_children{})
        .then([=](const std::vector<child_info>& all) {
          for (auto& x : all)
            names->push_back(x.name);
        });
  });
  run.during(std::chrono::milliseconds{10});
  EXPECT_EQ(*names, (std::vector<std::string>{"store", "door", "tills"}));
  caf::anon_send_exit(shop, caf::exit_reason::user_shutdown);
  run.during(std::chrono::seconds{10});
}

} // namespace
} // namespace sluice::actors

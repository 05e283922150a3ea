// Random graphs of flow-controlled actors on one thread, with the order of
// turns drawn from the seed: nothing gets stuck, whatever the order.

#include "tests/actors/flow_graph.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_runtime.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluice::actors::testing {
namespace {

using sluice::testing::for_each_seed;
using sluice::testing::sim_runtime;
using sluice::testing::sim_settings;
using sluice::testing::sim_world;

/// As pinned_flow_actor, but does not keep rule R3.
class without_r3 : public pinned_flow<runtime::loop_actor> {
public:
  using pinned_flow::pinned_flow;

protected:
  void on_all_skipped() override {}
};

enum class kinds { pinned_and_scheduled, pinned_without_r3 };

class flow_world {
public:
  flow_world(std::uint64_t seed, kinds which)
      : world_(seed, sim_settings::calm()),
        run_(std::make_unique<sim_runtime>(world_, 2)),
        dice_(seed),
        graph_(draw_graph(2 + dice_.below(7), seed)) {
    for (std::size_t i = 0; i < graph_->next.size(); ++i) {
      auto high = 2 + dice_.below(7);
      mailbox_limits limits{.high = high, .low = dice_.below(high)};
      add(which, i, limits);
    }
  }

  ~flow_world() {
    for (auto& x : graph_->nodes)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    run_->during(std::chrono::milliseconds{1});
    run_.reset(); // ends those that still wait for a response
    take_apart(*graph_);
  }

  /// False if work is left that nobody will ever do.
  bool do_work(bool with_deaths) {
    auto pieces = 20 + dice_.below(60);
    for (std::size_t i = 0; i < pieces; ++i) {
      auto one = std::make_shared<token>(count_);
      caf::anon_send(dice_.pick(graph_->nodes),
                     work{static_cast<int>(dice_.below(12)), one});
    }
    auto steps = dice_.below(200);
    for (std::size_t i = 0; with_deaths && i < steps; ++i)
      run_->step();
    if (with_deaths)
      caf::anon_send_exit(dice_.pick(graph_->nodes), caf::exit_reason::kill);
    return run_->until([this] { return count_.left() == 0; }, 1'000'000);
  }

  std::size_t left() const { return count_.left(); }

  /// What is not as it was in the beginning.
  std::string leftovers() {
    run_->during(std::chrono::milliseconds{1});
    return testing::leftovers(*graph_);
  }

  std::uint64_t parks() {
    std::uint64_t result = 0;
    for (auto x : graph_->flows)
      result += x->counts().parks;
    return result;
  }

private:
  void add(kinds which, std::size_t i, const mailbox_limits& limits) {
    auto& loop = run_->loop(dice_.below(2));
    if (which == kinds::pinned_without_r3)
      add_node<without_r3>(*graph_, runtime::spawn_on(loop, node<without_r3>,
                                                      graph_, i, limits));
    else if (dice_.below(2) == 0)
      add_node<flow_actor>(
          *graph_, run_->system().spawn(node<flow_actor>, graph_, i, limits));
    else
      add_node<pinned_flow_actor>(
          *graph_,
          runtime::spawn_on(loop, node<pinned_flow_actor>, graph_, i, limits));
  }

  work_count count_;
  sim_world world_;
  std::unique_ptr<sim_runtime> run_;
  random_source dice_;
  std::shared_ptr<graph> graph_;
};

TEST(flow_graph_sim_test, all_work_is_done_and_nobody_is_held_at_the_end) {
  std::uint64_t parks = 0;
  for_each_seed(2000, [&](std::uint64_t seed) {
    flow_world world{seed, kinds::pinned_and_scheduled};
    EXPECT_TRUE(world.do_work(false)) << world.left() << " pieces are left";
    EXPECT_EQ(world.leftovers(), "");
    parks += world.parks();
  });
  EXPECT_GT(parks, 1000u) << "hardly anybody was ever paused";
}

TEST(flow_graph_sim_test, death_of_a_node_leaves_nobody_waiting) {
  for_each_seed(1000, [&](std::uint64_t seed) {
    flow_world world{seed, kinds::pinned_and_scheduled};
    EXPECT_TRUE(world.do_work(true)) << world.left() << " pieces are left";
    EXPECT_EQ(world.leftovers(), "");
  });
}

TEST(flow_graph_sim_test, without_rule_3_some_work_is_never_done) {
  std::size_t stuck = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    flow_world world{seed, kinds::pinned_without_r3};
    stuck += world.do_work(false) ? 0 : 1;
  }
  EXPECT_GT(stuck, 0u);
}

} // namespace
} // namespace sluice::actors::testing

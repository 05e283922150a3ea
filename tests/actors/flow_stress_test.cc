// Random graphs of flow-controlled actors on real threads: pooled, detached and
// pinned ones mixed. Run it under ThreadSanitizer.

#include "net/config.h"
#include "runtime/loop_group.h"
#include "tests/actors/flow_graph.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace sluice::actors::testing {
namespace {

/// How long a graph may take that is not stuck; sanitizers are slow.
constexpr std::chrono::seconds patience{120};

class stress {
public:
  explicit stress(std::uint64_t seed)
      : system_(config_),
        loops_(system_, {.loops = 2}),
        dice_(seed),
        graph_(draw_graph(4 + dice_.below(30), seed)) {
    for (std::size_t i = 0; i < graph_->next.size(); ++i) {
      auto high = 2 + dice_.below(30);
      mailbox_limits limits{.high = high, .low = dice_.below(high)};
      add(i, limits);
    }
  }

  ~stress() {
    for (auto& x : graph_->nodes)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    take_apart(*graph_);
  }

  bool do_work(std::size_t deaths) {
    auto pieces = 200 + dice_.below(2000);
    for (std::size_t i = 0; i < pieces; ++i) {
      auto one = std::make_shared<token>(count_);
      caf::anon_send(dice_.pick(graph_->nodes),
                     work{static_cast<int>(dice_.below(30)), one});
      if (deaths > 0 && i % 100 == 99) {
        --deaths;
        caf::anon_send_exit(dice_.pick(graph_->nodes), caf::exit_reason::kill);
      }
    }
    return count_.wait_for(patience);
  }

  std::string state() const {
    return std::to_string(count_.left()) + " pieces of work are stuck\n"
           + leftovers(*graph_);
  }

private:
  void add(std::size_t i, const mailbox_limits& limits) {
    switch (dice_.below(8)) {
    case 0:
      return add_node<flow_actor>(
          *graph_,
          system_.spawn<caf::detached>(node<flow_actor>, graph_, i, limits));
    case 1:
    case 2:
    case 3:
      return add_node<pinned_flow_actor>(
          *graph_,
          runtime::spawn_on(loops_.at(dice_.below(2)), node<pinned_flow_actor>,
                            graph_, i, limits));
    default:
      return add_node<flow_actor>(
          *graph_, system_.spawn(node<flow_actor>, graph_, i, limits));
    }
  }

  work_count count_;
  net::config config_;
  caf::actor_system system_;
  runtime::loop_group loops_;
  random_source dice_;
  std::shared_ptr<graph> graph_;
};

std::uint64_t first_seed() {
  auto given = std::getenv("SLUICE_SEED");
  return given != nullptr ? std::stoull(given) : 1;
}

void run(std::uint64_t seed, std::size_t deaths) {
  stress x{seed};
  EXPECT_TRUE(x.do_work(deaths))
      << x.state() << "SLUICE_SEED=" << seed
      << " draws the same graph, if not the same race";
}

TEST(flow_stress_test, all_work_is_done) {
  for (auto seed = first_seed(); seed < first_seed() + 30; ++seed)
    run(seed, 0);
}

TEST(flow_stress_test, deaths_leave_nobody_waiting) {
  for (auto seed = first_seed(); seed < first_seed() + 30; ++seed)
    run(seed, 5);
}

} // namespace
} // namespace sluice::actors::testing

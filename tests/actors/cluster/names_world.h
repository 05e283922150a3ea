#pragma once

// names_world: nodes of a cluster, each with an actor system, a middleman,
// loops and channels of its own, in this process, over the loopback interface.

#include "actors/cluster/names.h"
#include "actors/config.h"
#include "actors/remote/middleman.h"
#include "tests/actors/cluster/cluster_nodes.h"

#include <caf/all.hpp>

#include <atomic>
#include <thread>

namespace sluice::testing {

using actors::register_name;
using actors::unregister_name;
using actors::watch_names;

/// Waits until `f` is true; what it looks at is changed by others.
inline bool eventually(const std::function<bool()>& f,
                       std::chrono::seconds most = 30s) {
  auto end = std::chrono::steady_clock::now() + most;
  while (!f()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

/// A process, but for being one.
class names_node {
public:
  names_node(std::string name, std::string listen,
             std::vector<std::string> seeds,
             const std::function<void(cluster::node_options&)>& tune) {
    config_.set("scheduler.max-threads", std::size_t{1});
    config_.load<actors::remote::middleman>();
    system_.emplace(config_);
    loops_.emplace(*system_, runtime::loop_group_options{.loops = 1});
    options_.name = std::move(name);
    options_.listen = std::move(listen);
    options_.seeds = std::move(seeds);
    options_.remote_port = 0;
    tune(options_);
    start();
  }

  ~names_node() { end(); }

  void start() {
    log = std::make_shared<event_log>();
    auto made = cluster::node::start(loops_->at(0), options_);
    ASSERT_TRUE(made) << runtime::to_text(made.error());
    node.emplace(std::move(*made));
    caf::anon_send(node->actor(),
                   cluster::watch_members{system_->spawn(observer, log)});
    auto has = cluster::cluster_registry::start(*system_, *node);
    ASSERT_TRUE(has) << runtime::to_text(has.error());
    names.emplace(std::move(*has));
  }

  /// As a killed process: nothing is said to anybody.
  void end() {
    if (!system_)
      return;
    names.reset();
    node.reset();
    for (auto& x : kept_)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    kept_.clear();
    loops_.reset();
    system_.reset();
  }

  bool ended() const { return !system_; }
  const std::string& name() const { return options_.name; }
  const std::string& endpoint() const { return node->self().endpoint; }
  caf::actor_system& system() { return *system_; }

  template <class... Args>
  caf::actor spawn(Args&&... args) {
    kept_.push_back(caf::actor_cast<caf::actor>(
        system_->spawn(std::forward<Args>(args)...)));
    return kept_.back();
  }

  /// The error's text, or empty.
  template <class T>
  std::string ask(const caf::actor& whom, T what) {
    caf::scoped_actor self{*system_};
    std::string result;
    self->request(whom, 30s, std::move(what))
        .receive([] {},
                 [&](const caf::error& err) {
                   result = runtime::to_text(err);
                   if (result.empty())
                     result = "error";
                 });
    return result;
  }

  std::string put(const std::string& what, const caf::actor& who) {
    return ask(names->server(), register_name{what, who});
  }

  std::string share(const std::string& what, const caf::actor& who) {
    return ask(names->server(), cluster::register_shared_name{what, who});
  }

  cluster::name_counts counts() {
    caf::scoped_actor self{*system_};
    cluster::name_counts result;
    self->request(names->server(), 30s, cluster::count_names{})
        .receive([&](cluster::name_counts& x) { result = std::move(x); },
                 [](const caf::error& err) {
                   ADD_FAILURE() << runtime::to_text(err);
                 });
    return result;
  }

  std::shared_ptr<event_log> log;
  std::optional<cluster::node> node;
  std::optional<cluster::cluster_registry> names;

private:
  actors::config config_;
  std::optional<caf::actor_system> system_;
  std::optional<runtime::loop_group> loops_;
  cluster::node_options options_;
  std::vector<caf::actor> kept_;
};

class names_world : public cluster_nodes {
protected:
  using nodes = std::vector<std::unique_ptr<names_node>>;

  /// n1, n2, ... which know each other's names.
  nodes start_nodes(std::size_t count) {
    nodes result;
    seeds_ = endpoints(count);
    for (auto& x : seeds_)
      add_node(result, x);
    for (auto& x : result)
      EXPECT_TRUE(x->log->wait_for("gained"));
    settle(result);
    return result;
  }

  void add_node(nodes& all, const std::string& listen) {
    all.push_back(std::make_unique<names_node>(
        "n" + std::to_string(all.size() + 1), listen, seeds_, tune));
  }

  /// Waits until all that have not ended are connected and agree.
  static void settle(const nodes& all) {
    auto living = static_cast<std::uint64_t>(
        std::ranges::count_if(all, [](auto& x) { return !x->ended(); }));
    EXPECT_TRUE(eventually([&] {
      std::string arbiter;
      for (auto& x : all) {
        if (x->ended())
          continue;
        auto here = x->counts();
        if (here.peers != living - 1 || here.connected != living - 1)
          return false;
        if (!arbiter.empty() && here.arbiter != arbiter)
          return false;
        arbiter = here.arbiter;
      }
      return true;
    }));
  }

  /// The node that decides, and one that does not.
  static std::size_t arbiter(const nodes& all) {
    auto at = std::ranges::find_if(all, [](auto& x) { return !x->ended(); });
    auto who = (*at)->counts().arbiter;
    return static_cast<std::size_t>(
        std::ranges::find(all, who, [](auto& x) { return x->name(); })
        - all.begin());
  }
  static std::size_t other(const nodes& all) {
    return (arbiter(all) + 1) % all.size();
  }

  /// Cut or healed, between a node and all others.
  static void cut(nodes& all, std::size_t which) {
    for (std::size_t i = 0; i < all.size(); ++i)
      if (i != which) {
        EXPECT_FALSE(all[i]->node->channels().cut(all[which]->endpoint()));
        EXPECT_FALSE(all[which]->node->channels().cut(all[i]->endpoint()));
      }
  }

  static void heal(nodes& all) {
    for (auto& x : all)
      if (!x->ended())
        x->node->channels().heal_all();
  }

  std::function<void(cluster::node_options&)> tune =
      [](cluster::node_options& x) { x.times = quick(); };
  std::vector<std::string> seeds_;
};

} // namespace sluice::testing

#pragma once

// sharding_world: nodes of a cluster with a region of sharded counters, each
// with an actor system, loops and channels of its own, in this process, over
// the loopback interface.
//
// A counter remembers the numbers that it was sent and answers how many; its
// state is the numbers. It also knows some words:
//   "slow"   answered by the node's gate, when the test opens it
//   "end"    ends without an answer
//   "keep"   keeps its state at the region, and answers when it is kept
//   "stick"  from now on it does not hand over
//
// For tests. Thread rule: the test's thread.

#include "actors/cluster/sharding.h"
#include "actors/config.h"
#include "tests/actors/cluster/cluster_nodes.h"

#include <caf/actor_registry.hpp>
#include <caf/all.hpp>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace sluice::testing {

using numbers = std::vector<std::uint64_t>;
using open_gate = caf::atom_constant<caf::atom("open")>;
constexpr auto gate_name = caf::atom("testgate");
constexpr auto region_name = caf::atom("testregion");

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

struct gate_state {
  std::vector<caf::response_promise> waiting;
};

inline caf::behavior gate(caf::stateful_actor<gate_state>* self) {
  return {
      [=](const std::string&) {
        self->state.waiting.push_back(self->make_response_promise());
        return self->state.waiting.back();
      },
      [=](open_gate) {
        for (auto& x : std::exchange(self->state.waiting, {}))
          x.deliver(std::uint64_t{4'711});
      },
  };
}

inline caf::behavior counter(caf::event_based_actor* self,
                             const std::string& key,
                             const caf::message& state) {
  struct memory {
    numbers seen;
    bool sticks = false;
    std::vector<caf::response_promise> unanswered;
  };
  auto now = std::make_shared<memory>();
  if (state.match_elements<numbers>())
    now->seen = state.get_as<numbers>(0);
  auto at = [=](caf::atom_value name) {
    return caf::actor_cast<caf::actor>(self->system().registry().get(name));
  };
  return {
      [=](std::uint64_t x) -> caf::result<std::uint64_t> {
        if (std::ranges::find(now->seen, x) != now->seen.end())
          return caf::make_error(caf::sec::invalid_argument, "twice");
        now->seen.push_back(x);
        return now->seen.size();
      },
      [=](const std::string& word) -> caf::result<std::uint64_t> {
        if (word == "slow") {
          self->delegate(at(gate_name), word);
          return caf::delegated<std::uint64_t>{};
        }
        if (word == "stick") {
          now->sticks = true;
          return std::uint64_t{0};
        }
        auto promise = self->make_response_promise<std::uint64_t>();
        if (word == "keep") {
          self->request(at(region_name), caf::infinite,
                        cluster::keep_state{key, caf::make_message(now->seen)})
              .then([=]() mutable { promise.deliver(std::uint64_t{1}); },
                    [=](caf::error& err) mutable { promise.deliver(err); });
          return promise;
        }
        self->quit();
        now->unanswered.push_back(promise);
        return promise;
      },
      [=](cluster::hand_over) -> caf::result<numbers> {
        if (!now->sticks)
          return now->seen;
        now->unanswered.push_back(self->make_response_promise());
        return caf::delegated<numbers>{};
      },
  };
}

/// What came of a request: a number, or the error.
struct outcome {
  std::optional<std::uint64_t> value;
  caf::error error;

  bool failed_with(runtime::errc code) const {
    return error.category() == runtime::error_category
           && error.code() == static_cast<std::uint8_t>(code);
  }
  std::string text() const {
    return value ? std::to_string(*value) : runtime::to_text(error);
  }
};

/// A process, but for being one.
class sharding_node {
public:
  sharding_node(std::string name, std::string listen,
                std::vector<std::string> seeds, std::vector<std::string> roles,
                cluster::sharding_options options, cluster::roster_times times)
      : name_(std::move(name)) {
    config_.set("scheduler.max-threads", std::size_t{1});
    config_.add_message_type<numbers>("test.numbers");
    system_.emplace(config_);
    loops_.emplace(*system_, runtime::loop_group_options{.loops = 1});
    log = std::make_shared<event_log>();
    auto made =
        cluster::node::start(loops_->at(0), {.name = name_,
                                             .listen = std::move(listen),
                                             .roles = std::move(roles),
                                             .seeds = std::move(seeds),
                                             .times = times});
    EXPECT_TRUE(made) << runtime::to_text(made.error());
    node.emplace(std::move(*made));
    caf::anon_send(node->actor(),
                   cluster::watch_members{system_->spawn(observer, log)});
    gate_ = system_->spawn(gate);
    put(gate_name, gate_);
    auto has =
        cluster::sharding::start(*system_, *node, std::move(options), counter);
    EXPECT_TRUE(has) << runtime::to_text(has.error());
    counters.emplace(std::move(*has));
    put(region_name, counters->region());
  }

  ~sharding_node() {
    system_->registry().erase(gate_name);
    system_->registry().erase(region_name);
    caf::anon_send_exit(gate_, caf::exit_reason::kill);
    gate_ = {};
    counters.reset();
    node.reset();
    loops_.reset();
    system_.reset();
  }

  const std::string& name() const { return name_; }
  caf::actor_system& system() { return *system_; }
  void open() { caf::anon_send(gate_, open_gate::value); }

  outcome ask(const std::string& key, caf::message what) {
    caf::scoped_actor self{*system_};
    outcome result;
    self->request(counters->region(), 60s,
                  cluster::to_entity{key, std::move(what)})
        .receive([&](std::uint64_t x) { result.value = x; },
                 [&](caf::error& err) { result.error = std::move(err); });
    return result;
  }

  outcome add(const std::string& key, std::uint64_t number) {
    return ask(key, caf::make_message(number));
  }

  outcome say(const std::string& key, const std::string& word) {
    return ask(key, caf::make_message(word));
  }

  cluster::entity_counts counts() {
    caf::scoped_actor self{*system_};
    cluster::entity_counts result;
    self->request(counters->region(), 60s, cluster::count_entities{})
        .receive([&](const cluster::entity_counts& x) { result = x; },
                 [](const caf::error& err) {
                   ADD_FAILURE() << runtime::to_text(err);
                 });
    return result;
  }

  /// Answered when it has left.
  caf::error leave() {
    caf::scoped_actor self{*system_};
    caf::error result;
    self->request(node->actor(), 60s, cluster::leave_cluster{})
        .receive([] {}, [&](caf::error& err) { result = std::move(err); });
    return result;
  }

  std::shared_ptr<event_log> log;
  std::optional<cluster::node> node;
  std::optional<cluster::sharding> counters;

private:
  void put(caf::atom_value name, const caf::actor& who) {
    system_->registry().put(name, caf::actor_cast<caf::strong_actor_ptr>(who));
  }

  std::string name_;
  actors::config config_;
  std::optional<caf::actor_system> system_;
  std::optional<runtime::loop_group> loops_;
  caf::actor gate_;
};

class sharding_world : public cluster_nodes {
protected:
  using nodes = std::vector<std::unique_ptr<sharding_node>>;

  /// n1, n2, ... which share the shards.
  nodes start_nodes(std::size_t count) {
    seeds_ = endpoints(count);
    nodes result;
    for (auto& x : seeds_)
      add_node(result, x);
    for (auto& x : result)
      EXPECT_TRUE(x->log->wait_for("gained"));
    EXPECT_TRUE(settles(result));
    return result;
  }

  void add_node(nodes& all, const std::string& listen,
                std::vector<std::string> roles = {}) {
    all.push_back(std::make_unique<sharding_node>(
        "n" + std::to_string(all.size() + 1), listen, seeds_, std::move(roles),
        options, quick()));
  }

  /// Waits until these nodes have all shards, and each has some.
  bool settles(const nodes& all) const {
    return eventually([&] {
      std::uint64_t sum = 0;
      for (auto& x : all) {
        auto here = x->counts().shards;
        if (here == 0)
          return false;
        sum += here;
      }
      return sum == options.shards;
    });
  }

  /// A key of that node's, at which it has a fresh entity by then.
  std::string key_at(sharding_node& x) {
    for (;;) {
      auto key = "key" + std::to_string(++last_key_);
      auto before = x.counts().spawned;
      EXPECT_TRUE(x.add(key, 0).value);
      if (x.counts().spawned > before)
        return key;
    }
  }

  cluster::sharding_options options{
      .name = "counters", .shards = 16, .hold_max = 20s, .gone_after = 2s};
  std::vector<std::string> seeds_;
  int last_key_ = 0;
};

} // namespace sluice::testing

#pragma once

// observed_nodes: several nodes of a cluster in this process, each with an
// observer, over the loopback interface, with actors in the place of browsers.

#include "actors/observe/messages.h"
#include "actors/observe/observer.h"
#include "tests/actors/cluster/cluster_nodes.h"

#include <caf/all.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sluice::testing {

using namespace actors::observe;
using namespace std::chrono_literals;
using nlohmann::json;

struct observed_config : actors::config {
  observed_config() {
    set("scheduler.max-threads", std::size_t{1});
    add_observe_types(*this);
  }
};

/// What a browser was told.
class texts {
public:
  void add(const page_text& x) {
    std::lock_guard guard{mutex_};
    all_.push_back(json::parse(x.bytes.view()));
    changed_.notify_all();
  }

  /// The first text for which `f` holds; null after half a minute.
  json find(const std::function<bool(const json&)>& f) {
    std::unique_lock guard{mutex_};
    std::size_t next = 0;
    json result;
    changed_.wait_for(guard, 30s, [&] {
      for (; next < all_.size(); ++next)
        if (f(all_[next])) {
          result = all_[next];
          return true;
        }
      return false;
    });
    return result;
  }

  /// The next frame of which `f` holds, not one that came before.
  json next_frame(const std::function<bool(const json&)>& f) {
    {
      std::lock_guard guard{mutex_};
      all_.clear();
    }
    return find([&](const json& x) { return x["type"] == "frame" && f(x); });
  }

  json result(std::uint64_t id) {
    return find(
        [&](const json& x) { return x["type"] == "result" && x["id"] == id; });
  }

  json event(const std::string& kind) {
    return find([&](const json& x) {
      return x["type"] == "event" && x["kind"] == kind;
    });
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<json> all_;
};

inline caf::behavior page(caf::event_based_actor*,
                          const std::shared_ptr<texts>& to) {
  return {[=](const page_text& x) { to->add(x); }};
}

inline const json* node_in(const json& frame, const std::string& name) {
  for (auto& x : frame["nodes"])
    if (x["name"] == name)
      return &x;
  return nullptr;
}

inline bool all_heard(const json& frame, std::size_t nodes) {
  return frame["nodes"].size() == nodes
         && std::ranges::all_of(frame["nodes"], [](auto& x) {
              return x["age_ms"].is_number() && x["age_ms"] < 2'000;
            });
}

class observed_nodes : public cluster_nodes {
protected:
  struct seen_node {
    std::optional<cluster::node> node;
    caf::actor observer;
  };

  void start(std::size_t count, const observer_options& options = {}) {
    auto seeds = endpoints(count);
    nodes_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      auto made = cluster::node::start(here_.at(0),
                                       {.name = "n" + std::to_string(i + 1),
                                        .listen = seeds[i],
                                        .seeds = seeds,
                                        .times = quick()});
      ASSERT_TRUE(made) << runtime::to_text(made.error());
      nodes_[i].node.emplace(std::move(*made));
      auto seen = start_observer(here_.at(0), &*nodes_[i].node, options);
      ASSERT_TRUE(seen) << runtime::to_text(seen.error());
      nodes_[i].observer = *seen;
    }
  }

  ~observed_nodes() override {
    caf::scoped_actor self{seen_system_};
    for (auto& x : nodes_)
      if (x.observer) {
        // A node outlives its observer's behavior.
        caf::anon_send_exit(x.observer, caf::exit_reason::user_shutdown);
        self->wait_for(x.observer);
      }
    for (auto& x : pages_)
      caf::anon_send_exit(x.second, caf::exit_reason::user_shutdown);
    nodes_.clear();
    pages_.clear();
    here_.stop();
  }

  std::shared_ptr<texts> open(std::size_t node) {
    auto result = std::make_shared<texts>();
    auto made = seen_system_.spawn(page, result);
    pages_[node] = made;
    EXPECT_EQ(ask_to_open(node, made), "");
    return result;
  }

  void close(std::size_t node) {
    caf::anon_send_exit(pages_[node], caf::exit_reason::user_shutdown);
    pages_.erase(node);
  }

  std::string ask_to_open(std::size_t node, const caf::actor& who) {
    caf::scoped_actor self{seen_system_};
    std::string result;
    self->request(nodes_[node].observer, 10s, open_page{who})
        .receive(
            [] {},
            [&](const caf::error& err) { result = runtime::to_text(err); });
    return result;
  }

  void say(std::size_t node, const json& what) { say_text(node, what.dump()); }

  void say_text(std::size_t node, const std::string& text) {
    caf::anon_send(nodes_[node].observer,
                   page_said{pages_[node], "127.0.0.1:4711", text});
  }

  std::size_t outlets(std::size_t node, const std::string& name) {
    auto report = nodes_[node].node->channels().report();
    return static_cast<std::size_t>(std::ranges::count(
        report.outlets, name, &actors::channel::outlet_report::name));
  }

  /// What the node's page would get from /api/state; null if that failed.
  json state(std::size_t node) {
    caf::scoped_actor self{seen_system_};
    json result;
    self->request(nodes_[node].observer, 10s, get_state{})
        .receive(
            [&](const state_text& x) { result = json::parse(x.bytes.view()); },
            [](const caf::error& err) {
              ADD_FAILURE() << runtime::to_text(err);
            });
    return result;
  }

  observed_config seen_config_;
  caf::actor_system seen_system_{seen_config_};
  runtime::loop_group here_{seen_system_, {.loops = 2}};
  std::vector<seen_node> nodes_;
  std::map<std::size_t, caf::actor> pages_;
};

} // namespace sluice::testing

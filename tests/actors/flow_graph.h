#pragma once

// flow_graph: a random graph of flow-controlled actors, cycles included, that
// pass work on to each other: they send, ask (`then` and `await`), send to
// themselves later, and die. Each piece of work holds a token; when the last
// token is gone all is done, and what is never done is stuck.
//
// For tests. Thread rule: made and loaded by the test's thread; the actors run
// wherever they are spawned. Lifetime: outlives its actors.

#include "actors/flow_actor.h"
#include "tests/support/random_source.h"

#include <caf/all.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::actors::testing {

using sluice::testing::random_source;

/// Counts the work that is somewhere, and waits for its end.
class work_count {
public:
  void add() { ++left_; }

  void done() {
    if (--left_ == 0) {
      std::lock_guard guard{mutex_};
      none_left_.notify_all();
    }
  }

  std::size_t left() const { return left_.load(); }

  bool wait_for(std::chrono::seconds limit) {
    std::unique_lock guard{mutex_};
    return none_left_.wait_for(guard, limit, [this] { return left() == 0; });
  }

private:
  std::atomic<std::size_t> left_{0};
  std::mutex mutex_;
  std::condition_variable none_left_;
};

/// Gone when no message and no handler has it any more.
class token {
public:
  explicit token(work_count& x) : count_(x) { count_.add(); }
  ~token() { count_.done(); }

private:
  work_count& count_;
};

struct work {
  int hops = 0;
  std::shared_ptr<token> held;
};

struct question {};

/// What the actors of a graph know of it.
struct graph {
  std::vector<caf::actor> nodes;
  std::vector<const flow_control*> flows; // of the nodes
  std::vector<std::vector<std::size_t>> next;
  std::uint64_t seed = 0;
  bool awaits = true;
};

/// Adds a node that was spawned as a `Self`.
template <class Self>
void add_node(graph& x, caf::actor node) {
  auto self = caf::actor_cast<caf::abstract_actor*>(node);
  x.flows.push_back(&static_cast<Self*>(self)->flow());
  x.nodes.push_back(std::move(node));
}

/// The nodes that live and are not as they were in the beginning.
inline std::string leftovers(const graph& x) {
  std::string result;
  for (std::size_t i = 0; i < x.nodes.size(); ++i) {
    auto& flow = *x.flows[i];
    auto self = caf::actor_cast<caf::abstract_actor*>(x.nodes[i]);
    if (self->getf(caf::abstract_actor::is_terminated_flag
                   | caf::abstract_actor::is_cleaned_up_flag))
      continue;
    if (flow.queued() > 0 || flow.overloaded() || flow.paused()
        || flow.holding() > 0 || flow.held_by() > 0)
      result += "node " + std::to_string(i) + ": "
                + std::to_string(flow.queued()) + " queued"
                + (flow.overloaded() ? ", overloaded" : "")
                + (flow.paused() ? ", paused" : "") + ", holds "
                + std::to_string(flow.holding()) + ", held by "
                + std::to_string(flow.held_by()) + "\n";
  }
  return result;
}

/// Drops the handles that the actors have of each other.
inline void take_apart(graph& x) {
  x.flows.clear();
  x.nodes.clear();
}

/// The behavior of node `at`.
template <class Self>
caf::behavior node(Self* self, std::shared_ptr<graph> all, std::size_t at,
                   mailbox_limits limits) {
  self->limit_mailbox(limits);
  auto dice = std::make_shared<random_source>(all->seed * 1000 + at);
  auto somebody = [=]() -> const caf::actor& {
    auto& list = all->next[at];
    return all->nodes[list[dice->below(list.size())]];
  };
  // Waiting in a circle would be a deadlock of the program's own: it is only
  // waited for nodes that come later.
  auto somebody_later = [=] {
    return all->nodes[at + 1 + dice->below(all->nodes.size() - at - 1)];
  };
  return {
      [=](const work& x) {
        if (x.hops == 0)
          return;
        work rest{x.hops - 1, x.held};
        switch (dice->below(20)) {
        case 0:
          self->delayed_send(self, std::chrono::microseconds{100}, rest);
          return;
        case 1:
          self->send(self, rest);
          return;
        case 2:
          self->request(somebody(), caf::infinite, question{})
              .then([=](int) { self->send(somebody(), rest); },
                    [](const caf::error&) {});
          return;
        case 3:
          if (all->awaits && at + 1 < all->nodes.size()) {
            self->request(somebody_later(), caf::infinite, question{})
                .await([=](int) { self->send(somebody(), rest); },
                       [](const caf::error&) {});
            return;
          }
          break;
        case 4:
          rest.hops /= 2;
          self->send(somebody(), rest);
          break;
        default:
          break;
        }
        self->send(somebody(), rest);
      },
      [](const question&) { return 1; },
  };
}

/// Draws which nodes each node sends to; every node has one at least.
inline std::shared_ptr<graph> draw_graph(std::size_t size, std::uint64_t seed) {
  auto result = std::make_shared<graph>();
  result->seed = seed;
  random_source dice{seed};
  result->next.resize(size);
  for (auto& list : result->next)
    for (auto n = 1 + dice.below(3); n > 0; --n)
      list.push_back(dice.below(size));
  return result;
}

} // namespace sluice::actors::testing

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::actors::testing::work)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::actors::testing::question)

#pragma once

// topic_control: the actor that keeps a cluster_topic's parts together on one
// node. It is never paused: it subscribes, counts, tells others of this node's
// interest, and has a bridge to each node that has some.
//
//   publishers -> front -> local   -> subscribers of this node
//                       -> outward -> bridge -> channel to another node
//   channels of other nodes -> receiver -> local
//
// Internal; the rules stand in cluster_topic.h. Thread rule: an actor's.
// Lifetime: until it is told to exit; all parts end with it.

#include "actors/channel/batch.h"
#include "actors/cluster/cluster_topic.h"
#include "actors/cluster/name_cache.h"
#include "actors/cluster/node_messages.h"
#include "actors/cluster/topic_bridge.h"
#include "runtime/clock.h"

#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>

#include <atomic>
#include <map>
#include <memory>
#include <string>

namespace sluice::actors::cluster {

/// What the parts of a topic count, and say to each other without messages.
struct topic_tally {
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> received{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<bool> outward{false}; // there is a bridge
};

struct topic_setup {
  std::string name;
  cluster_topic_options options;
  member self;
  caf::actor node;
  caf::actor names;
  std::shared_ptr<const name_cache> cache;
  std::shared_ptr<topic_channels> channels;
  std::shared_ptr<topic_tally> tally;
  caf::actor front{};
  caf::actor local{};
  caf::actor outward{};
  caf::actor receiver{};
};

/// The name of a topic's channels, and those by which nodes say that they have
/// subscribers, or such that pause.
std::string topic_inlet(const std::string& topic);
std::string topic_interest(const std::string& topic, bool pause);

class topic_control final : public caf::event_based_actor {
public:
  topic_control(caf::actor_config& cfg, topic_setup setup);

  const char* name() const override { return "topic_control"; }

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  struct bridge {
    member to;
    caf::actor who;
    std::shared_ptr<bridge_tally> tally;
    slow_policy policy = slow_policy::drop_oldest;
    runtime::time_point lingers_until = runtime::time_point::max();
  };

  /// Whether a name says that this node has subscribers.
  struct interest {
    std::string name;
    bool wanted = false;
    bool registered = false;
    bool asking = false;
  };

  void on_gained();
  void on_tick();
  void census();
  void say(interest& x);
  void arrange();
  void build(const member& to, slow_policy policy);
  void subscribe_bridge(const bridge& x);
  void tear_down(bridge x);
  void count(caf::response_promise promise);

  template <class T>
  caf::response_promise pass_on(const T& x);

  topic_setup setup_;
  std::map<std::string, member> members_; // others
  std::map<std::string, bridge> bridges_; // by the name of the node
  interest any_;
  interest pause_;
  std::uint64_t dropped_ = 0; // by bridges that are no more
};

} // namespace sluice::actors::cluster

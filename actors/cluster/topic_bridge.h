#pragma once

// topic_bridge: takes what is published on this node to one other node. It
// subscribes to the topic's outward part, and owns an outlet. While the outlet
// is under pressure, or its link is lost, the bridge handles nothing: its
// mailbox fills, and the outward part hears of it and does what the
// subscription's policy says.
//
// Internal; the rules stand in cluster_topic.h. Thread rule: its counts any
// thread. Lifetime: until `end_bridge`.

#include "actors/channel/host.h"
#include "actors/cluster/topic_messages.h"
#include "actors/flow_actor.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

namespace sluice::actors::cluster {

/// The channels of the node, as long as the topic is open. Who opens an end of
/// a channel holds the lock meanwhile.
struct topic_channels {
  std::mutex mutex;
  channel::host* host = nullptr;
};

struct bridge_tally {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> confirmed{0};
  std::atomic<std::uint64_t> queued{0};
  std::atomic<std::uint64_t> dropped{0};
  std::atomic<bool> connected{false};
};

struct bridge_setup {
  std::shared_ptr<topic_channels> channels;
  std::string where; // the other node's endpoint
  std::string inlet;
  std::shared_ptr<bridge_tally> tally;
};

/// To a bridge, with high priority. Answered, without content, when all that it
/// had stands in its tally as dropped; it has ended then.
struct end_bridge {};

/// Likewise: brings its tally up to date.
struct tally_bridge {};

caf::behavior topic_bridge(flow_actor* self, const bridge_setup& setup);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, end_bridge&) {
  return f(caf::meta::type_name("sluice.end_bridge"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, tally_bridge&) {
  return f(caf::meta::type_name("sluice.tally_bridge"));
}

} // namespace sluice::actors::cluster

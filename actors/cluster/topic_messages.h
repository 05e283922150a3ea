#pragma once

// What one may ask a cluster_topic besides the verbs of actors/topic.h, and
// what it tells; and what goes from node to node.
//
// For users. Thread rule: values.

#include "actors/topic.h"

#include <caf/error.hpp>
#include <caf/message.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::actors::cluster {

/// To a publisher: no other node could read what was published, so nobody got
/// it. Comes with high priority and without a sender.
struct publish_refused {
  caf::message content;
  caf::error why;
};

/// Answered with cluster_topic_counts. With high priority also while the topic
/// waits for a subscriber.
struct count_cluster_topic {};

/// A bridge: what one other node gets.
struct bridge_counts {
  std::string node;
  slow_policy policy = slow_policy::drop_oldest;
  /// Given to the channel, and what of that the other node has handled.
  std::uint64_t sent = 0;
  std::uint64_t confirmed = 0;
  /// What waits for the channel now.
  std::uint64_t queued = 0;
  /// Not sent, or not known to have arrived: since the node was slow, since the
  /// stream to it could not go on, or since the message was too long.
  std::uint64_t dropped = 0;
  bool connected = false;
};

/// As this node sees the topic.
struct cluster_topic_counts {
  /// By publishers of this node, and by others as far as it came here.
  std::uint64_t published = 0;
  std::uint64_t received = 0;
  std::uint64_t refused = 0;
  /// Dropped on the way to others, also by bridges that are no more.
  std::uint64_t dropped = 0;
  /// The subscribers of this node.
  topic_counts local;
  std::vector<bridge_counts> bridges;
};

/// What a bridge carries. Internal.
struct topic_item {
  caf::message content;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, publish_refused& x) {
  return f(caf::meta::type_name("sluice.publish_refused"), x.content, x.why);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, count_cluster_topic&) {
  return f(caf::meta::type_name("sluice.count_cluster_topic"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, bridge_counts& x) {
  return f(caf::meta::type_name("sluice.bridge_counts"), x.node, x.policy,
           x.sent, x.confirmed, x.queued, x.dropped, x.connected);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, cluster_topic_counts& x) {
  return f(caf::meta::type_name("sluice.cluster_topic_counts"), x.published,
           x.received, x.refused, x.dropped, x.local, x.bridges);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, topic_item& x) {
  return f(caf::meta::type_name("sluice.topic_item"), x.content);
}

} // namespace sluice::actors::cluster

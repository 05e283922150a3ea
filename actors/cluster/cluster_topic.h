#pragma once

// cluster_topic: a topic (actors/topic.h) whose subscribers and publishers are
// on any nodes of a cluster that have opened it under the same name.
//
//   auto news = cluster_topic::open(sys, here, *names, "news");
//   self->send(news->actor(), subscribe{reader, {slow_policy::pause}});
//   self->send(news->actor(), publish{caf::make_message(headline)});
//
// The verbs are those of actors/topic.h. On each node an ordinary topic serves
// its subscribers; to each other node that has some, a bridge takes what is
// published here, over a channel, and there it goes to that node's subscribers
// only. A message goes once to each node, however many subscribers it has.
//
// 1. The nodes know of each other's interest by two shared names of the topic's
//    actors (actors/cluster/names.h): that it has subscribers, and that one of
//    them has slow_policy::pause. So a subscription takes effect on other nodes
//    a little later than it is answered, and after the last subscriber has gone
//    a node gets messages for some more seconds (limits::topic_linger).
// 2. A subscriber gets what one node publishes in that order, and nothing
//    twice. Between publishers of different nodes there is no order.
// 3. A subscriber that pauses the topic pauses its own node's, and by the
//    bridges also the publishers of all other nodes, each of which can have
//    filled what lies between before: the mailboxes, and one window of a
//    channel (limits::topic_window_messages). With any other policy the bridge
//    keeps the newest `bridge_queue_messages` while the other node is slow, and
//    drops older ones: a slow node hurts nobody. What such a subscriber misses
//    while it is itself slow is decided on its own node.
// 4. When a link is lost the bridge goes on, when it is there again, where it
//    was: nothing is lost or repeated in the channel while both nodes stay
//    members. Meanwhile the policy decides: `pause` holds the publishers, until
//    the link is there again, or the other node is down.
// 5. When a node has left or is down its bridge is dropped, and what the bridge
//    had counts as dropped; it may have arrived. So it is with all bridges when
//    this node itself has been counted as down and joins again.
// 6. What other nodes could not read is refused, and nobody gets it: messages
//    with a type that the system's configuration does not know, and with
//    handles of actors. The publisher gets publish_refused; a request gets the
//    error. A handle inside of another type is not seen here, and breaks the
//    stream to the other nodes at that message, which is counted as dropped
//    with what was on its way.
//
// For users. Thread rule: messages, from any thread. Lifetime: within that of
// the node and its registry; at the end of the object the topic is closed here.

#include "actors/cluster/names.h"
#include "actors/cluster/node.h"
#include "actors/cluster/topic_messages.h"
#include "actors/mailbox_limits.h"
#include "actors/topic.h"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/expected.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace sluice::actors::cluster {

struct topic_channels;

struct cluster_topic_options {
  /// Of the actor that one publishes to. Its `pause` does not matter.
  mailbox_limits mailbox{};

  /// What is kept for a node that is slow, see 3; at least 1.
  std::size_t bridge_queue_messages = runtime::limits::topic_queue_messages;
};

class cluster_topic {
public:
  /// Opens the topic on this node. Errors: errc::name_taken if it is open here
  /// already, errc::bad_setting for a name that is empty or over
  /// limits::topic_name_bytes_max, or an empty queue.
  static caf::expected<cluster_topic> open(caf::actor_system& system,
                                           const node& here,
                                           const cluster_registry& names,
                                           std::string name,
                                           cluster_topic_options options = {});

  cluster_topic(cluster_topic&&) noexcept = default;
  cluster_topic& operator=(cluster_topic&& x) noexcept;
  ~cluster_topic() { close(); }

  /// Takes publish, subscribe, unsubscribe, count_topic, which is about this
  /// node's subscribers, and count_cluster_topic.
  const caf::actor& actor() const noexcept { return actor_; }

  /// What waits to go to other nodes counts as dropped. Idempotent.
  void close();

private:
  cluster_topic() = default;

  caf::actor actor_;
  caf::actor control_;
  std::shared_ptr<topic_channels> channels_;
};

} // namespace sluice::actors::cluster

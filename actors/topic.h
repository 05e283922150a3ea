#pragma once

// topic: one message to many actors, none of which can hurt the others. Each
// subscriber says what is to happen when it is slower than the publishers: they
// wait, it misses the oldest, it misses the newest, or it is dismissed.
//
//   auto news = sys.spawn(topic, topic_options{});
//   self->send(news, subscribe{reader, {.policy = slow_policy::drop_oldest}});
//   self->send(news, publish{caf::make_message(headline)});
//
// A subscriber gets what was published as if the topic had sent it. The content
// is shared: a thousand subscribers have one copy of it. A connection can
// subscribe as it is: publish `net::write{bytes}`.
//
// For users. Thread rule: messages, from any thread. Lifetime: as any actor; it
// ends when it is told to, and then its subscribers get nothing more.

#include "actors/flow_actor.h"

#include <caf/actor.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <vector>

namespace sluice::actors {

/// What happens to what a subscriber under pressure cannot take.
enum class slow_policy : std::uint8_t {
  pause,       // the topic waits for it: its publishers are told to slow down
  drop_oldest, // the newest `queue_messages` are kept for it
  drop_newest, // the oldest `queue_messages` are kept for it
  disconnect,  // over `queue_messages` it is dismissed, with `unsubscribed`
};

std::string to_string(slow_policy x);

struct subscription {
  slow_policy policy = slow_policy::drop_oldest;
  /// Messages that the topic keeps for it while it is under pressure, at least
  /// 1. Not for `pause`.
  std::size_t queue_messages = runtime::limits::topic_queue_messages;
};

struct topic_options {
  /// The topic's own mailbox. Its `pause` does not matter.
  mailbox_limits mailbox;
};

// -- messages to a topic; while it waits for a subscriber (slow_policy::pause)
// only those that are sent with high priority pass
// ------------------------------

/// Replaces an earlier subscription of the same actor, with its queue.
/// Answered, without content. Errors: errc::bad_setting for no actor or an
/// empty queue.
struct subscribe {
  caf::actor who;
  subscription how;
};

/// What is kept for `who` is dropped, and counted. Answered, without content.
struct unsubscribe {
  caf::actor who;
};

/// No answer. A publisher that is told to slow down and does not comes to the
/// cap of the topic's mailbox, and its messages come back.
struct publish {
  caf::message content;
};

/// Answered with topic_counts.
struct count_topic {};

// -- what a topic says
// ----------------------------------------------------------

/// To a subscriber that was dismissed because it was slow (slow_policy::
/// disconnect). `lost` messages that were kept for it did not reach it.
struct unsubscribed {
  std::uint64_t lost = 0;
};

struct subscriber_counts {
  caf::actor_id who = 0;
  slow_policy policy = slow_policy::drop_oldest;
  std::uint64_t delivered = 0;
  std::uint64_t dropped = 0;
  std::uint64_t queued = 0;
  bool under_pressure = false;
};

/// Sums over all subscribers, those included that have left.
struct topic_counts {
  std::uint64_t published = 0;
  std::uint64_t delivered = 0;
  /// Not delivered, since the subscriber was slow.
  std::uint64_t dropped = 0;
  /// Subscribers dismissed for being slow.
  std::uint64_t dismissed = 0;
  /// Came back from subscribers that did not say *applied* in time.
  std::uint64_t rejected = 0;
  std::vector<subscriber_counts> subscribers;
};

/// The behavior of a topic: `sys.spawn(topic, options)`.
caf::behavior topic(flow_actor* self, const topic_options& options);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, subscription& x) {
  return f(caf::meta::type_name("sluice.subscription"), x.policy,
           x.queue_messages);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, subscribe& x) {
  return f(caf::meta::type_name("sluice.subscribe"), x.who, x.how);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, unsubscribe& x) {
  return f(caf::meta::type_name("sluice.unsubscribe"), x.who);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, publish& x) {
  return f(caf::meta::type_name("sluice.publish"), x.content);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, count_topic&) {
  return f(caf::meta::type_name("sluice.count_topic"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, unsubscribed& x) {
  return f(caf::meta::type_name("sluice.unsubscribed"), x.lost);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, subscriber_counts& x) {
  return f(caf::meta::type_name("sluice.subscriber_counts"), x.who, x.policy,
           x.delivered, x.dropped, x.queued, x.under_pressure);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, topic_counts& x) {
  return f(caf::meta::type_name("sluice.topic_counts"), x.published,
           x.delivered, x.dropped, x.dismissed, x.rejected, x.subscribers);
}

} // namespace sluice::actors

#pragma once

// sharding: actors that are started on demand on the node that owns their key.
// An *entity* is an ordinary actor, one for each key in the cluster; whoever
// wants something of it asks the *region* of its own node.
//
//   auto carts = sharding::start(sys, here, {.name = "carts", .role = "shop"},
//       [](caf::event_based_actor* self, const std::string& key,
//          const caf::message& state) -> caf::behavior {
//         ... state is empty, or what an entity of that key handed over
//         return {[=](const add_item& x) { ... },
//                 [=](hand_over) { return caf::make_message(items); }};
//       });
//   self->request(carts->region(), 20s,
//                 to_entity{"cart-17", caf::make_message(add_item{...})})
//       .then(...);
//
// All nodes that ask or own have a region of the same name, with the same
// shards, copies and role. A key belongs to a shard, and a shard to one of the
// members that have the role.
//
// 1. A request is delivered to an entity at most once, and only by a node that
//    owns the shard and has a lease (see membership_lease). The asker gets the
//    entity's answer or an error. Nothing that was delivered is asked again.
// 2. Requests that go through one region to one key are delivered in the order
//    in which they came to it.
// 3. When members come, or go in order, shards move. A shard that is to move
//    stops: new requests wait where they are. Those that entities have are
//    awaited, for at most `stop_max`. Then each entity is asked for its state
//    (hand_over), for at most `hand_over_max`, and ends. The new owner has all
//    states before it serves the shard, and spawns an entity with its state
//    when somebody asks for it.
// 4. Errors of the region, all of the category "sluice":
//      no_owner          nobody served the shard for `hold_max`; nothing was
//                        done
//      too_many_waiting  too much waits, or is under way; nothing was done
//      not_serializable, message_too_long
//                        the request cannot go to another node: nothing was
//                        done; or the answer cannot: the text says which
//      entity_ended      without an answer; it was done or was not
//      entity_silent     no answer within `answer_max`, or `stop_max` when its
//                        shard moved; it was, will be or will not be done
//      owner_lost        the node that had the request is down or has left, or
//                        may have been replaced; it was done or was not
//      bad_setting       the key is empty or too long
//    What the entity itself answers, errors included, is passed on as it is.
// 5. An entity that has had no request for `idle_after` hands over its state,
//    and ends.
// 6. An entity that ends by itself, or does not hand over, leaves the state
//    that was kept last, by hand-over or keep_state, if there is one. An empty
//    answer to hand_over forgets it. An entity that does not know hand_over
//    leaves it as it is.
// 7. With one copy, a node that is lost loses its entities and all states that
//    it kept. With two, what was handed over or saved survives the loss of one
//    node; what an entity has done since, does not.
// 8. Waiting requests, requests under way, entities, and the bytes of a message
//    are bounded, by sharding_options and limits. The states are not, but by
//    what entities keep: one for each key at most.
//
// A member with the role keeps its shards while it is a member, whatever
// becomes of its region: one that ends its region leaves the cluster before.
//
// Not promised: an entity whose node has lost its lease gets nothing new, but
// goes on with what it has, while another node may have begun a new one; the
// region then answers its askers with owner_lost. An entity that must not act
// in that time looks at the lease. One whose answer needs that of another
// entity may wait for it in vain, up to `stop_max`, while their shard moves.
// Timers and messages of an entity that did not come by the region are not
// awaited when it ends. A message without a request (`send`) has no answer, and
// is lost where a request had failed. Handles of actors inside of messages
// travel by CAF's remote actors: see node_options.remote_port.
//
// For users. Thread rule: any thread. Lifetime: within that of the node and the
// actor system; the end waits for the region's, so not in one of its entities.

#include "actors/cluster/node.h"
#include "actors/cluster/sharding_messages.h"
#include "runtime/clock.h"
#include "runtime/limits.h"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/behavior.hpp>
#include <caf/error.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/expected.hpp>
#include <caf/message.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace sluice::actors::cluster {

struct sharding_options {
  /// Of the region; 1 to limits::name_bytes_max bytes.
  std::string name;

  /// The same on all nodes, 1 to shards_max.
  std::uint32_t shards = runtime::limits::shards_default;

  /// Of the members that own entities; empty: all of them.
  std::string role{};

  /// Of what was handed over or saved: 1 or 2.
  std::uint32_t copies = 1;

  /// 0: entities are not ended for being idle. Looked at four times in it.
  runtime::duration idle_after{};

  runtime::duration hold_max = runtime::limits::sharding_hold;
  runtime::duration answer_max = runtime::limits::sharding_answer;
  runtime::duration stop_max = runtime::limits::sharding_stop;
  runtime::duration hand_over_max = runtime::limits::sharding_hand_over;

  /// Requests of one node that wait, and that are at entities or other nodes.
  std::size_t waiting_max = runtime::limits::sharding_waiting_max;
  std::size_t under_way_max = runtime::limits::sharding_under_way_max;

  /// Entities of one node.
  std::size_t entities_max = runtime::limits::sharding_entities_max;

  /// As shard_settings::gone_after: roster_times::down_after at least.
  runtime::duration gone_after = runtime::limits::cluster_down_after;

  /// errc::bad_setting; names the setting.
  caf::error check() const;
};

/// Makes the behavior of an entity. Runs in the entity.
using entity_factory = std::function<caf::behavior(caf::event_based_actor* self,
                                                   const std::string& key,
                                                   const caf::message& state)>;

class sharding {
public:
  /// Errors: those of sharding_options::check, errc::name_taken if the node has
  /// a region of that name, errc::channel_closed if the node was stopped.
  static caf::expected<sharding> start(caf::actor_system& system,
                                       const node& here,
                                       sharding_options options,
                                       entity_factory make);

  sharding(sharding&&) noexcept = default;
  sharding& operator=(sharding&& x) noexcept;
  ~sharding() { stop(); }

  /// Takes to_entity, keep_state and count_entities, from actors of this node.
  const caf::actor& region() const noexcept { return region_; }

  /// Ends the region and its entities, which hand over nothing: to keep their
  /// states, the node leaves the cluster before (leave_cluster). Idempotent.
  void stop();

private:
  sharding() = default;

  caf::actor_system* system_ = nullptr;
  caf::actor region_;
};

} // namespace sluice::actors::cluster

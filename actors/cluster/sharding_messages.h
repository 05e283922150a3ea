#pragma once

// What one says to a region of sharded actors, what it says to its entities,
// and what regions say to each other. The rules stand in
// actors/cluster/sharding.h.
//
// For users. Thread rule: values.

#include "actors/cluster/shard_table.h"

#include <caf/actor_system_config.hpp>
#include <caf/error.hpp>
#include <caf/message.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace sluice::actors::cluster {

// -- to a region --------------------------------------------------------------

/// A request to the entity of that key; answered with what it answers, or with
/// an error of rule 4. The key has 1 to limits::sharding_key_bytes_max bytes.
struct to_entity {
  std::string key;
  caf::message what;
};

/// Keeps `state` as that of the entity, which is to be one of this node. From
/// an entity, at any time. Answered, without content, when it is kept; errors:
/// errc::no_owner if the shard is not served here, errc::not_serializable.
struct keep_state {
  std::string key;
  caf::message state;
};

/// Answered with entity_counts.
struct count_entities {};

/// What the region of one node has, and has done.
struct entity_counts {
  std::uint64_t entities = 0;
  /// Requests at entities of this node, sent to other nodes, and waiting.
  std::uint64_t delivered = 0;
  std::uint64_t asked = 0;
  std::uint64_t waiting = 0;
  /// States of entities that do not run, or were saved.
  std::uint64_t states = 0;
  /// Shards that this node serves.
  std::uint64_t shards = 0;
  /// Since the region began: entities spawned, states handed over, hand-overs
  /// that failed or whose state could not be kept, and requests that failed by
  /// the region's own errors.
  std::uint64_t spawned = 0;
  std::uint64_t handed_over = 0;
  std::uint64_t states_lost = 0;
  std::uint64_t failed = 0;
};

// -- to an entity -------------------------------------------------------------

/// A request with high priority, when the entity has nothing else to answer:
/// its answer is its state, and its end follows. An empty answer: there is
/// nothing to keep.
struct hand_over {};

// -- between regions ----------------------------------------------------------

struct entity_call {
  holder from;
  /// By which the sender takes the receiver for the owner.
  table_version at;
  std::uint64_t number = 0;
  std::string key;
  std::string what; // a message
};

enum class entity_outcome : std::uint8_t {
  answered, // with a message
  failed,   // with an error: of the entity, or of rule 4
  moved,    // nothing was done: ask who has the shard now
};

struct entity_reply {
  /// To whom: a node in a new life does not take it for its own.
  holder to;
  std::uint64_t number = 0;
  entity_outcome outcome = entity_outcome::answered;
  std::string what; // a message, or an error
};

/// Makes the messages known to a system; `actors::config` does it.
void add_sharding_types(caf::actor_system_config& cfg);

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, to_entity& x) {
  return f(caf::meta::type_name("sluice.to_entity"), x.key, x.what);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, keep_state& x) {
  return f(caf::meta::type_name("sluice.keep_state"), x.key, x.state);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, count_entities&) {
  return f(caf::meta::type_name("sluice.count_entities"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, entity_counts& x) {
  return f(caf::meta::type_name("sluice.entity_counts"), x.entities,
           x.delivered, x.asked, x.waiting, x.states, x.shards, x.spawned,
           x.handed_over, x.states_lost, x.failed);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, hand_over&) {
  return f(caf::meta::type_name("sluice.hand_over"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, entity_call& x) {
  return f(caf::meta::type_name("sluice.entity_call"), x.from, x.at, x.number,
           x.key, x.what);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, entity_reply& x) {
  return f(caf::meta::type_name("sluice.entity_reply"), x.to, x.number,
           x.outcome, x.what);
}

} // namespace sluice::actors::cluster

#pragma once

// shard_letter: what the keepers of shards say to each other, and to the one
// among them that plans. Letters from one node to another arrive in order or
// are lost; what matters is said again.
//
// Internal, but for shard_letter itself, which its users carry. Thread rule:
// values.

#include "actors/cluster/shard_table.h"
#include "runtime/byte_slice.h"

#include <caf/actor_system_config.hpp>
#include <caf/error.hpp>
#include <caf/fwd.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace sluice::actors::cluster {

// -- with the planner ---------------------------------------------------------

/// A primary says something of a shard, as it is in this epoch.
struct shard_claim {
  std::uint32_t shard = 0;
  std::uint64_t epoch = 0;
};

/// To the planner, again and again, and at once when there is news.
struct shard_report {
  table_version have;
  table_version promised;
  std::uint64_t members_term = 0;
  /// Comes back.
  std::uint64_t nonce = 0;
  bool draining = false;
  /// The joining node has all that the sender has acknowledged, and the sender
  /// acknowledges nothing more without it.
  std::vector<shard_claim> in_sync;
  /// The sender serves the shard no more, and its backup and the next primary
  /// have all of it.
  std::vector<shard_claim> released;
};

/// From an active planner, which has that table.
struct shard_answer {
  std::uint64_t nonce = 0;
  table_version at;
  /// The receiver wants to leave, and has nothing any more, as all know.
  bool drained = false;
};

/// A table, from whoever has it.
struct shard_news {
  shard_table table;
};

/// The sender is to plan, in a new term.
struct shard_collect {
  table_version term;
  std::uint64_t members_term = 0;
};

/// The sender follows no planner of an earlier term any more.
struct shard_promise {
  table_version term;
  shard_table table;
};

/// It has promised that already.
struct shard_refusal {
  table_version promised;
};

// -- between a primary and those that copy it ---------------------------------

/// Operations of one shard: each has its length in front, 4 bytes, the lowest
/// first.
struct shard_segment {
  std::uint32_t shard = 0;
  std::uint64_t reign = 0;
  /// Of which stream of the sender, and which one in it, from 1.
  std::uint64_t stream = 0;
  std::uint64_t seq = 0;
  /// The first of a copy from nothing.
  bool fresh = false;
  runtime::byte_slice operations;
};

struct shard_copies {
  /// By which the sender is the primary.
  table_version at;
  std::vector<shard_segment> segments;
};

struct shard_question {
  std::uint32_t shard = 0;
  std::uint64_t reign = 0;
  std::uint64_t stream = 0;
  std::uint64_t number = 0; // comes back
};

/// How far are you? Whatever was sent before, and has not come, is lost.
struct shard_probe {
  table_version at;
  std::vector<shard_question> questions;
};

struct shard_ack {
  std::uint32_t shard = 0;
  std::uint64_t stream = 0;
  /// Up to there it has all.
  std::uint64_t seq = 0;
  /// Of the question that it answers, or 0.
  std::uint64_t number = 0;
  /// Something is missing.
  bool gap = false;
};

struct shard_acks {
  std::vector<shard_ack> acks;
};

/// The sender has this table, and the receiver has a newer one.
struct shard_outdated {
  table_version have;
};

using shard_letter_body =
    std::variant<shard_report, shard_answer, shard_news, shard_collect,
                 shard_promise, shard_refusal, shard_copies, shard_probe,
                 shard_acks, shard_outdated>;

struct shard_letter {
  holder from;
  shard_letter_body body;
};

/// Lets CAF serialize shard_letter and shard_table.
void add_shard_types(caf::actor_system_config& cfg);

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_claim& x) {
  return f(caf::meta::type_name("sluice.shard_claim"), x.shard, x.epoch);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_report& x) {
  return f(caf::meta::type_name("sluice.shard_report"), x.have, x.promised,
           x.members_term, x.nonce, x.draining, x.in_sync, x.released);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_answer& x) {
  return f(caf::meta::type_name("sluice.shard_answer"), x.nonce, x.at,
           x.drained);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_news& x) {
  return f(caf::meta::type_name("sluice.shard_news"), x.table);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_collect& x) {
  return f(caf::meta::type_name("sluice.shard_collect"), x.term,
           x.members_term);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_promise& x) {
  return f(caf::meta::type_name("sluice.shard_promise"), x.term, x.table);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_refusal& x) {
  return f(caf::meta::type_name("sluice.shard_refusal"), x.promised);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_segment& x) {
  return f(caf::meta::type_name("sluice.shard_segment"), x.shard, x.reign,
           x.stream, x.seq, x.fresh, x.operations);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_copies& x) {
  return f(caf::meta::type_name("sluice.shard_copies"), x.at, x.segments);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_question& x) {
  return f(caf::meta::type_name("sluice.shard_question"), x.shard, x.reign,
           x.stream, x.number);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_probe& x) {
  return f(caf::meta::type_name("sluice.shard_probe"), x.at, x.questions);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_ack& x) {
  return f(caf::meta::type_name("sluice.shard_ack"), x.shard, x.stream, x.seq,
           x.number, x.gap);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_acks& x) {
  return f(caf::meta::type_name("sluice.shard_acks"), x.acks);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_outdated& x) {
  return f(caf::meta::type_name("sluice.shard_outdated"), x.have);
}

/// The number of the kind of body, and the body. Loading refuses a number that
/// there is not (sec::unknown_type).
caf::error inspect(caf::serializer& f, shard_letter& x);
caf::error inspect(caf::deserializer& f, shard_letter& x);

/// Its kind and from whom; the content belongs to the users.
std::string to_string(const shard_letter& x);

} // namespace sluice::actors::cluster

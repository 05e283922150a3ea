#pragma once

// name_letters: what the keepers of names of two nodes say to each other, over
// CAF's remote actors, so that the handles in it are good at the other end.
// Each says in which life of its node it was written; see member.
//
// Internal; the rules stand in names.h. Thread rule: values.

#include "actors/cluster/member.h"

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::actors::cluster {

struct node_life {
  std::string node;
  std::uint64_t incarnation = 0;

  bool operator==(const node_life&) const = default;

  bool is(const member& x) const noexcept {
    return incarnation == x.incarnation && node == x.name;
  }
};

inline node_life life_of(const member& x) {
  return {x.name, x.incarnation};
}

struct name_entry {
  std::string name;
  bool shared = false;
  caf::actor who;

  bool operator==(const name_entry&) const = default;
};

/// The beginning of a conversation, or a new one: the other one answers with
/// the same, and each goes on with its list and its claims.
struct name_hello {
  node_life from;
  bool answers = false;
};

/// All names of the sender's actors. The changes that follow count from `seq`.
struct name_list {
  node_life from;
  /// Whom the sender takes for the arbiter: it heeds no other one any more.
  node_life follows;
  std::uint64_t seq = 0;
  /// The first one after a hello: no verdict that was sent before counts.
  bool begins = false;
  std::vector<name_entry> entries;
};

struct name_change {
  node_life from;
  std::uint64_t seq = 0;
  bool up = false;
  name_entry what;
};

/// To the arbiter. `id` is never used again.
struct name_claim {
  node_life from;
  std::uint64_t id = 0;
  name_entry what;
};

/// The claim is not made any more, and what was granted is not taken.
struct name_unclaim {
  node_life from;
  std::uint64_t id = 0;
};

/// From the arbiter. No error: the name is granted.
struct name_verdict {
  node_life from;
  std::uint64_t id = 0;
  caf::error why;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, node_life& x) {
  return f(caf::meta::type_name("sluice.node_life"), x.node, x.incarnation);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_entry& x) {
  return f(caf::meta::type_name("sluice.name_entry"), x.name, x.shared, x.who);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_hello& x) {
  return f(caf::meta::type_name("sluice.name_hello"), x.from, x.answers);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_list& x) {
  return f(caf::meta::type_name("sluice.name_list"), x.from, x.follows, x.seq,
           x.begins, x.entries);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_change& x) {
  return f(caf::meta::type_name("sluice.name_change"), x.from, x.seq, x.up,
           x.what);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_claim& x) {
  return f(caf::meta::type_name("sluice.name_claim"), x.from, x.id, x.what);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_unclaim& x) {
  return f(caf::meta::type_name("sluice.name_unclaim"), x.from, x.id);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_verdict& x) {
  return f(caf::meta::type_name("sluice.name_verdict"), x.from, x.id, x.why);
}

} // namespace sluice::actors::cluster

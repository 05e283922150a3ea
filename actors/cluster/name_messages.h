#pragma once

// What one may ask the keeper of a cluster's names besides the verbs of
// actors/registry.h, and what it tells.
//
// Errors of register_name and register_shared_name, besides errc::name_taken
// and errc::bad_setting: errc::connection_closed if this node is no member, or
// if nobody has decided within limits::names_claim_wait.
//
// Who watches (watch_names) gets name_up for each actor that gets a name, so
// several for a shared one; name_left when one of several goes; and name_down
// when the last one does. No mailbox is too full for these.
//
// For users. Thread rule: values.

#include <caf/actor.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>

namespace sluice::actors::cluster {

/// As register_name, but the name may be that of other actors, too.
struct register_shared_name {
  std::string name;
  caf::actor who;
};

/// To an actor that had the name: it is another's now; see rule 6 of names.h.
struct name_lost {
  std::string name;
};

/// One of several actors with the name has gone.
struct name_left {
  std::string name;
  caf::actor who;
};

/// Answered with name_counts.
struct count_names {};

/// What a keeper of names holds.
struct name_counts {
  /// Names of actors of this node, and claims that are not decided yet.
  std::uint64_t own = 0;
  std::uint64_t claims = 0;
  /// Names of actors of other nodes.
  std::uint64_t others = 0;
  /// Names in the cache, each once.
  std::uint64_t cached = 0;
  std::uint64_t observers = 0;
  /// Actors of this node that are monitored for the above.
  std::uint64_t monitored = 0;
  /// Other members, and how many of them are connected.
  std::uint64_t peers = 0;
  std::uint64_t connected = 0;
  /// Who decides: a node's name.
  std::string arbiter;
  /// If this node does: what waits, and what is granted and not yet taken.
  std::uint64_t waiting = 0;
  std::uint64_t granted = 0;
};

/// Makes the messages of names and topics known to a system; `actors::config`
/// does it.
void add_names_types(caf::actor_system_config& cfg);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, register_shared_name& x) {
  return f(caf::meta::type_name("sluice.register_shared_name"), x.name, x.who);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_lost& x) {
  return f(caf::meta::type_name("sluice.name_lost"), x.name);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_left& x) {
  return f(caf::meta::type_name("sluice.name_left"), x.name, x.who);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, count_names&) {
  return f(caf::meta::type_name("sluice.count_names"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, name_counts& x) {
  return f(caf::meta::type_name("sluice.name_counts"), x.own, x.claims,
           x.others, x.cached, x.observers, x.monitored, x.peers, x.connected,
           x.arbiter, x.waiting, x.granted);
}

} // namespace sluice::actors::cluster

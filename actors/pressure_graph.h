#pragma once

// pressure_graph: who is holding whom, right now: an edge from every actor that
// was told to slow down to the one that told it, since when, and how much waits
// there. For people (`to_text`, `to_dot`) and for programs: a message to the
// actor `pressure_lister`.
//
//   std::cout << to_text(list_pressure(sys));
//   dot -Tsvg <<< "$(...)"   # what to_dot gives
//
// For users. Thread rule: any thread; an actor_system's own clock is read.
// Lifetime: values.

#include "runtime/pressure_table.h"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/meta/type_name.hpp>

#include <string>
#include <vector>

namespace sluice::actors {

using runtime::pressure_entry;

struct pressure_graph {
  std::vector<pressure_entry> edges;

  /// Circles of actors that hold each other, each by their ids, the smallest
  /// first. Flow-controlled actors that obey by themselves never stay in one:
  /// look for actors that decide for themselves.
  std::vector<std::vector<caf::actor_id>> cycles() const;
};

/// What is so at this moment.
pressure_graph list_pressure(caf::actor_system& system);

/// A line for each edge, the oldest first:
///   parser 12 is held by sink 14 for 1.2 s: 300 messages wait there
/// and one for each cycle. "nobody is held" if so.
std::string to_text(const pressure_graph& x);

/// A digraph in Graphviz' DOT language, edges from the held to the holder.
std::string to_dot(const pressure_graph& x);

/// Asks a pressure_lister.
struct list_pressure_request {};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f,
                                        list_pressure_request& x) {
  static_cast<void>(x);
  return f(caf::meta::type_name("sluice.list_pressure"));
}

/// Answers list_pressure_request with a pressure_graph. One of a system can be
/// found under `pressure_lister_name` once somebody put it there:
///   sys.registry().put(pressure_lister_name, sys.spawn(pressure_lister));
caf::behavior pressure_lister(caf::event_based_actor* self);

inline constexpr caf::atom_value pressure_lister_name = caf::atom("pressure");

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, pressure_graph& x) {
  return f(caf::meta::type_name("sluice.pressure_graph"), x.edges);
}

} // namespace sluice::actors

namespace sluice::runtime {

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, pressure_entry& x) {
  return f(caf::meta::type_name("sluice.pressure_entry"), x.holder,
           x.holder_name, x.held, x.held_name, x.since, x.queued, x.unit);
}

} // namespace sluice::runtime

#pragma once

// What one may ask the actor of a node, and what it answers. What it tells
// those who watch stands in actors/cluster/member.h.
//
// For users. Thread rule: values.

#include "actors/cluster/member.h"
#include "actors/cluster/view.h"

#include <caf/actor.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/error.hpp>
#include <caf/meta/type_name.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::actors::cluster {

enum class node_state : std::uint8_t {
  joining, // has not been a member yet
  member,  // is one
  alone,   // cannot be sure to be one, and tries to be one again
  leaving, // was asked to
  left,    // is not a member
  failed,  // likewise, and does not try: `why` of member_list says why
};

std::string to_string(node_state x);

// -- messages to a node's actor -----------------------------------------------

/// Events for `observer` from now on, see 1; until it ends. Again: as if for
/// the first time.
struct watch_members {
  caf::actor observer;
  /// Whether it gets prepare_to_leave before the node leaves.
  bool drains = false;
};

/// Answered with member_list.
struct list_members {};

// leave_cluster (actors/cluster/provider.h): answered, without content, when
// the node has left.

// member_unreachable (actors/cluster/provider.h): without an answer.

/// Answered with membership_report.
struct report_membership {};

/// After it has left, or failed. Answered, without content, at once; the
/// observers hear membership_gained. Errors: errc::bad_setting if it is there.
struct join_cluster {};

/// A request to those who drain: to be answered when they are done, with
/// anything.
struct prepare_to_leave {};

struct member_list {
  node_state state = node_state::joining;
  /// This node, in its present life.
  member self;
  view list;
  caf::error why;
};

/// What the node counts of its cluster, since it began.
struct membership_report {
  std::string node; // this one
  node_state state = node_state::joining;
  std::uint64_t members = 0;   // on the list now
  std::uint64_t suspected = 0; // of these
  version at;
  /// Changes that were heard, by change_kind.
  std::vector<std::uint64_t> changes;
  /// How often the node became a member, and was one no longer without leaving.
  std::uint64_t gained = 0;
  std::uint64_t lost = 0;
};

/// Makes the messages known to a system; `actors::config` does it.
void add_cluster_types(caf::actor_system_config& cfg);

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, watch_members& x) {
  return f(caf::meta::type_name("sluice.watch_members"), x.observer, x.drains);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, list_members&) {
  return f(caf::meta::type_name("sluice.list_members"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, report_membership&) {
  return f(caf::meta::type_name("sluice.report_membership"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, membership_report& x) {
  return f(caf::meta::type_name("sluice.membership_report"), x.node, x.state,
           x.members, x.suspected, x.at, x.changes, x.gained, x.lost);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, join_cluster&) {
  return f(caf::meta::type_name("sluice.join_cluster"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, prepare_to_leave&) {
  return f(caf::meta::type_name("sluice.prepare_to_leave"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, member_list& x) {
  return f(caf::meta::type_name("sluice.member_list"), x.state, x.self, x.list,
           x.why);
}

} // namespace sluice::actors::cluster

#pragma once

// member: one node of a cluster, as all others know it, and the events that say
// what becomes of it.
//
// For users. Thread rule: values.

#include <caf/meta/type_name.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::actors::cluster {

struct member {
  /// Unique among the members at a time.
  std::string name;
  /// Grows with each time that a node of this name joins: one that comes back
  /// is another one. Names the member together with `name`.
  std::uint64_t incarnation = 0;
  /// Where the channels of other nodes reach it.
  std::string endpoint;
  /// Where CAF's remote actors reach it; empty: nowhere.
  std::string remote;
  /// What it is for; see placement.
  std::vector<std::string> roles;

  bool operator==(const member&) const = default;
};

/// True if both are the same node in the same life.
inline bool same(const member& x, const member& y) noexcept {
  return x.incarnation == y.incarnation && x.name == y.name;
}

/// How new a list of members is. A term is the reign of one seed node, which
/// numbers the changes in it.
struct version {
  std::uint64_t term = 0;
  std::uint64_t seq = 0;

  auto operator<=>(const version&) const = default;
};

enum class change_kind : std::uint8_t {
  joined,
  suspected, // silent; it may be slow, stopped, or dead
  trusted,   // was suspected, and is heard again
  left,      // went, as it was asked to
  down,      // is taken for dead; should it live, it has to join again
};

inline constexpr std::size_t change_kinds =
    static_cast<std::size_t>(change_kind::down) + 1;

/// A subscriber gets one for each change, in the order of the versions, which
/// is the same on all nodes. A node that was counted as down and joins again
/// may find a cluster that counts anew.
template <change_kind What>
struct node_event {
  member who;
  version at;
};

using node_joined = node_event<change_kind::joined>;
using node_suspected = node_event<change_kind::suspected>;
using node_trusted = node_event<change_kind::trusted>;
using node_left = node_event<change_kind::left>;
using node_down = node_event<change_kind::down>;

/// This node is a member, and the others count on it.
struct membership_gained {
  /// The node itself, in this life.
  member self;
  version at;
};

/// This node cannot be sure to be a member any more: it has lost the others, or
/// they have lost it. It must not act as one until it hears membership_gained.
/// It tries to come back by itself.
struct membership_lost {
  std::string why;
};

const char* to_string(change_kind x) noexcept;

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, member& x) {
  return f(caf::meta::type_name("sluice.member"), x.name, x.incarnation,
           x.endpoint, x.remote, x.roles);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, version& x) {
  return f(caf::meta::type_name("sluice.version"), x.term, x.seq);
}

/// "sluice.node_joined" and so on.
const char* event_name(change_kind x) noexcept;

template <class Inspector, change_kind What>
typename Inspector::result_type inspect(Inspector& f, node_event<What>& x) {
  return f(caf::meta::type_name(event_name(What)), x.who, x.at);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, membership_gained& x) {
  return f(caf::meta::type_name("sluice.membership_gained"), x.self, x.at);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, membership_lost& x) {
  return f(caf::meta::type_name("sluice.membership_lost"), x.why);
}

} // namespace sluice::actors::cluster

#pragma once

// view: a list of members at a version, in the order in which they joined.
//
// Internal. Thread rule: a value.

#include "actors/cluster/member.h"

#include <caf/meta/type_name.hpp>

#include <string_view>
#include <vector>

namespace sluice::actors::cluster {

/// One step from a version to the next.
struct change {
  version at;
  change_kind what = change_kind::joined;
  member who;

  bool operator==(const change&) const = default;
};

struct listed {
  member who;
  bool suspected = false;

  bool operator==(const listed&) const = default;
};

struct view {
  version at;
  /// The name of the node that keeps the list.
  std::string seed;
  std::vector<listed> members;

  bool operator==(const view&) const = default;

  /// The member of that name, or null.
  const listed* find(std::string_view name) const noexcept;
  listed* find(std::string_view name) noexcept;

  /// The member in this life.
  bool has(const member& x) const noexcept;

  /// The one that keeps the list; null if it has gone.
  const member* keeper() const noexcept;

  /// What the change says, which is at the next version or at any later one.
  void apply(const change& x);
};

/// The changes that make `after` of `before`, all at the version of `after`:
/// first who went, then who came, and then who is suspected or not.
std::vector<change> difference(const view& before, const view& after);

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, change& x) {
  return f(caf::meta::type_name("sluice.change"), x.at, x.what, x.who);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, listed& x) {
  return f(caf::meta::type_name("sluice.listed"), x.who, x.suspected);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, view& x) {
  return f(caf::meta::type_name("sluice.view"), x.at, x.seed, x.members);
}

} // namespace sluice::actors::cluster

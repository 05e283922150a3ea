#pragma once

// shard_table: who holds which shard of a set of data, as one planner said it.
// A key belongs to a shard by its hash. A shard has a *primary*, which serves
// it; it may have a *backup*, which has all that the primary has acknowledged,
// and a *joining* node, which catches up.
//
// For users. Thread rule: values.

#include "actors/cluster/member.h"

#include <caf/meta/type_name.hpp>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::actors::cluster {

/// A member in one life. Its data does not outlive it: who comes back is
/// another holder. No name: nobody.
struct holder {
  std::string name;
  std::uint64_t incarnation = 0;

  holder() = default;
  holder(std::string who, std::uint64_t life)
      : name(std::move(who)), incarnation(life) {}
  explicit holder(const member& x) : holder(x.name, x.incarnation) {}

  explicit operator bool() const noexcept { return !name.empty(); }

  bool operator==(const holder&) const = default;
  auto operator<=>(const holder&) const = default;
};

struct shard_entry {
  /// Grows with each change of the entry.
  std::uint64_t epoch = 0;
  /// The epoch in which the primary became it.
  std::uint64_t reign = 0;
  /// How often the shard began again, empty, since all copies were lost.
  std::uint64_t losses = 0;
  holder primary;
  holder backup;
  holder joining;
  /// Since which epoch they are that: who was not for a while begins anew.
  std::uint64_t backup_since = 0;
  std::uint64_t joining_since = 0;
  /// Becomes the primary as soon as the present one has stopped: the backup,
  /// or the joining one.
  holder next;

  bool operator==(const shard_entry&) const = default;

  bool has(const holder& x) const noexcept {
    return x && (x == primary || x == backup || x == joining);
  }
};

/// How new a table is. Planners take turns; each has a higher term than the one
/// before, and two that take the same one by chance differ by who they are.
struct table_version {
  std::uint64_t term = 0;
  holder planner;
  std::uint64_t seq = 0;

  bool operator==(const table_version&) const = default;
  auto operator<=>(const table_version&) const = default;
};

struct shard_table {
  table_version at;
  /// The term of the list of members by which the planner went.
  std::uint64_t members_term = 0;
  /// Indexed by shard; empty before the first planner.
  std::vector<shard_entry> entries;
  /// Who wants to leave and is given nothing any more.
  std::vector<holder> draining;

  bool operator==(const shard_table&) const = default;

  /// True if `x` has a shard, or is about to.
  bool holds_any(const holder& x) const noexcept;

  bool is_draining(const holder& x) const noexcept;

  /// How often any shard was lost.
  std::uint64_t losses() const noexcept;
};

/// hash_of(key) % shards. `shards` must not be 0.
std::uint32_t shard_of(std::string_view key, std::uint32_t shards) noexcept;

/// For people: one line per shard.
std::string to_string(const shard_table& x);

// -- serialization ------------------------------------------------------------

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, holder& x) {
  return f(caf::meta::type_name("sluice.holder"), x.name, x.incarnation);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_entry& x) {
  return f(caf::meta::type_name("sluice.shard_entry"), x.epoch, x.reign,
           x.losses, x.primary, x.backup, x.joining, x.backup_since,
           x.joining_since, x.next);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, table_version& x) {
  return f(caf::meta::type_name("sluice.table_version"), x.term, x.planner,
           x.seq);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, shard_table& x) {
  return f(caf::meta::type_name("sluice.shard_table"), x.at, x.members_term,
           x.entries, x.draining);
}

} // namespace sluice::actors::cluster

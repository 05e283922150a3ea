#pragma once

// member_list: the members of a cluster as etcd has them, kept up to date from
// its events, and what has become of whom, as changes. The version of a change
// is {etcd's cluster id, revision}: all nodes see the same changes in the same
// order, but for one that was away for so long that etcd has forgotten what
// happened; it is told what came of it, with the version of now.
//
// - A key that comes is a node that `joined`.
// - A key that goes is a node that `left`, if its value said before that it is
//   leaving, else one that is `down`: its lease has ended.
// - Nobody is `suspected`: etcd tells when a lease has ended, not when its
//   owner is late.
//
// Keys that are not those of members are passed over.
//
// Internal. Thread rule: a value.

#include "actors/cluster/etcd/wire.h"
#include "actors/cluster/member.h"
#include "actors/cluster/view.h"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::cluster::etcd {

class member_list {
public:
  /// `prefix`: what the members' keys start with.
  explicit member_list(std::string prefix) : prefix_(std::move(prefix)) {}

  const view& current() const noexcept { return list_; }

  /// Everything up to this revision is in the list.
  std::uint64_t revision() const noexcept { return list_.at.seq; }

  /// Everybody who is there at the revision of `x`, whatever was known before.
  /// Members that are new to an empty list have the version in which they
  /// joined, in others all changes have the version of `x`.
  std::vector<change> reset(const key_list& x);

  /// What etcd tells next. Events up to `revision` are known already.
  std::vector<change> apply(const watch_answer& x);

  /// True if `x` has the same members in the same lives.
  bool agrees(const key_list& x) const;

private:
  /// The members in a list of keys, in its order.
  view to_view(const key_list& x) const;
  std::optional<std::string> name_of(std::string_view key) const;
  void apply(std::uint64_t cluster, const key_event& x,
             std::vector<change>& result);
  void publish(version at, change_kind what, member who,
               std::vector<change>& result);

  std::string prefix_;
  view list_;
  /// Who said that it is leaving: names and lives.
  std::map<std::string, std::uint64_t, std::less<>> leaving_;
};

} // namespace sluice::actors::cluster::etcd

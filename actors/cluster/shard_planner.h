#pragma once

// shard_planner: who decides which node holds which shard. Every keeper has
// one; the one of the *eldest* member of the role, with the lowest incarnation,
// is active. (As the controller of Kafka does with its in-sync replicas.)
//
// 1. Before it decides anything, it takes a term that is higher than any it
//    knows of, and asks all members of the role for their tables. Who answers
//    listens to no earlier term any more. When all have answered, it goes on
//    from the newest table. So nothing that a member acts on is forgotten, and
//    no earlier planner can change anything that it does not know of.
// 2. Each table is whole, and newer than the one before. Members report which
//    one they have, and get the newest.
// 3. It stops when it has no lease, or when an elder member is there; it begins
//    with 1 when it goes on.
// 4. A member that was counted as down by the seed that it had has no lease: it
//    is gone. One that is missing for any other reason (a new seed does not
//    know it) may still have one for `gone_after`.
// 5. It plans by a list of members. Who has a list of a later term does not
//    listen to it until it has that, too: its own may be that of a seed which
//    has lost the others. As a new term need not change who is in the list, and
//    is not told then, it takes the later term for its own when it has kept its
//    lease for twice `gone_after` since it heard of it: without the others, the
//    seed could not have renewed it.
// 6. A node that wants to leave has nothing any more when all others know so.
//
// Internal. Thread rule: that of the keeper. Lifetime: belongs to a keeper.

#include "actors/cluster/shard_letter.h"
#include "actors/cluster/shard_moves.h"
#include "actors/cluster/shard_settings.h"
#include "actors/cluster/shard_table.h"
#include "actors/cluster/view.h"
#include "runtime/clock.h"

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace sluice::actors::cluster {

class shard_planner {
public:
  explicit shard_planner(shard_settings settings);

  /// The node has begun a life.
  void restart(const holder& self);

  void on_view(runtime::time_point now, const view& list);
  void on_lease(runtime::time_point now, bool has_lease);

  void receive(runtime::time_point now, const holder& from,
               const shard_report& x);
  void receive(runtime::time_point now, const holder& from,
               const shard_promise& x);
  void receive(runtime::time_point now, const holder& from,
               const shard_refusal& x);

  runtime::time_point tick(runtime::time_point now);

  using outgoing = std::pair<holder, shard_letter_body>;
  std::vector<outgoing> take_letters();

  bool is_active() const noexcept { return state_ == state::active; }

private:
  enum class state : std::uint8_t { idle, collecting, active };

  void look(runtime::time_point now);
  void collect(runtime::time_point now);
  void ask(runtime::time_point now);
  void count_promises(runtime::time_point now);
  void plan(runtime::time_point now);
  void publish();
  void note_missing(runtime::time_point now);
  void note_term(runtime::time_point now, std::uint64_t members_term);
  bool is_gone(runtime::time_point now, const holder& x) const;
  bool is_here(const holder& x) const;
  bool is_drained(const holder& x) const;

  const shard_settings settings_;
  holder self_;
  view list_;
  bool has_lease_ = false;
  state state_ = state::idle;
  std::vector<member> members_;  // of the role
  std::uint64_t known_term_ = 0; // the highest that it has heard of
  table_version term_;
  shard_table table_;
  std::map<holder, shard_table> promises_;
  std::set<holder> listeners_; // without the role
  std::map<holder, runtime::time_point> gone_from_;
  bool is_term_new_ = false; // of the list, at its present version
  std::uint64_t members_term_ = 0;
  std::uint64_t later_term_ = 0; // of a list that somebody else has
  runtime::time_point later_since_{};
  std::vector<shard_standing> standings_;
  std::set<holder> draining_;
  std::map<holder, table_version> empty_since_; // of those
  std::map<holder, table_version> have_;        // that the members report
  runtime::time_point next_{};
  std::vector<outgoing> letters_;
};

/// The one that plans, or null.
const member* eldest(const view& list, const std::string& role) noexcept;

} // namespace sluice::actors::cluster

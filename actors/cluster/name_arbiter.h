#pragma once

// name_arbiter: what the oldest member does for all: it decides who gets a
// name. Sans-I/O: it is told what is claimed and what became of it, and gives
// the verdicts.
//
// 1. It decides nothing until it has heard, from each node that was a member
//    when it became the arbiter, that this node heeds it and no earlier
//    arbiter, and which names its actors have. A node that joins later comes
//    without names.
// 2. What it has granted is taken until the claimant says that it has it (then
//    it stands in the claimant's list), or does not want it, or is no member
//    any more.
//
// Internal. Thread rule: one thread at a time. Lifetime: as its owner's.

#include "actors/cluster/name_letters.h"

#include <caf/error.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace sluice::actors::cluster {

class name_arbiter {
public:
  /// What is known of the lists of the nodes: why a claim has to be refused,
  /// or no error.
  using check = std::function<caf::error(const name_entry&)>;

  struct decision {
    node_life to;
    name_verdict what;
  };

  /// This node, `self`, has become the arbiter; `awaited` are to be heard.
  void begin(node_life self, std::vector<node_life> awaited);
  void end();
  bool reigns() const noexcept { return reigns_; }

  /// The node has said rule 1.
  void heard(const node_life& who);
  bool ready() const noexcept { return reigns_ && awaited_.empty(); }
  const std::vector<node_life>& awaited() const noexcept { return awaited_; }

  void claim(name_claim x) { waiting_.push_back(std::move(x)); }
  void unclaim(const node_life& from, std::uint64_t id);

  /// The claimant has the name in its list.
  void settled(const node_life& from, const name_entry& what);

  /// The claimant begins anew, with all that it still claims: nothing that was
  /// granted or claimed before counts.
  void forget(const node_life& who);

  /// It is no member any more.
  void gone(const node_life& who);

  /// Decides about what waits, if it is ready.
  std::vector<decision> decide(const check& lists);

  std::size_t waiting() const noexcept { return waiting_.size(); }
  std::size_t granted() const noexcept { return granted_.size(); }

private:
  caf::error refusal(const name_claim& x, const check& lists) const;

  bool reigns_ = false;
  node_life self_;
  std::vector<node_life> awaited_;
  std::deque<name_claim> waiting_;
  std::vector<name_claim> granted_; // few: they are on their way
};

/// Whether an actor may have a name that another one has. Nobody shares a
/// unique one.
caf::error name_conflict(const name_entry& has, const name_entry& wants);

} // namespace sluice::actors::cluster

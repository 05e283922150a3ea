#pragma once

// actor_set: a set of actors in the order of their ids, so that whoever walks
// it does so in the same order in every run of a simulation.
//
// Internal. Thread rule: none of its own. Lifetime: keeps its actors alive.

#include <caf/actor_control_block.hpp>

#include <algorithm>
#include <vector>

namespace sluice::runtime {

/// Orders by id and, for actors of other nodes with the same id, by node.
struct actor_less {
  bool operator()(const caf::actor_control_block* a,
                  const caf::actor_control_block* b) const noexcept {
    if (a->id() != b->id())
      return a->id() < b->id();
    return a != b && a->node() < b->node();
  }
};

class actor_set {
public:
  bool empty() const noexcept { return members_.empty(); }
  std::size_t size() const noexcept { return members_.size(); }
  auto begin() const noexcept { return members_.begin(); }
  auto end() const noexcept { return members_.end(); }

  bool contains(const caf::strong_actor_ptr& x) const {
    auto at = place(x);
    return at != members_.end() && *at == x;
  }

  /// False if it was there before.
  bool insert(caf::strong_actor_ptr x) {
    auto at = place(x);
    if (at != members_.end() && *at == x)
      return false;
    members_.insert(at, std::move(x));
    return true;
  }

  /// False if it was not there.
  bool erase(const caf::strong_actor_ptr& x) {
    auto at = place(x);
    if (at == members_.end() || *at != x)
      return false;
    members_.erase(at);
    return true;
  }

  void clear() noexcept { members_.clear(); }

  /// Empties the set and gives away its members. Whoever drops the last
  /// reference to an actor may run its end: do that with the set in order.
  std::vector<caf::strong_actor_ptr> take() noexcept {
    return std::exchange(members_, {});
  }

private:
  std::vector<caf::strong_actor_ptr>::const_iterator
  place(const caf::strong_actor_ptr& x) const {
    return std::lower_bound(members_.begin(), members_.end(), x,
                            [](const auto& a, const auto& b) {
                              return actor_less{}(a.get(), b.get());
                            });
  }

  std::vector<caf::strong_actor_ptr> members_;
};

} // namespace sluice::runtime

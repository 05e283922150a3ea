#pragma once

// name_cache: the names of a cluster as one node knows them, for everybody to
// look into and for the node's keeper of names to write. It keeps no actor of
// this node alive: who holds only a name holds nothing.
//
// For users, through cluster_registry. Thread rule: any thread; a look-up waits
// at most for the change of one name. Lifetime: shared; empty after the
// registry's end.

#include "actors/cluster/name_letters.h"

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>

#include <cstddef>
#include <functional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice::actors::cluster {

/// One of the actors of a name, and the name of the node that it lives on.
struct named_actor {
  std::string node;
  caf::actor who;
};

class name_cache {
public:
  /// `home`: the name of this node, whose actors are preferred.
  explicit name_cache(std::string home) : home_(std::move(home)) {}

  /// The actor with that name, or none. Of several: one of this node if there
  /// is any. Never waits for another node.
  caf::actor find(std::string_view name) const;

  /// All actors with that name, those of this node first.
  std::vector<named_actor> list(std::string_view name) const;

  /// All names that begin with `prefix`, sorted; one that several have comes
  /// several times.
  std::vector<std::pair<std::string, named_actor>>
  all(std::string_view prefix = {}) const;

  /// Names.
  std::size_t size() const;

  // -- for the keeper of the names --------------------------------------------

  /// Whether the name was nobody's before. Each actor has a name once.
  bool put(const std::string& node, const name_entry& x);

  /// Whether the name is nobody's now. `who` of the entry may have ended.
  bool erase(const std::string& node, const name_entry& x);

  void clear();

private:
  struct place {
    std::string node;
    caf::actor_addr who;
  };

  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view x) const noexcept {
      return std::hash<std::string_view>{}(x);
    }
  };

  const std::string home_;
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::vector<place>, text_hash,
                     std::equal_to<>>
      all_;
};

} // namespace sluice::actors::cluster

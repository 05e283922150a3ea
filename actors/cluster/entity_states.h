#pragma once

// entity_states: the states of entities that this node keeps, as the keeper of
// the shards wants them. Bounded by the entities that there are; see rule 7 of
// sharding.h.
//
// Internal. Thread rule: one thread. Lifetime: outlives the keeper.

#include "actors/cluster/shard_data.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::actors::cluster {

class entity_states final : public shard_data {
public:
  explicit entity_states(std::uint32_t shards) : shards_(shards) {}

  /// Null if there is none.
  const std::string* find(std::uint32_t shard, const std::string& key) const;

  /// Keeps the state, or forgets it if it is empty; returns the operation that
  /// does it elsewhere.
  std::string put(std::uint32_t shard, const std::string& key,
                  std::string state);

  std::size_t size() const noexcept;

  void apply(std::uint32_t shard, std::string_view operation) override;
  shard_chunk next_chunk(std::uint32_t shard, const std::string& cursor,
                         std::size_t bytes_max) override;
  void clear(std::uint32_t shard) override { shards_[shard].clear(); }

private:
  std::vector<std::map<std::string, std::string>> shards_;
};

} // namespace sluice::actors::cluster

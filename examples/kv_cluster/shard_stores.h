#pragma once

// shard_stores: the keys of a node, a store for each shard, as the keeper of
// the shards wants them.
//
// Thread rule: one thread. Lifetime: outlives the keeper.

#include "actors/cluster/shard_data.h"
#include "examples/kv/store.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace sluice::examples::kv_cluster {

class shard_stores final : public actors::cluster::shard_data {
public:
  /// `now`: milliseconds since the Unix epoch.
  shard_stores(std::uint32_t shards, std::function<kv::time_ms()> now)
      : stores_(shards), now_(std::move(now)) {}

  kv::store& at(std::uint32_t shard) { return stores_[shard]; }
  std::vector<kv::store>& all() noexcept { return stores_; }

  void apply(std::uint32_t shard, std::string_view operation) override;
  actors::cluster::shard_chunk next_chunk(std::uint32_t shard,
                                          const std::string& cursor,
                                          std::size_t bytes_max) override;
  void clear(std::uint32_t shard) override;

private:
  std::vector<kv::store> stores_;
  std::function<kv::time_ms()> now_;
};

} // namespace sluice::examples::kv_cluster

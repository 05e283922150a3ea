#pragma once

// shard_limits: how much keepers of shards keep and say.
//
// Internal. Thread rule: constants.

#include <cstddef>
#include <cstdint>

namespace sluice::actors::cluster {

/// A table has an entry for each, of some hundred bytes, and goes to all nodes
/// in one message.
inline constexpr std::uint32_t shards_max = 1'024;

/// Of operations of one shard, sent together. A longer one comes alone.
inline constexpr std::size_t shard_segment_bytes_max = 64 * 1024;

/// Has to fit into a message of a channel, with what is around it.
inline constexpr std::size_t shard_operation_bytes_max = 1000 * 1024;

} // namespace sluice::actors::cluster

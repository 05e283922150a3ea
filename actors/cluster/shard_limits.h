#pragma once
#include <cstddef>
#include <cstdint>
namespace sluice::actors::cluster {
inline constexpr std::size_t shard_segment_bytes_max = 64 * 1024;
inline constexpr std::size_t shard_operation_bytes_max = 1000 * 1024;
inline constexpr std::uint32_t shards_max = 1'024;
inline constexpr std::size_t shard_window_bytes = 256 * 1024;
} // namespace sluice::actors::cluster

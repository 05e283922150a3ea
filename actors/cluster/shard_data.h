#pragma once

// shard_data: the data of the shards of one node, as their keeper sees it.
//
// For users. Thread rule: that of the keeper. Lifetime: outlives the keeper.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::actors::cluster {

/// A part of a shard's data, as an operation that makes it.
struct shard_chunk {
  /// Any number of keys with their values; may be empty.
  std::string operation;
  /// Where the next chunk begins.
  std::string cursor;
  /// There is nothing behind this one.
  bool last = false;
};

/// What an operation says must not depend on what is there: "this key has this
/// value", "this key is gone", for each key it changes. While a node catches
/// up, it gets chunks and operations mixed: a key may be written before its
/// chunk comes, and the last one that writes a key counts.
class shard_data {
public:
  virtual ~shard_data() = default;

  /// On a node that is not the primary: does what the primary did. Bytes that
  /// make no sense are to be ignored.
  virtual void apply(std::uint32_t shard, std::string_view operation) = 0;

  /// About `bytes_max` bytes of the shard as it is now, from `cursor`, which is
  /// empty at first. A key that is there from the first chunk to the last one
  /// has to be in one at least, in spite of what is written in between. One
  /// value that is longer than `bytes_max` comes in a chunk of its own; at most
  /// shard_operation_bytes_max.
  virtual shard_chunk next_chunk(std::uint32_t shard, const std::string& cursor,
                                 std::size_t bytes_max) = 0;

  /// Forgets what the shard has.
  virtual void clear(std::uint32_t shard) = 0;
};

} // namespace sluice::actors::cluster

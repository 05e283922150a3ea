#pragma once

// shard_store: the data of a simulated node: numbers by key. Its chunks have
// two keys each, so that they are many.
//
// For tests. Thread rule: the test's thread.

#include "actors/cluster/shard_data.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::testing {

class shard_store : public actors::cluster::shard_data {
public:
  using numbers = std::map<std::string, std::uint64_t>;

  explicit shard_store(std::size_t shards) : shards_(shards) {}

  const numbers& of(std::uint32_t shard) const { return shards_[shard]; }

  /// Does it, and returns the operation.
  std::string write(std::uint32_t shard, const std::string& key,
                    std::uint64_t value) {
    shards_[shard][key] = value;
    return line(key, value);
  }

  std::uint64_t read(std::uint32_t shard, const std::string& key) const {
    auto found = shards_[shard].find(key);
    return found != shards_[shard].end() ? found->second : 0;
  }

  void apply(std::uint32_t shard, std::string_view operation) override {
    while (!operation.empty()) {
      auto end = operation.find(';');
      auto part = operation.substr(0, end);
      auto equals = part.find('=');
      shards_[shard][std::string{part.substr(0, equals)}] =
          std::stoull(std::string{part.substr(equals + 1)});
      operation.remove_prefix(end + 1);
    }
  }

  actors::cluster::shard_chunk next_chunk(std::uint32_t shard,
                                          const std::string& cursor,
                                          std::size_t) override {
    actors::cluster::shard_chunk result;
    auto& from = shards_[shard];
    auto next = from.upper_bound(cursor);
    for (auto i = 0; i < 2 && next != from.end(); ++i, ++next) {
      result.operation += line(next->first, next->second);
      result.cursor = next->first;
    }
    result.last = next == from.end();
    return result;
  }

  void clear(std::uint32_t shard) override { shards_[shard].clear(); }

private:
  static std::string line(const std::string& key, std::uint64_t value) {
    return key + '=' + std::to_string(value) + ';';
  }

  std::vector<numbers> shards_;
};

} // namespace sluice::testing

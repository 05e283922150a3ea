#include "examples/kv_cluster/shard_stores.h"

#include "examples/kv_cluster/operation.h"

#include <charconv>

namespace sluice::examples::kv_cluster {

void shard_stores::apply(std::uint32_t shard, std::string_view operation) {
  kv_cluster::apply(stores_[shard], operation);
}

actors::cluster::shard_chunk shard_stores::next_chunk(std::uint32_t shard,
                                                      const std::string& cursor,
                                                      std::size_t bytes_max) {
  actors::cluster::shard_chunk result;
  std::uint64_t at = 0;
  std::from_chars(cursor.data(), cursor.data() + cursor.size(), at);
  auto& keys = stores_[shard];
  std::string next;
  for (auto now = now_();;) {
    next.clear();
    // One at a time: a value that does not fit any more waits.
    auto after = keys.scan(
        at, 1, now, [&](const kv::store::entry& x) { append_put(next, x); });
    if (!result.operation.empty()
        && result.operation.size() + next.size() > bytes_max)
      break;
    result.operation += next;
    at = after;
    if (at == 0) {
      result.last = true;
      break;
    }
  }
  result.cursor = std::to_string(at);
  return result;
}

void shard_stores::clear(std::uint32_t shard) {
  stores_[shard].clear();
}

} // namespace sluice::examples::kv_cluster

#include "actors/cluster/entity_states.h"

#include <utility>

namespace sluice::actors::cluster {

namespace {

void append(std::string& out, std::string_view x) {
  for (auto size = x.size(), i = std::size_t{0}; i < 4; ++i, size >>= 8)
    out.push_back(static_cast<char>(size & 0xff));
  out += x;
}

/// Takes a text off the front; false if there is none.
bool take(std::string_view& rest, std::string_view& x) {
  if (rest.size() < 4)
    return false;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    size |= std::size_t{static_cast<unsigned char>(rest[i])} << 8 * i;
  rest.remove_prefix(4);
  if (size > rest.size())
    return false;
  x = rest.substr(0, size);
  rest.remove_prefix(size);
  return true;
}

} // namespace

const std::string* entity_states::find(std::uint32_t shard,
                                       const std::string& key) const {
  auto at = shards_[shard].find(key);
  return at != shards_[shard].end() ? &at->second : nullptr;
}

std::string entity_states::put(std::uint32_t shard, const std::string& key,
                               std::string state) {
  std::string result;
  append(result, key);
  append(result, state);
  if (state.empty())
    shards_[shard].erase(key);
  else
    shards_[shard][key] = std::move(state);
  return result;
}

std::size_t entity_states::size() const noexcept {
  std::size_t result = 0;
  for (auto& x : shards_)
    result += x.size();
  return result;
}

void entity_states::apply(std::uint32_t shard, std::string_view operation) {
  for (std::string_view key, state;
       take(operation, key) && take(operation, state);)
    put(shard, std::string{key}, std::string{state});
}

shard_chunk entity_states::next_chunk(std::uint32_t shard,
                                      const std::string& cursor,
                                      std::size_t bytes_max) {
  auto& all = shards_[shard];
  shard_chunk result;
  result.cursor = cursor;
  // A cursor is the last key of the chunk before; no key is empty.
  auto at = all.upper_bound(cursor);
  for (; at != all.end(); ++at) {
    auto size = at->first.size() + at->second.size() + 8;
    if (!result.operation.empty() && result.operation.size() + size > bytes_max)
      return result;
    append(result.operation, at->first);
    append(result.operation, at->second);
    result.cursor = at->first;
  }
  result.last = true;
  return result;
}

} // namespace sluice::actors::cluster

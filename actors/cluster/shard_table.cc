#include "actors/cluster/shard_table.h"

#include "actors/cluster/placement.h"

#include <algorithm>

namespace sluice::actors::cluster {

bool shard_table::holds_any(const holder& x) const noexcept {
  return std::ranges::any_of(entries, [&](auto& y) { return y.has(x); });
}

bool shard_table::is_draining(const holder& x) const noexcept {
  return std::ranges::find(draining, x) != draining.end();
}

std::uint64_t shard_table::losses() const noexcept {
  std::uint64_t result = 0;
  for (auto& x : entries)
    result += x.losses;
  return result;
}

std::uint32_t shard_of(std::string_view key, std::uint32_t shards) noexcept {
  return static_cast<std::uint32_t>(hash_of(key) % shards);
}

std::string to_string(const shard_table& x) {
  auto named = [](const char* what, const holder& who) {
    return who ? std::string{what} + who.name + '/'
                     + std::to_string(who.incarnation)
               : std::string{};
  };
  auto result = "table " + std::to_string(x.at.term) + '.'
                + std::to_string(x.at.seq) + named(" of ", x.at.planner) + '\n';
  for (std::size_t i = 0; i < x.entries.size(); ++i) {
    auto& e = x.entries[i];
    result += std::to_string(i) + ": epoch " + std::to_string(e.epoch)
              + named(" primary ", e.primary) + named(" backup ", e.backup)
              + named(" joining ", e.joining) + named(" next ", e.next);
    if (e.losses > 0)
      result += " lost " + std::to_string(e.losses);
    result += '\n';
  }
  return result;
}

} // namespace sluice::actors::cluster

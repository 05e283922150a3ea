#include "actors/cluster/placement.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace sluice::actors::cluster {

std::uint64_t hash_of(std::string_view key) noexcept {
  return XXH64(key.data(), key.size(), 0);
}

std::uint64_t weight_of(std::uint64_t key, std::string_view name) noexcept {
  return XXH64(name.data(), name.size(), key);
}

bool has_role(const member& x, std::string_view role) noexcept {
  return role.empty() || std::ranges::find(x.roles, role) != x.roles.end();
}

std::vector<member> rank(std::uint64_t key, const std::vector<member>& members,
                         std::string_view role, std::size_t count) {
  std::vector<std::pair<std::uint64_t, const member*>> weights;
  for (auto& x : members)
    if (has_role(x, role))
      weights.emplace_back(weight_of(key, x.name), &x);
  std::ranges::sort(weights, [](auto& x, auto& y) {
    return x.first != y.first ? x.first > y.first
                              : x.second->name < y.second->name;
  });
  std::vector<member> result;
  for (std::size_t i = 0; i < std::min(count, weights.size()); ++i)
    result.push_back(*weights[i].second);
  return result;
}

std::vector<member> rank(std::string_view key, const view& list,
                         std::string_view role, std::size_t count) {
  std::vector<member> members;
  for (auto& x : list.members)
    members.push_back(x.who);
  return rank(hash_of(key), members, role, count);
}

} // namespace sluice::actors::cluster

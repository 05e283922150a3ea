// What must hold in a world of shards.

#include "actors/cluster/placement.h"
#include "tests/simulation/shard_world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::testing {

using namespace actors::cluster;

const shard_table& shard_world::table() const {
  static const shard_table none;
  auto result = &none;
  for (auto& x : machines())
    if (x.node && site(x).keeper->table().at > result->at)
      result = &site(x).keeper->table();
  return *result;
}

const machine* shard_world::home(const holder& x) const {
  auto found = std::ranges::find_if(machines(), [&](auto& y) {
    return y.node && site(y).keeper->self() == x;
  });
  return found == machines().end() ? nullptr : &*found;
}

bool shard_world::lives(const holder& x) const {
  auto found = home(x);
  return found != nullptr && !found->stopped;
}

bool shard_world::replicated() const {
  auto& newest = table();
  if (newest.entries.empty())
    return false;
  for (auto& x : newest.entries)
    if (!lives(x.primary) || (settings_.copies > 1 && !lives(x.backup)))
      return false;
  return std::ranges::all_of(machines(), [&](auto& x) {
    return !x.node || site(x).keeper->table() == newest;
  });
}

bool shard_world::balanced() const {
  if (!replicated() || !readable())
    return false;
  auto& newest = table();
  std::vector<member> members;
  for (auto& x : machines())
    if (x.node && !newest.is_draining(site(x).keeper->self()))
      members.push_back(x.node->self());
  for (std::size_t i = 0; i < newest.entries.size(); ++i) {
    auto& x = newest.entries[i];
    auto ranked = rank(i, members, settings_.role, settings_.copies);
    if (x.joining || x.next || x.primary != holder{ranked[0]}
        || (settings_.copies > 1 && x.backup != holder{ranked[1]}))
      return false;
  }
  return true;
}

bool shard_world::readable() const {
  for (std::uint32_t i = 0; i < settings_.shards; ++i)
    if (std::ranges::none_of(machines(), [&](auto& x) {
          return x.node && !x.stopped
                 && site(x).keeper->route(now(), i).what == route_kind::here;
        }))
      return false;
  return true;
}

void shard_world::expect_equal_copies() const {
  auto& newest = table();
  for (std::uint32_t i = 0; i < newest.entries.size(); ++i) {
    auto& x = newest.entries[i];
    auto primary = home(x.primary);
    ASSERT_NE(primary, nullptr) << text();
    for (auto& y : machines()) {
      if (!y.node)
        continue;
      auto& z = site(y);
      if (x.has(z.keeper->self())) {
        EXPECT_EQ(z.store->of(i), site(*primary).store->of(i))
            << "shard " << i << " at " << y.name << '\n'
            << text();
      } else {
        EXPECT_TRUE(z.store->of(i).empty()) << i << " at " << y.name;
        EXPECT_FALSE(z.keeper->has_data(i)) << i << " at " << y.name;
      }
      EXPECT_TRUE(z.answers.empty()) << y.name << '\n' << text();
      EXPECT_EQ(z.keeper->settled(i), z.keeper->position(i));
    }
  }
  for (auto& [key, x] : histories_) {
    auto shard = shard_of(key, settings_.shards);
    auto primary = home(newest.entries[shard].primary);
    auto value = site(*primary).store->read(shard, key);
    EXPECT_GE(value, std::max(x.acknowledged, x.seen)) << key << '\n' << text();
    EXPECT_LE(value, x.issued) << key << '\n' << text();
  }
}

std::string shard_world::text() const {
  auto result = cluster_world::text();
  for (auto& x : machines()) {
    if (!x.node)
      continue;
    auto& y = site(x);
    auto& at = y.keeper->table().at;
    result += x.name + (y.keeper->is_planner() ? " plans, " : " ")
              + "has table " + std::to_string(at.term) + '.'
              + std::to_string(at.seq) + " of " + at.planner.name + ", holds "
              + std::to_string(y.held.size()) + ", waits for "
              + std::to_string(y.answers.size()) + "; serves";
    for (std::uint32_t i = 0; i < settings_.shards; ++i)
      if (y.keeper->route(now(), i).what == route_kind::here)
        result += ' ' + std::to_string(i);
    result += '\n';
  }
  return result + to_string(table());
}

} // namespace sluice::testing

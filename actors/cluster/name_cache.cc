#include "actors/cluster/name_cache.h"

#include <caf/actor_cast.hpp>

#include <algorithm>
#include <mutex>

namespace sluice::actors::cluster {

caf::actor name_cache::find(std::string_view name) const {
  std::shared_lock guard{mutex_};
  auto found = all_.find(name);
  if (found == all_.end())
    return {};
  for (auto& x : found->second)
    if (auto living = caf::actor_cast<caf::actor>(x.who))
      return living;
  return {};
}

std::vector<named_actor> name_cache::list(std::string_view name) const {
  std::vector<named_actor> result;
  std::shared_lock guard{mutex_};
  if (auto found = all_.find(name); found != all_.end())
    for (auto& x : found->second)
      if (auto living = caf::actor_cast<caf::actor>(x.who))
        result.push_back({x.node, std::move(living)});
  return result;
}

std::vector<std::pair<std::string, named_actor>>
name_cache::all(std::string_view prefix) const {
  std::vector<std::pair<std::string, named_actor>> result;
  {
    std::shared_lock guard{mutex_};
    for (auto& [name, places] : all_)
      if (name.starts_with(prefix))
        for (auto& x : places)
          if (auto living = caf::actor_cast<caf::actor>(x.who))
            result.push_back({name, {x.node, std::move(living)}});
  }
  std::ranges::stable_sort(
      result, {}, [](auto& x) -> auto& { return x.first; });
  return result;
}

std::size_t name_cache::size() const {
  std::shared_lock guard{mutex_};
  return all_.size();
}

bool name_cache::put(const std::string& node, const name_entry& x) {
  std::unique_lock guard{mutex_};
  auto& places = all_[x.name];
  places.insert(node == home_ ? places.begin() : places.end(),
                {node, x.who.address()});
  return places.size() == 1;
}

bool name_cache::erase(const std::string& node, const name_entry& x) {
  std::unique_lock guard{mutex_};
  auto found = all_.find(x.name);
  if (found == all_.end())
    return false;
  auto who = x.who.address();
  std::erase_if(found->second,
                [&](auto& y) { return y.node == node && y.who == who; });
  if (!found->second.empty())
    return false;
  all_.erase(found);
  return true;
}

void name_cache::clear() {
  std::unique_lock guard{mutex_};
  all_.clear();
}

} // namespace sluice::actors::cluster

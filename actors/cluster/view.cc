#include "actors/cluster/view.h"

#include <algorithm>

namespace sluice::actors::cluster {

const listed* view::find(std::string_view name) const noexcept {
  auto found = std::ranges::find_if(
      members, [&](const listed& x) { return x.who.name == name; });
  return found == members.end() ? nullptr : &*found;
}

listed* view::find(std::string_view name) noexcept {
  return const_cast<listed*>(static_cast<const view&>(*this).find(name));
}

bool view::has(const member& x) const noexcept {
  auto found = find(x.name);
  return found != nullptr && same(found->who, x);
}

const member* view::keeper() const noexcept {
  auto found = find(seed);
  return found != nullptr ? &found->who : nullptr;
}

void view::apply(const change& x) {
  at = x.at;
  auto found = find(x.who.name);
  switch (x.what) {
  case change_kind::joined:
    if (found == nullptr)
      members.push_back({x.who, false});
    return;
  case change_kind::suspected:
  case change_kind::trusted:
    if (found != nullptr)
      found->suspected = x.what == change_kind::suspected;
    return;
  case change_kind::left:
  case change_kind::down:
    if (found != nullptr && same(found->who, x.who))
      members.erase(members.begin() + (found - members.data()));
    return;
  }
}

std::vector<change> difference(const view& before, const view& after) {
  std::vector<change> result;
  auto add = [&](change_kind what, const member& who) {
    result.push_back({after.at, what, who});
  };
  for (auto& x : before.members)
    if (!after.has(x.who))
      add(change_kind::down, x.who);
  for (auto& x : after.members)
    if (!before.has(x.who))
      add(change_kind::joined, x.who);
  for (auto& x : after.members) {
    auto was = before.find(x.who.name);
    auto suspected = was != nullptr && same(was->who, x.who) && was->suspected;
    if (x.suspected != suspected)
      add(x.suspected ? change_kind::suspected : change_kind::trusted, x.who);
  }
  return result;
}

} // namespace sluice::actors::cluster

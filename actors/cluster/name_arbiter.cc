#include "actors/cluster/name_arbiter.h"

#include "runtime/error.h"

#include <algorithm>
#include <utility>

namespace sluice::actors::cluster {

using runtime::errc;

caf::error name_conflict(const name_entry& has, const name_entry& wants) {
  if (has.name != wants.name)
    return {};
  auto same = has.who == wants.who;
  if (has.shared == wants.shared && (same || has.shared))
    return {};
  auto why = has.shared ? "\" is a shared name"
             : same     ? "\" is a unique name of this actor"
                        : "\" is the name of another actor";
  return runtime::make_error(errc::name_taken, "\"" + wants.name + why);
}

void name_arbiter::begin(node_life self, std::vector<node_life> awaited) {
  reigns_ = true;
  self_ = std::move(self);
  awaited_ = std::move(awaited);
}

void name_arbiter::end() {
  reigns_ = false;
  awaited_.clear();
  waiting_.clear();
  granted_.clear();
}

void name_arbiter::heard(const node_life& who) {
  std::erase(awaited_, who);
}

void name_arbiter::unclaim(const node_life& from, std::uint64_t id) {
  auto is = [&](const name_claim& x) { return x.id == id && x.from == from; };
  std::erase_if(waiting_, is);
  std::erase_if(granted_, is);
}

void name_arbiter::settled(const node_life& from, const name_entry& what) {
  std::erase_if(granted_, [&](const name_claim& x) {
    return x.from == from && x.what == what;
  });
}

void name_arbiter::forget(const node_life& who) {
  auto is = [&](const name_claim& x) { return x.from == who; };
  std::erase_if(waiting_, is);
  std::erase_if(granted_, is);
}

void name_arbiter::gone(const node_life& who) {
  heard(who);
  forget(who);
}

caf::error name_arbiter::refusal(const name_claim& x,
                                 const check& lists) const {
  if (auto err = lists(x.what))
    return err;
  for (auto& y : granted_)
    if (auto err = name_conflict(y.what, x.what))
      return err;
  return {};
}

std::vector<name_arbiter::decision> name_arbiter::decide(const check& lists) {
  std::vector<decision> result;
  if (!ready())
    return result;
  for (auto& x : std::exchange(waiting_, {})) {
    auto why = refusal(x, lists);
    result.push_back({x.from, {self_, x.id, why}});
    if (why)
      continue;
    settled(x.from, x.what); // granted before, under another number
    granted_.push_back(std::move(x));
  }
  return result;
}

} // namespace sluice::actors::cluster

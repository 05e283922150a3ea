// Members whose processes are known to be dead; see etcd_roster.h, 6.

#include "actors/cluster/etcd/etcd_roster.h"

namespace sluice::actors::cluster::etcd {

void etcd_roster::unreachable(time_point now, const member& who) {
  if (ended() || leaving_ || who.name == self_.name
      || !list_.current().has(who))
    return;
  forget_dead(now);
  auto& x = dead_[who.name];
  if (x.life != who.incarnation)
    x = {who.incarnation, now, now};
  x.forget_at = now + options_.lease_ttl;
}

void etcd_roster::forget_dead(time_point now) {
  std::erase_if(dead_, [&](auto& entry) {
    auto& [name, x] = entry;
    auto found = list_.current().find(name);
    return found == nullptr || found->who.incarnation != x.life
           || now >= x.forget_at;
  });
}

/// Whether there is somebody to bury now.
bool etcd_roster::choose_dead(time_point now) {
  forget_dead(now);
  for (auto& [name, x] : dead_)
    if (now >= x.ask_at) {
      burying_ = name;
      return true;
    }
  return false;
}

/// Whether it was done, the watch tells. What etcd has against it is no trouble
/// of this node.
void etcd_roster::take_burial(time_point now, long status) {
  if (status == 200)
    succeed();
  auto found = dead_.find(burying_);
  if (found != dead_.end())
    found->second.ask_at = now + ttl_ / second_look_divisor;
}

} // namespace sluice::actors::cluster::etcd

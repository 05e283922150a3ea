#include "actors/observe/observer_actor.h"

#include <utility>

// What an observer hears of other nodes.

namespace sluice::actors::observe {

namespace limits = runtime::limits;

/// There is a line to each other member, and it was told lately that this node
/// watches.
void observer_actor::watch_all() {
  if (!self_ || loop().now() - renewed_ < limits::observe_renew)
    return;
  renewed_ = loop().now();
  auto members = board_.living();
  std::erase_if(lines_, [&](auto& x) {
    auto who = board_.find(x.first);
    return who == nullptr || !same(*who, x.second.who);
  });
  order again{.from = self_->name, .incarnation = self_->incarnation};
  for (auto& x : members) {
    if (x.name == self_->name)
      continue;
    auto to = line_to(x);
    // One that does not take the last order needs no other one.
    if (to != nullptr && to->out.pending_bytes() == 0)
      static_cast<void>(to->out.push(again));
  }
}

observer_actor::line* observer_actor::line_to(const cluster::member& x) {
  auto at = lines_.find(x.name);
  if (at == lines_.end())
    at = lines_.emplace(x.name, line{x, {}}).first;
  auto& result = at->second;
  if (!same(result.who, x))
    result = {x, {}};
  if (!result.out) {
    auto out = node_.channels().open_outlet<order>(this, x.endpoint,
                                                   orders_name, own_link());
    if (!out) {
      lines_.erase(at);
      return nullptr;
    }
    result.out = std::move(*out);
  }
  return &result;
}

void observer_actor::on_note(const note& x) {
  if (x.id != 0)
    return on_part(x.id, x.from, x.ok, x.text);
  // One that is not as it should be is as good as none: the node's age grows.
  static_cast<void>(board_.reported(at(), x.from, x.incarnation, x.report));
}

} // namespace sluice::actors::observe

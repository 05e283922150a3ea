#pragma once

// provider: where a node's membership comes from. An actor on the node's loop,
// of any kind, that keeps to this protocol with the node that spawned it:
//
//   provider -> node   `change`, in order: what has become of a member. All of
//                      them since the start add up to the list: the members
//                      that are there already are told as `joined` at first
//   provider -> node   membership_gained, when the node is in that list and may
//                      act as a member; membership_lost, when not any more
//   provider -> node   provider_ended, once, when it was asked to leave and
//                      has, or when it cannot go on; it quits then
//   node -> provider   leave_cluster: go in order, at once
//   node -> provider   member_unreachable: a member's process is dead, as
//                      somebody has found out; it may be passed over
//
// The messages carry no sender. Who acts as a member looks at the lease first:
// a process that was stopped and goes on does so in the middle of a handler,
// before it can be told anything.
//
// For providers and the node. Thread rule: the lease any thread, all else the
// loop's. Lifetime: the lease is shared by the node, the provider and whoever
// asks.

#include "actors/cluster/member.h"
#include "actors/cluster/view.h"
#include "runtime/clock.h"
#include "runtime/event_loop.h"

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/meta/type_name.hpp>

#include <atomic>
#include <functional>
#include <memory>

namespace sluice::actors::cluster {

/// Until when a node may act as a member: before that time nobody has counted
/// it as down. By the loop's clock.
class membership_lease {
public:
  bool holds(runtime::time_point now) const noexcept {
    return now.time_since_epoch().count()
           < until_.load(std::memory_order_relaxed);
  }

  runtime::time_point until() const noexcept {
    return runtime::time_point{
        runtime::duration{until_.load(std::memory_order_relaxed)}};
  }

  void hold_until(runtime::time_point when) noexcept {
    auto now = until_.load(std::memory_order_relaxed);
    while (now != closed
           && !until_.compare_exchange_weak(
               now, when.time_since_epoch().count(), std::memory_order_relaxed))
      continue;
  }

  void end() noexcept { hold_until(runtime::time_point::min()); }

  /// For good, whatever its provider may still say: the node ends, and with it
  /// the endpoint by which the others know that it lives.
  void close() noexcept { until_.store(closed, std::memory_order_relaxed); }

private:
  static constexpr runtime::duration::rep closed =
      runtime::duration::min().count() + 1;

  std::atomic<runtime::duration::rep> until_{runtime::duration::min().count()};
};

/// To a node, and from it to its provider: leave in order.
struct leave_cluster {};

/// To a node, and from it to its provider: nobody listens at the member's
/// endpoint any more (a connection was refused, or its socket file is gone), so
/// its process is dead. The connection has to be one that was begun when the
/// sender knew the member in this life: an earlier one may have met the end of
/// an earlier life.
struct member_unreachable {
  member who;
};

/// From a provider, at its end. No error: it has left.
struct provider_ended {
  caf::error why;
};

struct provider_setup {
  /// As it wants to be known; a provider gives it its incarnation, which
  /// membership_gained says.
  member self;
  caf::actor node;
  std::shared_ptr<membership_lease> lease;
};

using provider_factory =
    std::function<caf::actor(runtime::event_loop&, provider_setup)>;

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, leave_cluster&) {
  return f(caf::meta::type_name("sluice.leave_cluster"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, member_unreachable& x) {
  return f(caf::meta::type_name("sluice.member_unreachable"), x.who);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, provider_ended& x) {
  return f(caf::meta::type_name("sluice.provider_ended"), x.why);
}

} // namespace sluice::actors::cluster

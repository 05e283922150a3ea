#pragma once

// node_actor: what a node does: it has a provider of membership, and tells
// those who watch what it says.
//
// Internal; see node.h. Thread rule: its loop's thread. Lifetime: until it is
// told to exit.

#include "actors/channel/host.h"
#include "actors/cluster/node.h"
#include "actors/cluster/provider.h"
#include "runtime/loop_actor.h"

#include <caf/response_promise.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice::actors::cluster {

struct node_setup {
  member self;
  std::shared_ptr<channel::host> channels;
  std::shared_ptr<membership_lease> lease;
  provider_factory provider;
  runtime::duration drain_wait;
};

class node_actor final : public runtime::loop_actor {
public:
  node_actor(caf::actor_config& cfg, runtime::event_loop& loop,
             node_setup setup);

  const char* name() const override { return "node"; }

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  struct watcher {
    caf::actor who;
    bool drains = false;
  };

  void join();
  void watch(const watch_members& x);
  membership_report report() const;
  void leave(caf::response_promise promise);
  void drained();
  void on_change(const change& x);
  void on_gained(const membership_gained& x);
  void on_lost(const membership_lost& x);
  void on_ended(const provider_ended& x);

  template <class T>
  static void tell(const watcher& x, T event);
  template <class T>
  void tell_all(const T& event);
  static void tell_change(const watcher& x, const change& what);

  node_setup setup_;
  caf::actor provider_;
  node_state state_ = node_state::joining;
  view list_;
  caf::error why_;
  std::vector<std::uint64_t> changes_ =
      std::vector<std::uint64_t>(change_kinds); // heard, by change_kind
  std::uint64_t gained_ = 0;
  std::uint64_t lost_ = 0;
  std::vector<watcher> watchers_;
  std::vector<caf::response_promise> leavers_; // to be answered
  std::size_t draining_ = 0;                   // answers that are awaited
};

caf::actor spawn_node_actor(runtime::event_loop& loop, node_setup setup);

} // namespace sluice::actors::cluster

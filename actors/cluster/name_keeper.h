#pragma once

// name_keeper: the actor of a node that keeps names: it owns those of its
// node's actors, knows those of all others, and is the arbiter if its node is
// the oldest member.
//
// Of two nodes the one whose name comes first connects, and greets the other
// one. A greeting makes both begin anew: each sends its whole list, and claims
// again, under new numbers, what it claims from the other. So whatever may have
// been lost between them, a new greeting mends.
//
// Internal; the rules stand in names.h. Thread rule: an actor's. Lifetime:
// until it is told to exit; CAF's registry holds it.

#include "actors/cluster/name_arbiter.h"
#include "actors/cluster/name_cache.h"
#include "actors/cluster/name_messages.h"
#include "actors/cluster/node_messages.h"
#include "actors/cluster/provider.h"
#include "actors/registry.h"
#include "actors/rejected_message.h"
#include "runtime/clock.h"

#include <caf/atom.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/response_promise.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::actors::cluster {

struct name_keeper_setup {
  member self;
  caf::actor node;
  std::shared_ptr<const membership_lease> lease;
  std::shared_ptr<name_cache> cache;
};

class name_keeper final : public caf::event_based_actor {
public:
  /// Under which CAF's registry has it.
  static constexpr caf::atom_value registered = caf::atom("sluicename");

  name_keeper(caf::actor_config& cfg, name_keeper_setup setup);

  const char* name() const override { return "name_keeper"; }

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;

private:
  using entries = std::multimap<std::string, name_entry>;

  struct peer_node {
    member who;
    caf::actor agent;        // null: not connected
    bool connecting = false; // an attempt is under way
    bool repair = false;     // greet it again, although it is connected
    bool shown = false;      // its names stand in the cache
    node_life follows;
    std::uint64_t seq = 0;
    entries names;
  };

  struct open_claim {
    name_entry what;
    caf::response_promise promise;
    runtime::time_point deadline{};
    bool again = false; // nobody waits for it: the actor had the name before
  };

  // -- members (name_keeper.cc)
  void on_joined(const member& x);
  void on_gone(const member& x);
  void on_gained();
  void resync(const member_list& x);
  void forget(const std::string& node);
  void add_peer(const member& x);
  void update_arbiter();
  bool may_act() const;
  node_life self() const { return life_of(setup_.self); }
  peer_node* from(const node_life& x);

  // -- connections (name_keeper_peers.cc)
  void on_tick();
  void greet_all();
  bool connects_to(const peer_node& x) const;
  void connect(peer_node& x);
  void on_hello(const name_hello& x);
  void attach(peer_node& x, caf::actor agent);
  void detach(peer_node& x);
  void hide(peer_node& x);
  void greet(const node_life& whom, const caf::node_id& where);
  void send_list(const peer_node& x, bool begins);
  void on_list(const name_list& x);
  void on_change(const name_change& x);
  void on_rejected(const rejected_message& x);
  void tell_peers(const name_change& x);

  // -- the names of this node (name_keeper_claims.cc)
  caf::result<void> put(std::string name, const caf::actor& who, bool shared);
  void take_back(const std::string& name, const caf::actor& who);
  caf::error refusal(const name_entry& x) const;
  void add_claim(open_claim x);
  void claim_last();
  void send_claim(std::uint64_t id, const open_claim& x);
  void claim_anew();
  void drop_claims(const std::function<bool(const open_claim&)>& which,
                   const std::function<caf::error()>& why);
  void on_verdict(const name_verdict& x);
  void add_own(const name_entry& x);
  void drop_own(entries::iterator x);
  void expire_claims();
  caf::error undecided() const;
  void on_down(const caf::actor_addr& who);

  // -- the arbiter
  void arbitrate();
  caf::error taken(const name_entry& x) const;

  // -- events
  void watch(const watch_names& x);
  void cache_put(const std::string& node, const name_entry& x);
  void cache_erase(const std::string& node, const name_entry& x);
  template <class T>
  void announce(const T& event);
  void hold(const caf::actor& who);
  void let_go(const caf::actor_addr& who);
  name_counts counts() const;

  name_keeper_setup setup_;
  bool member_ = false;
  std::vector<member> order_; // all members, the oldest first
  std::map<std::string, peer_node> peers_;
  node_life arbiter_;
  name_arbiter arbiting_;

  entries own_;
  std::uint64_t seq_ = 0;
  std::map<std::uint64_t, open_claim> claims_;
  std::uint64_t last_claim_ = 0;
  bool reclaim_ = false; // a verdict came when this node could not act

  std::vector<std::pair<std::string, caf::actor>> observers_; // prefix first
  std::map<caf::actor_addr, std::size_t> held_;               // monitored
};

} // namespace sluice::actors::cluster

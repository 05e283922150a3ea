#include "actors/cluster/name_keeper.h"

#include "runtime/backpressure.h"
#include "runtime/error.h"
#include "runtime/limits.h"
#include "runtime/monotonic_clock.h"

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace sluice::actors::cluster {

using runtime::errc;
namespace limits = runtime::limits;

name_keeper::name_keeper(caf::actor_config& cfg, name_keeper_setup setup)
    : caf::event_based_actor(cfg), setup_(std::move(setup)) {
}

caf::behavior name_keeper::make_behavior() {
  set_down_handler([this](caf::down_msg& x) { on_down(x.source); });
  // What a peer or an observer does not know it answers with an error.
  set_error_handler([](const caf::error&) {});
  // So that the others hear of it before the connection ends.
  set_exit_handler([this](const caf::exit_msg& x) {
    for (auto& [name, peer] : peers_)
      if (peer.agent)
        send(peer.agent, name_list{self(), arbiter_, ++seq_, true, {}});
    drop_claims([](auto&) { return true; }, [this] { return undecided(); });
    quit(x.reason);
  });
  monitor(setup_.node);
  send(setup_.node, watch_members{caf::actor_cast<caf::actor>(this)});
  delayed_send(this, limits::names_retry, caf::tick_atom::value);
  return {
      [this](const node_joined& x) { on_joined(x.who); },
      [](const node_suspected&) {},
      [](const node_trusted&) {},
      [this](const node_left& x) { on_gone(x.who); },
      [this](const node_down& x) { on_gone(x.who); },
      [this](const membership_gained&) { on_gained(); },
      [this](const membership_lost&) { member_ = false; },
      [this](caf::tick_atom) { on_tick(); },

      [this](const name_hello& x) { on_hello(x); },
      [this](const name_list& x) { on_list(x); },
      [this](const name_change& x) { on_change(x); },
      [this](const name_claim& x) {
        if (from(x.from)) {
          arbiting_.claim(x);
          arbitrate();
        }
      },
      [this](const name_unclaim& x) { arbiting_.unclaim(x.from, x.id); },
      [this](const name_verdict& x) { on_verdict(x); },
      [this](const rejected_message& x) { on_rejected(x); },
      [](const runtime::backpressure&) {}, // what is refused is said again

      [this](register_name& x) { return put(std::move(x.name), x.who, false); },
      [this](register_shared_name& x) {
        return put(std::move(x.name), x.who, true);
      },
      [this](const unregister_name& x) { take_back(x.name, x.who); },
      [this](const whereis_name& x) -> caf::result<caf::actor> {
        if (auto found = setup_.cache->find(x.name))
          return found;
        return runtime::make_error(
            errc::unknown_name, "nobody is registered as \""
                                    + x.name.substr(0, limits::name_bytes_max)
                                    + "\"");
      },
      [this](const watch_names& x) { watch(x); },
      [this](count_names) { return counts(); },
  };
}

void name_keeper::on_exit() {
  system().registry().erase(registered);
  setup_.cache->clear();
  peers_.clear();
  observers_.clear();
  own_.clear();
  claims_.clear();
}

// -- members ------------------------------------------------------------------

bool name_keeper::may_act() const {
  return member_ && setup_.lease->holds(runtime::monotonic_clock{}.now());
}

name_keeper::peer_node* name_keeper::from(const node_life& x) {
  auto found = peers_.find(x.node);
  return found != peers_.end() && x.is(found->second.who) ? &found->second
                                                          : nullptr;
}

void name_keeper::on_joined(const member& x) {
  for (auto& y : order_)
    if (same(x, y))
      return;
  forget(x.name); // an earlier life, of which the end was not told
  order_.push_back(x);
  add_peer(x);
  update_arbiter();
}

void name_keeper::add_peer(const member& x) {
  if (x.name == setup_.self.name || x.remote.empty())
    return;
  auto& added = peers_[x.name];
  added.who = x;
  if (connects_to(added))
    connect(added);
}

void name_keeper::on_gone(const member& x) {
  if (std::ranges::none_of(order_, [&](auto& y) { return same(x, y); }))
    return;
  forget(x.name);
  update_arbiter();
}

/// Forgets who was of that name.
void name_keeper::forget(const std::string& node) {
  auto listed = std::ranges::find(order_, node, &member::name);
  if (listed == order_.end())
    return;
  auto life = life_of(*listed);
  order_.erase(listed);
  if (auto found = peers_.find(node); found != peers_.end()) {
    detach(found->second);
    peers_.erase(found);
  }
  arbiting_.gone(life);
  arbitrate();
}

/// Asks for the list as of now: whoever left in order and joins again is not
/// told what has happened in between.
void name_keeper::on_gained() {
  request(setup_.node, limits::names_claim_wait, list_members{})
      .then([this](const member_list& x) { resync(x); },
            [this](const caf::error&) { on_gained(); });
}

void name_keeper::resync(const member_list& x) {
  if (x.state != node_state::member)
    return; // there is more to come
  for (auto& y : std::vector{order_})
    if (!x.list.has(y))
      forget(y.name);
  auto before = std::exchange(order_, {});
  auto another_life = !same(x.self, setup_.self);
  setup_.self = x.self;
  member_ = true;
  for (auto& [y, suspected] : x.list.members) {
    order_.push_back(y);
    if (std::ranges::none_of(before, [&](auto& z) { return same(y, z); }))
      add_peer(y);
  }
  if (another_life) {
    arbiting_.end();
    arbiter_ = {};
    for (auto& [name, peer] : peers_)
      peer.repair = true;
    // What this node had is free, and may be another's by now.
    for (auto& [name, what] : std::exchange(own_, {})) {
      cache_erase(setup_.self.name, what);
      add_claim({what, {}, runtime::time_point::max(), true});
      let_go(what.who.address());
    }
    greet_all();
  }
  update_arbiter();
  claim_anew();
}

void name_keeper::update_arbiter() {
  auto oldest = order_.empty() ? node_life{} : life_of(order_.front());
  if (oldest == arbiter_)
    return;
  arbiter_ = oldest;
  if (arbiter_ == self()) {
    std::vector<node_life> awaited;
    for (auto& [name, peer] : peers_)
      if (peer.follows != arbiter_)
        awaited.push_back(life_of(peer.who));
    arbiting_.begin(arbiter_, std::move(awaited));
  } else if (arbiting_.reigns()) {
    arbiting_.end();
  }
  // In this order: the list says that no other verdict counts any more.
  claim_anew();
  if (auto to = from(arbiter_); to && to->agent)
    send_list(*to, false);
  arbitrate();
}

// -- the arbiter --------------------------------------------------------------

void name_keeper::arbitrate() {
  if (!arbiting_.ready() || !may_act())
    return;
  auto check = [this](const name_entry& x) { return taken(x); };
  for (auto& x : arbiting_.decide(check)) {
    if (x.to == self())
      on_verdict(x.what);
    else if (auto to = from(x.to); to && to->agent)
      send(to->agent, x.what);
  }
}

caf::error name_keeper::taken(const name_entry& x) const {
  auto look = [&](const entries& list) -> caf::error {
    auto [first, last] = list.equal_range(x.name);
    for (; first != last; ++first)
      if (auto err = name_conflict(first->second, x))
        return err;
    return {};
  };
  if (auto err = look(own_))
    return err;
  for (auto& [name, peer] : peers_)
    if (auto err = look(peer.names))
      return err;
  return {};
}

// -- events -------------------------------------------------------------------

template <class T>
void name_keeper::announce(const T& event) {
  for (auto& [prefix, observer] : observers_)
    if (event.name.starts_with(prefix))
      caf::anon_send<caf::message_priority::high>(observer, event);
}

void name_keeper::cache_put(const std::string& node, const name_entry& x) {
  setup_.cache->put(node, x);
  announce(name_up{x.name, x.who});
}

void name_keeper::cache_erase(const std::string& node, const name_entry& x) {
  if (setup_.cache->erase(node, x))
    announce(name_down{x.name});
  else
    announce(name_left{x.name, x.who});
}

void name_keeper::watch(const watch_names& x) {
  if (!x.observer)
    return;
  hold(x.observer);
  observers_.emplace_back(x.prefix, x.observer);
  for (auto& [name, place] : setup_.cache->all(x.prefix))
    caf::anon_send<caf::message_priority::high>(x.observer,
                                                name_up{name, place.who});
}

/// An actor that ended before is reported as down at once.
void name_keeper::hold(const caf::actor& who) {
  if (held_[who.address()]++ == 0)
    monitor(who);
}

void name_keeper::let_go(const caf::actor_addr& who) {
  auto found = held_.find(who);
  if (found == held_.end() || --found->second > 0)
    return;
  held_.erase(found);
  demonitor(who);
}

name_counts name_keeper::counts() const {
  name_counts result;
  result.own = own_.size();
  result.claims = claims_.size();
  for (auto& [name, peer] : peers_) {
    result.others += peer.names.size();
    result.connected += peer.agent ? 1 : 0;
  }
  result.cached = setup_.cache->size();
  result.observers = observers_.size();
  result.monitored = held_.size();
  result.peers = peers_.size();
  result.arbiter = arbiter_.node;
  result.waiting = arbiting_.waiting();
  result.granted = arbiting_.granted();
  return result;
}

} // namespace sluice::actors::cluster

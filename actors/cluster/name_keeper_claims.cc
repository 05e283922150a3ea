// The names of this node's actors: how they are claimed, granted and released.

#include "actors/cluster/name_keeper.h"

#include "runtime/error.h"
#include "runtime/limits.h"
#include "runtime/monotonic_clock.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

namespace sluice::actors::cluster {

using runtime::errc;
using runtime::make_error;
namespace limits = runtime::limits;

namespace {

std::string quoted(const std::string& name) {
  return "\"" + name.substr(0, limits::name_bytes_max) + "\"";
}

} // namespace

caf::error name_keeper::refusal(const name_entry& x) const {
  if (x.name.empty() || x.name.size() > limits::name_bytes_max)
    return make_error(
        errc::bad_setting,
        "a name has from 1 to " + std::to_string(limits::name_bytes_max)
            + " bytes; this one has " + std::to_string(x.name.size()));
  if (!x.who)
    return make_error(errc::bad_setting,
                      "no actor to register as " + quoted(x.name));
  if (x.who.node() != system().node())
    return make_error(errc::bad_setting,
                      "the actor to register as " + quoted(x.name)
                          + " lives on another node: it is registered there");
  // The lease says it first; the claim waits until the list has been read.
  if (!setup_.lease->holds(runtime::monotonic_clock{}.now()))
    return make_error(errc::connection_closed,
                      "node \"" + setup_.self.name
                          + "\" is not a member of the cluster: it registers "
                            "no name");
  if (own_.size() + claims_.size() >= limits::names_per_node_max)
    return make_error(
        errc::bad_setting,
        "node \"" + setup_.self.name + "\" has limits::names_per_node_max ("
            + std::to_string(limits::names_per_node_max) + ") names already");
  return {};
}

caf::result<void> name_keeper::put(std::string name, const caf::actor& who,
                                   bool shared) {
  name_entry what{std::move(name), shared, who};
  auto [first, last] = own_.equal_range(what.name);
  for (; first != last; ++first)
    if (first->second == what)
      return caf::unit;
  if (auto err = refusal(what))
    return err;
  auto promise = make_response_promise();
  add_claim({std::move(what), promise,
             runtime::monotonic_clock{}.now() + limits::names_claim_wait,
             false});
  claim_last();
  return caf::delegated<void>{};
}

void name_keeper::take_back(const std::string& name, const caf::actor& who) {
  drop_claims(
      [&](const open_claim& x) {
        return x.what.name == name && x.what.who == who;
      },
      [&] {
        return make_error(errc::unknown_name,
                          quoted(name) + " was unregistered meanwhile");
      });
  auto [first, last] = own_.equal_range(name);
  while (first != last) {
    auto at = first++;
    if (at->second.who == who)
      drop_own(at);
  }
}

// -- claims -------------------------------------------------------------------

/// To be sent.
void name_keeper::add_claim(open_claim x) {
  hold(x.what.who);
  claims_.emplace(++last_claim_, std::move(x));
}

void name_keeper::claim_last() {
  send_claim(last_claim_, claims_.at(last_claim_));
  arbitrate();
}

void name_keeper::send_claim(std::uint64_t id, const open_claim& x) {
  if (self().incarnation == 0)
    return;
  if (arbiter_ == self())
    arbiting_.claim({self(), id, x.what});
  else if (auto to = from(arbiter_); to && to->agent)
    send(to->agent, name_claim{self(), id, x.what});
}

/// Under new numbers: a verdict about the old ones, from this arbiter or
/// another, does not count any more.
void name_keeper::claim_anew() {
  reclaim_ = false;
  arbiting_.forget(self());
  for (auto& [id, x] : std::exchange(claims_, {})) {
    auto& again = claims_.emplace(++last_claim_, std::move(x)).first->second;
    send_claim(last_claim_, again);
  }
  arbitrate();
}

void name_keeper::drop_claims(
    const std::function<bool(const open_claim&)>& which,
    const std::function<caf::error()>& why) {
  for (auto i = claims_.begin(); i != claims_.end();) {
    auto at = i++;
    if (!which(at->second))
      continue;
    if (arbiter_ == self())
      arbiting_.unclaim(self(), at->first);
    else if (auto to = from(arbiter_); to && to->agent)
      send(to->agent, name_unclaim{self(), at->first});
    auto dropped = std::move(at->second);
    claims_.erase(at);
    let_go(dropped.what.who.address());
    if (!dropped.again)
      dropped.promise.deliver(why());
  }
}

void name_keeper::expire_claims() {
  auto now = runtime::monotonic_clock{}.now();
  drop_claims([&](const open_claim& x) { return x.deadline <= now; },
              [this] { return undecided(); });
}

/// Why a claim has no answer.
caf::error name_keeper::undecided() const {
  std::string text;
  auto decides = peers_.find(arbiter_.node);
  if (!may_act()) {
    text = "node \"" + setup_.self.name + "\" is not a member of the cluster";
  } else if (arbiter_ == self()) {
    text = "this node decides about names, and has not heard from";
    for (auto& x : arbiting_.awaited())
      text += " " + x.node;
  } else if (decides != peers_.end() && !decides->second.agent) {
    text = "node \"" + arbiter_.node
           + "\", which decides about names, cannot be reached at "
           + decides->second.who.remote;
  } else {
    text = "node \"" + arbiter_.node
           + "\", which decides about names, has not done so";
  }
  return make_error(errc::connection_closed, "no name registered: " + text);
}

void name_keeper::on_verdict(const name_verdict& x) {
  auto found = claims_.find(x.id);
  if (found == claims_.end()) {
    // Nobody would take it.
    auto to = x.from == self() ? nullptr : from(x.from);
    if (!x.why && to && to->agent)
      send(to->agent, name_unclaim{self(), x.id});
    return;
  }
  if (!may_act()) {
    reclaim_ = true;
    return;
  }
  auto decided = std::move(found->second);
  claims_.erase(found);
  if (!x.why)
    add_own(decided.what);
  let_go(decided.what.who.address());
  if (decided.again) {
    if (x.why)
      caf::anon_send<caf::message_priority::high>(decided.what.who,
                                                  name_lost{decided.what.name});
  } else if (x.why) {
    decided.promise.deliver(x.why);
  } else {
    decided.promise.deliver(caf::unit);
  }
}

// -- own names ----------------------------------------------------------------

void name_keeper::add_own(const name_entry& x) {
  arbiting_.settled(self(), x);
  auto [first, last] = own_.equal_range(x.name);
  for (; first != last; ++first)
    if (first->second == x)
      return; // claimed twice
  hold(x.who);
  own_.emplace(x.name, x);
  tell_peers({self(), ++seq_, true, x});
  cache_put(setup_.self.name, x);
}

void name_keeper::drop_own(entries::iterator x) {
  auto what = std::move(x->second);
  own_.erase(x);
  tell_peers({self(), ++seq_, false, what});
  cache_erase(setup_.self.name, what);
  let_go(what.who.address());
  arbitrate();
}

/// An actor of this node, or the keeper of another one with its connection.
void name_keeper::on_down(const caf::actor_addr& who) {
  if (who == setup_.node.address())
    member_ = false;
  for (auto& [name, peer] : peers_)
    if (peer.agent && peer.agent.address() == who) {
      peer.agent = {};
      hide(peer);
    }
  if (!held_.contains(who))
    return;
  drop_claims([&](const open_claim& x) { return x.what.who.address() == who; },
              [] {
                return make_error(errc::unknown_name,
                                  "the actor to be registered has ended");
              });
  for (auto i = own_.begin(); i != own_.end();) {
    auto at = i++;
    if (at->second.who.address() == who)
      drop_own(at);
  }
  std::erase_if(observers_, [&](auto& x) { return x.second.address() == who; });
  held_.erase(who);
}

} // namespace sluice::actors::cluster

// The keepers of other nodes: connections to them, and what they say.

#include "actors/cluster/name_keeper.h"

#include "runtime/limits.h"

#include <caf/actor_system.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>

#include <charconv>
#include <optional>
#include <set>

namespace sluice::actors::cluster {

namespace limits = runtime::limits;

namespace {

/// "host:port" or "[host]:port", as member::remote has it.
std::optional<std::pair<std::string, std::uint16_t>>
split(const std::string& remote) {
  auto colon = remote.rfind(':');
  if (colon == std::string::npos)
    return {};
  std::uint16_t port = 0;
  auto end = remote.data() + remote.size();
  auto read = std::from_chars(remote.data() + colon + 1, end, port);
  if (read.ec != std::errc{} || read.ptr != end)
    return {};
  auto host = remote.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return std::pair{std::move(host), port};
}

} // namespace

void name_keeper::on_tick() {
  delayed_send(this, limits::names_retry, caf::tick_atom::value);
  greet_all();
  if (reclaim_ && may_act())
    claim_anew();
  expire_claims();
  arbitrate();
}

/// Those that are not connected, or have to begin anew.
void name_keeper::greet_all() {
  for (auto& [name, peer] : peers_) {
    if (!peer.agent && connects_to(peer))
      connect(peer);
    else if (peer.agent && peer.repair && self().incarnation != 0)
      send(peer.agent, name_hello{self(), false});
  }
}

bool name_keeper::connects_to(const peer_node& x) const {
  return setup_.self.name < x.who.name;
}

/// CAF's middleman connects in a thread of its own.
void name_keeper::connect(peer_node& x) {
  auto where = split(x.who.remote);
  if (x.connecting || self().incarnation == 0 || !where)
    return;
  x.connecting = true;
  auto life = life_of(x.who);
  auto finish = [this, life] {
    auto to = from(life);
    if (to)
      to->connecting = false;
    return to;
  };
  request(system().middleman().actor_handle(), caf::infinite,
          caf::connect_atom::value, std::move(where->first), where->second)
      .then(
          [=, this](const caf::node_id& node, const caf::strong_actor_ptr&,
                    const std::set<std::string>&) {
            if (auto to = finish(); to && !to->agent)
              greet(life, node);
          },
          [=](const caf::error&) { finish(); });
}

/// The first word goes to whoever is registered there as the keeper of names:
/// CAF's BASP broker reaches an actor of another node also by that.
void name_keeper::greet(const node_life&, const caf::node_id& where) {
  if (where == caf::none || where == system().node())
    return;
  auto basp = system().middleman().named_broker<caf::io::basp_broker>(
      caf::atom("BASP"));
  send(basp, caf::forward_atom::value, where, registered,
       caf::make_message(name_hello{self(), false}));
}

void name_keeper::on_hello(const name_hello& x) {
  auto to = from(x.from);
  auto agent = caf::actor_cast<caf::actor>(current_sender());
  // Who is not in our list of members yet tries again.
  if (!to || !agent || self().incarnation == 0)
    return;
  attach(*to, agent);
  if (!x.answers)
    send(agent, name_hello{self(), true});
  send_list(*to, true);
  if (x.from == arbiter_)
    claim_anew();
}

void name_keeper::attach(peer_node& x, caf::actor agent) {
  x.repair = false;
  if (x.agent == agent)
    return;
  if (x.agent)
    demonitor(x.agent);
  x.agent = std::move(agent);
  monitor(x.agent);
}

/// The connection is lost, or not needed any more.
void name_keeper::detach(peer_node& x) {
  if (x.agent)
    demonitor(x.agent);
  x.agent = {};
  hide(x);
}

void name_keeper::hide(peer_node& x) {
  if (!std::exchange(x.shown, false))
    return;
  for (auto& [name, what] : x.names)
    cache_erase(x.who.name, what);
}

// -- lists --------------------------------------------------------------------

void name_keeper::send_list(const peer_node& x, bool begins) {
  name_list list{self(), arbiter_, seq_, begins, {}};
  list.entries.reserve(own_.size());
  for (auto& [name, what] : own_)
    list.entries.push_back(what);
  send(x.agent, std::move(list));
}

void name_keeper::tell_peers(const name_change& x) {
  auto content = caf::make_message(x); // one for all
  for (auto& [name, peer] : peers_)
    if (peer.agent)
      send(peer.agent, content);
}

void name_keeper::on_list(const name_list& x) {
  auto by = from(x.from);
  if (!by)
    return;
  entries after;
  for (auto& y : x.entries)
    if (y.who && y.who.node() != system().node())
      after.emplace(y.name, y);
  auto has = [](const entries& list, const name_entry& y) {
    auto [first, last] = list.equal_range(y.name);
    return std::any_of(first, last, [&](auto& z) { return z.second == y; });
  };
  if (by->shown)
    for (auto& [name, what] : by->names)
      if (!has(after, what))
        cache_erase(x.from.node, what);
  for (auto& [name, what] : after)
    if (!by->shown || !has(by->names, what))
      cache_put(x.from.node, what);
  by->names = std::move(after);
  by->shown = true;
  by->seq = x.seq;
  by->follows = x.follows;
  if (x.begins)
    arbiting_.forget(x.from);
  for (auto& [name, what] : by->names)
    arbiting_.settled(x.from, what);
  if (x.follows == self())
    arbiting_.heard(x.from);
  arbitrate();
}

void name_keeper::on_change(const name_change& x) {
  auto by = from(x.from);
  if (!by)
    return;
  if (!by->shown || x.seq != by->seq + 1) {
    by->repair = true; // something was lost; at the next tick
    return;
  }
  by->seq = x.seq;
  if (!x.what.who)
    return;
  auto [first, last] = by->names.equal_range(x.what.name);
  auto found =
      std::find_if(first, last, [&](auto& y) { return y.second == x.what; });
  if (x.up && found == last) {
    by->names.emplace(x.what.name, x.what);
    cache_put(x.from.node, x.what);
    arbiting_.settled(x.from, x.what);
  } else if (!x.up && found != last) {
    cache_erase(x.from.node, found->second);
    by->names.erase(found);
    arbitrate();
  }
}

/// What did not fit into a connection is made good by a new beginning.
void name_keeper::on_rejected(const rejected_message& x) {
  for (auto& [name, peer] : peers_)
    if (peer.agent && peer.agent.address() == x.receiver)
      peer.repair = true;
}

} // namespace sluice::actors::cluster

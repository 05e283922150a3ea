#include "actors/cluster/node.h"

#include "actors/cluster/node_actor.h"
#include "net/endpoint.h"
#include "runtime/error.h"

#include <caf/io/middleman.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace sluice::actors::cluster {

namespace limits = runtime::limits;
using runtime::errc;
using runtime::make_error;

namespace {

caf::error bad_setting(std::string text) {
  return make_error(errc::bad_setting, std::move(text));
}

bool is_name(const std::string& x) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !x.empty() && x.size() <= limits::name_bytes_max
         && std::ranges::all_of(x, fits);
}

/// Addresses that others cannot connect to.
bool is_any_address(const net::endpoint& x) {
  return !x.is_unix()
         && (x.host() == "*" || x.host() == "0.0.0.0" || x.host() == "::");
}

/// As CAF's middleman wants it: empty for all addresses.
caf::expected<std::string> open_remote(caf::actor_system& system,
                                       const net::endpoint& where,
                                       std::uint16_t port) {
  if (!system.has_middleman())
    return bad_setting("node_options.remote_port: the system has no middleman");
  std::string host{where.is_unix() ? "127.0.0.1" : where.host()};
  auto opened = system.middleman().open(port, host.c_str());
  if (!opened)
    return make_error(errc::system_error,
                      "port " + std::to_string(port) + " for remote actors: "
                          + runtime::to_text(opened.error()));
  auto is_ipv6 = host.find(':') != std::string::npos;
  return (is_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(*opened);
}

} // namespace

caf::error node_options::check() const {
  if (!is_name(name))
    return bad_setting("node_options.name: \"" + name + "\" is not 1 to "
                       + std::to_string(limits::name_bytes_max)
                       + " letters, digits, '-', '_' or '.'");
  if (!is_name(cluster))
    return bad_setting("node_options.cluster: \"" + cluster + "\" is not 1 to "
                       + std::to_string(limits::name_bytes_max)
                       + " letters, digits, '-', '_' or '.'");
  for (auto& x : seeds)
    if (auto parsed = net::endpoint::parse(x); !parsed)
      return bad_setting("node_options.seeds: "
                         + runtime::to_text(parsed.error()));
  if (roles.size() > limits::cluster_roles_max
      || std::ranges::any_of(roles, [](auto& x) { return !is_name(x); }))
    return bad_setting("node_options.roles: at most "
                       + std::to_string(limits::cluster_roles_max)
                       + ", each named as a node");
  auto zero = runtime::duration::zero();
  if (times.beat <= zero || times.retry <= zero || times.found_after < zero)
    return bad_setting("node_options.times: beat and retry are above 0");
  if (times.suspect_after < 2 * times.beat
      || times.down_after < 2 * times.suspect_after)
    return bad_setting("node_options.times: suspect_after is at least twice "
                       "beat, and down_after at least twice suspect_after");
  if (drain_wait < zero || join_deadline < zero)
    return bad_setting(
        "node_options: drain_wait and join_deadline are not negative");
  return channels.check();
}

caf::expected<node> node::start(net::loop_choice loops, node_options options) {
  if (auto err = options.check())
    return err;
  auto channels = std::make_shared<channel::host>(loops, options.channels);
  auto where = channels->listen(options.listen);
  if (!where)
    return where.error();
  if (!options.advertise.empty()) {
    auto parsed = net::endpoint::parse(options.advertise);
    if (!parsed)
      return parsed.error();
    // A port that the system chose is known only now.
    options.advertise = to_string(*parsed);
    if (parsed->port() == 0 && !parsed->is_unix()) {
      options.advertise.pop_back(); // the 0
      options.advertise += std::to_string(where->port());
    }
  } else if (is_any_address(*where)) {
    return bad_setting("node_options.advertise: has to say where others reach "
                       + options.listen);
  } else {
    options.advertise = to_string(*where);
  }
  for (auto& x : options.seeds)
    x = to_string(*net::endpoint::parse(x));
  member self{options.name, 0, options.advertise, {}, options.roles};
  auto& loop = loops.pick();
  if (options.remote_port) {
    auto remote =
        open_remote(loop.system(), *net::endpoint::parse(options.advertise),
                    *options.remote_port);
    if (!remote)
      return remote.error();
    self.remote = std::move(*remote);
  }
  auto lease = std::make_shared<membership_lease>();
  auto provider = options.provider
                      ? options.provider
                      : make_local_provider(*channels, options.cluster,
                                            {options.seeds, options.times,
                                             options.join_deadline});
  node result;
  result.self_ = self;
  result.lease_ = lease;
  result.own_lease_ = lease;
  result.channels_ = channels;
  result.actor_ = spawn_node_actor(loop, {std::move(self), std::move(channels),
                                          std::move(lease), std::move(provider),
                                          options.drain_wait});
  return result;
}

node::~node() {
  stop();
}

void node::stop() {
  if (!actor_)
    return;
  // First: who finds the endpoint closed takes the node for dead.
  own_lease_->close();
  caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
  actor_ = {};
  channels_->stop();
}

} // namespace sluice::actors::cluster

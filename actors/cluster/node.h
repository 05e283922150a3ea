#pragma once

// node: this process as one of a cluster. It has a name, an endpoint that the
// channels of the other nodes connect to, and knows the members:
//
//   auto here = cluster::node::start(loops, {
//       .name = "n1",
//       .listen = "tcp://10.0.0.1:7000",
//       .seeds = {"tcp://10.0.0.1:7000", "tcp://10.0.0.2:7000"}});
//   if (!here) ... here.error() ...
//   self->send(here->actor(), watch_members{self});   // node_joined, ...
//
// 1. Whoever watches gets, as ordinary messages without a sender, one event for
//    each change, in the same order on all nodes; first a node_joined for each
//    member that is there, and node_suspected where that is so. In between, and
//    first of all if the node is a member, membership_gained and
//    membership_lost. No mailbox is too full for them.
// 2. Between membership_lost and membership_gained the list is the last one
//    that was known: others may have a newer one. `lease()` says the same
//    earlier, see there.
// 3. `leave_cluster` first asks those who watch with `drains` to prepare, and
//    waits for their answers, for at most node_options::drain_wait. Then the
//    node leaves, and is no member any more; `join_cluster` makes it one again.
// 4. The end of the node object is not a `leave`: its lease ends, then its
//    endpoint is closed, and the others see the node as down; at once with the
//    local provider, and with etcd if one of them says member_unreachable.
//
// For users. Thread rule: any thread. Lifetime: within that of the actor system
// and its loops.

#include "actors/channel/host.h"
#include "actors/cluster/local_provider.h"
#include "actors/cluster/member.h"
#include "actors/cluster/node_messages.h"
#include "actors/cluster/provider.h"
#include "net/listen.h"
#include "runtime/clock.h"
#include "runtime/limits.h"

#include <caf/actor.hpp>
#include <caf/error.hpp>
#include <caf/expected.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::actors::cluster {

struct node_options {
  /// Unique in the cluster, 1 to limits::name_bytes_max bytes; letters, digits,
  /// '-', '_' and '.'.
  std::string name;

  /// Nodes of another cluster are not heard.
  std::string cluster = "sluice";

  /// Where the node listens for channels; port 0: any free one.
  std::string listen = "tcp://127.0.0.1:0";

  /// Where others reach that; empty: as `listen`. Has to be set if `listen` is
  /// all addresses of the machine.
  std::string advertise{};

  /// What the node is for; see placement.
  std::vector<std::string> roles{};

  /// Whom to ask for the members; see local_options.
  std::vector<std::string> seeds{};
  roster_times times{};

  /// A node that is no member after this time gives up; 0: never.
  runtime::duration join_deadline{};

  /// Membership from elsewhere: then `seeds` and `times` do not matter.
  provider_factory provider{};

  /// Opens a port for CAF's remote actors, whose handles can then be sent to
  /// other nodes; 0: any free one. The system has to have loaded
  /// actors::remote::middleman.
  std::optional<std::uint16_t> remote_port{};

  /// How long `leave_cluster` waits for those who drain.
  runtime::duration drain_wait = runtime::limits::cluster_drain;

  channel::host_options channels{};

  /// errc::bad_setting; names the setting.
  caf::error check() const;
};

class node {
public:
  /// Listens, and starts to join. The actor lives on one of the loops. Errors:
  /// those of node_options::check, and what `listen` says.
  static caf::expected<node> start(net::loop_choice loops,
                                   node_options options);

  node(node&&) noexcept = default;
  node& operator=(node&&) noexcept = default;
  ~node();

  const caf::actor& actor() const noexcept { return actor_; }

  /// The channels of this process; those of other nodes listen at their
  /// members' endpoints.
  channel::host& channels() const noexcept { return *channels_; }

  /// To be looked at before one acts as a member.
  const std::shared_ptr<const membership_lease>& lease() const noexcept {
    return lease_;
  }

  /// As others know it, but for its incarnation; see member_list.
  const member& self() const noexcept { return self_; }

  /// Ends the node, without leaving, see 4. Its actor ends a little later.
  void stop();

private:
  node() = default;

  caf::actor actor_;
  std::shared_ptr<channel::host> channels_;
  std::shared_ptr<const membership_lease> lease_;
  std::shared_ptr<membership_lease> own_lease_; // the same, to close it
  member self_;
};

} // namespace sluice::actors::cluster

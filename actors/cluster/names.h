#pragma once

// cluster_registry: names for actors, known on all nodes of a cluster.
//
//   auto names = cluster_registry::start(sys, here); // here: cluster::node
//   self->request(names->server(), 15s, register_name{"billing", billing});
//   ...
//   if (auto billing = names->whereis("billing")) // on any node
//     self->send(billing, invoice{...});
//
// The verbs are those of actors/registry.h, sent to `server`. A name is unique
// (register_name): one actor in the cluster has it; or shared
// (register_shared_name): any number of actors have it, of any node. A name is
// either of the two at a time.
//
// 1. An actor is registered at its own node, whose keeper of names watches it:
//    a name goes when its actor ends. Handles travel over CAF's remote actors:
//    each node needs node_options.remote_port and the middleman, and either all
//    nodes of a cluster have a registry or none.
// 2. Each keeper has a list of the names of its own node, and tells all others
//    the changes, numbered; where a number is missing, or a connection was
//    lost, they get the whole list. What a keeper knows of all is the cache
//    that look-ups go into: it follows with a short delay.
// 3. Who gets a name is decided by one arbiter: the keeper of the oldest
//    member. A registration is answered when it has granted it. A new arbiter
//    first hears, from all who were members when it became one, that they heed
//    the old one no more, and which names they have. So two actors never are
//    granted one unique name. While a member is silent but not down, and the
//    arbiter is new, registrations wait; they fail after
//    limits::names_claim_wait.
// 4. A node without a lease (see membership_lease) registers nothing, with an
//    error that says so; as the arbiter it grants nothing. Its cache is what it
//    knew last.
// 5. The names of a node that has left or is down are released, everywhere, by
//    the event that says so. Names of a node that is a member, but cannot be
//    reached by CAF's connection, cannot be looked up, but are not free.
// 6. A node that was counted as down and joins again claims its names again.
//    Who was registered meanwhile stays: the other actor gets name_lost, and
//    the name is not its any more. Between the loss of its membership and that
//    message an actor may take itself for the only one of its name: one that
//    must not looks at the lease before it acts.
//
// An actor whose handle has been at another node lives until it ends by itself:
// CAF keeps it for those there.
//
// For users. Thread rule: any thread. Lifetime: within that of the node and of
// the actor system; its end releases the names of its node.

#include "actors/cluster/name_cache.h"
#include "actors/cluster/name_messages.h"
#include "actors/cluster/node.h"
#include "actors/registry.h"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/expected.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace sluice::actors::cluster {

class cluster_registry {
public:
  /// One for each actor system. Errors: errc::bad_setting if the node has no
  /// remote_port, errc::name_taken if the system has a cluster_registry.
  static caf::expected<cluster_registry> start(caf::actor_system& system,
                                               const node& here);

  cluster_registry(cluster_registry&&) noexcept = default;
  cluster_registry& operator=(cluster_registry&& x) noexcept;
  ~cluster_registry() { stop(); }

  /// Takes register_name, register_shared_name, unregister_name, whereis_name,
  /// watch_names and count_names, from actors of this node.
  const caf::actor& server() const noexcept { return server_; }

  /// The actor with that name, or none. Of several: one of this node, if there
  /// is one. Never waits; a fraction of a microsecond.
  caf::actor whereis(std::string_view name) const { return cache_->find(name); }

  /// All actors with that name.
  std::vector<named_actor> list(std::string_view name) const {
    return cache_->list(name);
  }

  /// To look into it also elsewhere.
  const std::shared_ptr<const name_cache>& cache() const noexcept {
    return cache_;
  }

  /// Releases the names of this node. Idempotent.
  void stop();

private:
  cluster_registry() = default;

  caf::actor server_;
  std::shared_ptr<const name_cache> cache_;
};

} // namespace sluice::actors::cluster

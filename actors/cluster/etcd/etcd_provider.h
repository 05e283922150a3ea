#pragma once

// etcd_provider: a cluster's membership from etcd, which keeps it in leases: a
// node that cannot renew its own is down for everybody at the same moment. It
// is what users move to when they outgrow one machine.
//
//   node_options.provider = etcd_provider({
//       .endpoints = "http://10.0.0.1:2379,http://10.0.0.2:2379",
//       .cluster = "shop",
//   });
//
// It keeps to the protocol of actors/cluster/provider.h, and:
//
// - The order of changes is etcd's own order, on all nodes; their versions are
//   {etcd's cluster id, revision}. Nobody is `suspected`.
// - A node whose lease could not be renewed hears membership_lost when it would
//   end, by the node's own clock. Should it live on in spite of that (etcd was
//   away, and gives all leases their full time when it is back), the same life
//   goes on: membership_gained, and no change for anybody. Otherwise the others
//   have been told that it is down, and it joins in its next life.
// - provider_ended with errc::name_taken: another node has the name; with
//   errc::bad_setting or errc::bad_endpoint: options that cannot be; with
//   errc::connect_failed: it did not become a member in
//   etcd_options::start_deadline, or could not tell etcd that it leaves.
//
// For users. Thread rule: any thread. Lifetime: the provider ends with its
// node.

#include "actors/cluster/etcd/etcd_options.h"
#include "actors/cluster/provider.h"

namespace sluice::actors::cluster::etcd {

/// Makes a node's provider. Options that cannot be are told by provider_ended;
/// `options.check()` says it sooner.
provider_factory etcd_provider(etcd_options options);

} // namespace sluice::actors::cluster::etcd

#pragma once

// verbs: what one may ask a node through its admin interface, besides what all
// processes know:
//
//   {"do":"status"}                    what it is, has and does
//   {"do":"leave"}                     hands over what it has, and leaves
//   {"do":"stop"}                      ends the process, without leaving
//   {"do":"slow","bytes_per_s":N}      reads so slowly from other nodes; 0: not
//   {"do":"cut","peer":"n2"}           nothing passes to and from n2 on the
//                                      connections that this node made
//   {"do":"heal"}                      ends all cuts and slowness
//
// Thread rule: `make_verbs` any thread; the handlers run on the node's loop.
// Lifetime: the node outlives them.

#include "actors/admin/server.h"
#include "actors/cluster/node.h"

#include <caf/actor.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace sluice::examples::kv_cluster {

struct verb_setup {
  actors::cluster::node* node = nullptr;
  caf::actor keys; // a kv_node
  std::uint16_t resp_port = 0;
  std::string page;           // its address, or empty
  std::function<void()> stop; // ends the process
};

actors::admin::verb_table make_verbs(verb_setup setup);

} // namespace sluice::examples::kv_cluster

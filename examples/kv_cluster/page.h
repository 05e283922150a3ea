#pragma once

// page: the cluster in a browser, as this node knows it; and what this program
// adds to it: its requests, how long they take, and what waits for other nodes.
//
// Thread rule: `start_page` any thread. Lifetime: the node and the keys outlive
// what it starts.

#include "actors/cluster/node.h"
#include "runtime/event_loop.h"

#include <caf/actor.hpp>
#include <caf/expected.hpp>

#include <memory>
#include <string>
#include <vector>

namespace sluice::actors::metrics {
class collector;
}

namespace sluice::examples::kv_cluster {

struct page_settings {
  std::string
      where; // empty: this node has no page, but those of others show it
  std::vector<std::string> hosts;
  std::string launcher;
  std::string cluster;
};

struct started_page {
  std::string address; // for a browser; empty: there is none
  std::shared_ptr<actors::metrics::collector> metrics;
};

/// Starts the observer, and the page; if its port is taken, at any free one.
/// Errors: those of start_observer, and what listening says.
caf::expected<started_page> start_page(runtime::event_loop& loop,
                                       actors::cluster::node& node,
                                       const caf::actor& keys,
                                       const page_settings& settings);

} // namespace sluice::examples::kv_cluster

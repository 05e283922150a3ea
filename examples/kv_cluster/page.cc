#include "examples/kv_cluster/page.h"

#include "actors/metrics/collector.h"
#include "actors/observe/observer.h"
#include "actors/observe/page_server.h"
#include "examples/kv_cluster/kv_node.h"
#include "net/endpoint.h"

#include <caf/actor_cast.hpp>

#include <utility>

namespace sluice::examples::kv_cluster {

namespace observe = actors::observe;
namespace metrics = actors::metrics;

namespace {

void add_figures(const kv_node& keys, observe::node_counters& to) {
  to.requests = keys.figures().requests;
  to.levels.p50_us = keys.times().quantile_us(0.5).value_or(observe::unknown);
  to.levels.p99_us = keys.times().quantile_us(0.99).value_or(observe::unknown);
  to.levels.queued_messages += keys.on_hold();
  for (auto& [name, x] : keys.peers())
    to.levels.queued_bytes += x.requests_waiting() + x.answers_waiting();
}

/// The same host, at any port that is free.
std::string any_port(const std::string& where) {
  auto at = net::endpoint::parse(where);
  if (!at || at->is_unix() || at->port() == 0)
    return {};
  return where.substr(0, where.rfind(':')) + ":0";
}

std::string address_of(const net::endpoint& x) {
  return x.is_unix() ? to_string(x) : "http://" + to_string(x).substr(6) + "/";
}

} // namespace

caf::expected<started_page> start_page(runtime::event_loop& loop,
                                       actors::cluster::node& node,
                                       const caf::actor& keys,
                                       const page_settings& settings) {
  observe::observer_options options;
  options.cluster = settings.cluster;
  options.launcher = settings.launcher;
  options.figures = [keys](observe::node_counters& to) {
    add_figures(
        *static_cast<kv_node*>(caf::actor_cast<caf::abstract_actor*>(keys)),
        to);
  };
  auto observer = observe::start_observer(loop, &node, std::move(options));
  if (!observer)
    return observer.error();
  started_page result;
  if (settings.where.empty())
    return result;
  result.metrics = std::make_shared<metrics::collector>(
      loop.system(),
      metrics::collector_options{.loops = {&loop},
                                 .channels = {node.channels().reporter()},
                                 .node = node.actor()});
  observe::page_options page{.observer = *observer,
                             .metrics = result.metrics,
                             .hosts = settings.hosts};
  auto opened = observe::serve_page(loop, settings.where, page);
  if (auto other = any_port(settings.where); !opened && !other.empty()) {
    // Somebody has it; people find the page by what is printed here.
    if (auto again = observe::serve_page(loop, other, page))
      opened = std::move(again);
  }
  if (!opened)
    return opened.error();
  result.address = address_of(opened->local);
  return result;
}

} // namespace sluice::examples::kv_cluster

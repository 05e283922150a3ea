// One node of a key-value cluster: any Redis client asks any node for any key.
// Reading order: kv_node.h (what a node does), plan.h (what a command is
// about), client.h (answers in order), peer.h (the way to another node),
// kv_requests.cc and kv_answers.cc, this file. `sluice up` and ./run start
// several of them.

#include "actors/admin/server.h"
#include "actors/cluster/etcd/etcd_provider.h"
#include "actors/cluster/node.h"
#include "actors/cluster/shard_letter.h"
#include "actors/config.h"
#include "actors/observe/messages.h"
#include "examples/kv_cluster/connection.h"
#include "examples/kv_cluster/kv_node.h"
#include "examples/kv_cluster/page.h"
#include "examples/kv_cluster/verbs.h"
#include "examples/support/server_program.h"
#include "examples/support/until_signal.h"
#include "net/listen.h"
#include "runtime/error.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace {

namespace admin = sluice::actors::admin;
namespace cluster = sluice::actors::cluster;
namespace kv_cluster = sluice::examples::kv_cluster;
namespace net = sluice::net;
namespace runtime = sluice::runtime;
namespace support = sluice::examples::support;

struct settings {
  cluster::node_options node;
  std::string resp = "tcp://127.0.0.1:6379";
  std::string admin;
  kv_cluster::page_settings page;
  std::string etcd;
  std::uint32_t shards = 64;
  std::uint32_t copies = 2;
  long seconds = 0;
  long join_seconds = 0;
  long suspect_ms = runtime::limits::cluster_suspect_after.count();
  long down_ms = runtime::limits::cluster_down_after.count();
};

/// Says what happens to the members, and ends the program when the node cannot
/// be one.
caf::behavior observer(runtime::loop_actor* self, const caf::actor& node,
                       std::atomic<bool>* failed) {
  self->send(node, cluster::watch_members{caf::actor_cast<caf::actor>(self)});
  auto was_member = std::make_shared<bool>(false);
  auto say = [](const char* what, const cluster::member& x) {
    std::fprintf(stderr, "%s %s (%s)\n", x.name.c_str(), what,
                 x.endpoint.c_str());
  };
  return {
      [=](const cluster::node_joined& x) { say("joined", x.who); },
      [=](const cluster::node_suspected& x) { say("is silent", x.who); },
      [=](const cluster::node_trusted& x) { say("is heard again", x.who); },
      [=](const cluster::node_left& x) { say("left", x.who); },
      [=](const cluster::node_down& x) { say("is down", x.who); },
      [=](const cluster::membership_gained& x) {
        *was_member = true;
        std::fprintf(stderr, "%s is a member\n", x.self.name.c_str());
      },
      [=](const cluster::membership_lost& x) {
        std::fprintf(stderr, "%s%s\n",
                     *was_member ? "not a member any more: " : "",
                     x.why.c_str());
        self->request(node, std::chrono::seconds{5}, cluster::list_members{})
            .then([=](const cluster::member_list& list) {
              if (list.state != cluster::node_state::failed)
                return;
              failed->store(true);
              support::until_signal::wake();
            });
      },
  };
}

int run(settings options) {
  std::signal(SIGPIPE, SIG_IGN);
  support::until_signal end;
  sluice::actors::config cfg;
  cfg.set("scheduler.max-threads", 1); // everything happens on the loop
  cluster::add_shard_types(cfg);
  cfg.add_message_type<kv_cluster::request_bundle>("kv_cluster.request_bundle");
  cfg.add_message_type<kv_cluster::answer_bundle>("kv_cluster.answer_bundle");
  sluice::actors::observe::add_observe_types(cfg);
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  auto& loop = loops.at(0);
  options.node.join_deadline = std::chrono::seconds{options.join_seconds};
  options.node.times.suspect_after =
      std::chrono::milliseconds{options.suspect_ms};
  options.node.times.down_after = std::chrono::milliseconds{options.down_ms};
  // As often as by default before a node is suspected.
  auto& times = options.node.times;
  times.beat = std::min(times.beat, times.suspect_after / 6);
  if (!options.etcd.empty()) {
    cluster::etcd::etcd_options etcd;
    etcd.endpoints = options.etcd;
    etcd.cluster = options.node.cluster;
    etcd.lease_ttl = std::chrono::ceil<std::chrono::seconds>(
        std::chrono::milliseconds{options.down_ms});
    if (options.join_seconds > 0)
      etcd.start_deadline = std::chrono::seconds{options.join_seconds};
    if (auto err = etcd.check())
      return support::fail(err);
    options.node.provider = cluster::etcd::etcd_provider(etcd);
  }
  auto node = cluster::node::start(loop, options.node);
  if (!node)
    return support::fail(node.error());
  cluster::shard_settings shards;
  shards.shards = options.shards;
  shards.copies = options.copies;
  shards.gone_after = options.node.times.down_after;
  auto keys = runtime::spawn_on<kv_cluster::kv_node>(loop, &*node, shards);
  auto server = net::listen(loop, options.resp, kv_cluster::serve,
                            {.stream = kv_cluster::connection_options()}, keys);
  if (!server)
    return support::fail(server.error());
  caf::anon_send(keys, server->local.port());
  options.page.cluster = options.node.cluster;
  auto page = kv_cluster::start_page(loop, *node, keys, options.page);
  if (!page)
    return support::fail(page.error());
  if (!options.admin.empty()) {
    auto verbs =
        kv_cluster::make_verbs({&*node, keys, server->local.port(),
                                page->address, &support::until_signal::wake});
    auto opened = admin::serve(loop, options.admin, std::move(verbs));
    if (!opened)
      return support::fail(opened.error());
  }
  std::atomic<bool> failed{false};
  runtime::spawn_on(loop, observer, node->actor(), &failed);
  support::announce(server->local);
  if (!page->address.empty()) {
    std::printf("page %s\n", page->address.c_str());
    std::fflush(stdout);
  }
  end.wait(std::chrono::seconds{options.seconds});
  loops.stop();
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"One node of a key-value cluster that speaks Redis' protocol."};
  settings options;
  options.node.name = "n1";
  options.node.roles = {"kv"};
  app.add_option("--name", options.node.name, "of this node; unique")
      ->capture_default_str();
  app.add_option("--cluster", options.node.cluster,
                 "nodes of another one are not heard")
      ->capture_default_str();
  app.add_option("--listen", options.node.listen,
                 "endpoint for other nodes; port 0: any free one")
      ->capture_default_str();
  app.add_option("--advertise", options.node.advertise,
                 "where others reach that, if it is another endpoint");
  app.add_option("--seeds", options.node.seeds,
                 "endpoints of nodes to ask for the others, the same list for "
                 "all of them; none: begin a cluster")
      ->delimiter(',');
  app.add_option("--etcd", options.etcd,
                 "endpoints of an etcd that keeps the list of members, as "
                 "http://127.0.0.1:2379; instead of --seeds");
  app.add_option("--resp", options.resp, "endpoint for Redis clients")
      ->capture_default_str();
  app.add_option("--admin", options.admin,
                 "endpoint of the admin interface, as unix:///path/n1.sock");
  app.add_option("--page", options.page.where,
                 "endpoint of the page for browsers, as "
                 "tcp://127.0.0.1:8080; if it is taken, any free port there");
  app.add_option("--page-host", options.page.hosts,
                 "name by which browsers may ask for the page, besides "
                 "localhost and addresses");
  app.add_option("--launcher", options.page.launcher,
                 "control socket of the launcher of this node, as "
                 "unix:///path/sluice.sock: the page can then stop, kill and "
                 "start nodes");
  app.add_option("--shards", options.shards,
                 "into how many parts the keys are divided; the same for all")
      ->capture_default_str()
      ->check(CLI::Range(1u, runtime::limits::shards_max));
  app.add_option("--copies", options.copies, "of each key")
      ->capture_default_str()
      ->check(CLI::Range(1, 2));
  app.add_option("--suspect-ms", options.suspect_ms,
                 "silence after which a node is suspected")
      ->capture_default_str()
      ->check(CLI::Range(100, 3'600'000));
  app.add_option("--down-ms", options.down_ms,
                 "silence after which a node is taken for dead; at least twice "
                 "as long")
      ->capture_default_str()
      ->check(CLI::Range(200, 7'200'000));
  support::add_seconds(app, "--join-seconds", options.join_seconds,
                       "give up if there is no cluster by then; 0: never");
  support::add_seconds(app, "--seconds", options.seconds,
                       "end after this time; 0: never");
  CLI11_PARSE(app, argc, argv);
  return run(std::move(options));
}

#include "examples/kv_cluster/load.h"

#include "net/listen.h"
#include "net/resp.h"
#include "net/resp_codec.h"
#include "runtime/loop_actor.h"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string_view>
#include <utility>

namespace sluice::examples::kv_cluster {

using namespace std::chrono_literals;

namespace {

/// Before a lost connection is made again, elsewhere.
constexpr auto reconnect_pause = 100ms;

struct load_state {
  load_options options;
  load_counters& counters;
  std::minstd_rand dice{1};
  std::string value;
};

/// One connection.
struct load_client {
  std::deque<runtime::time_point> sent;
  std::string out;
};

void append_next(load_state& shared, std::string& out) {
  auto key = "load:" + std::to_string(shared.dice() % shared.options.keys);
  if (shared.dice() % 100 < shared.options.writes) {
    std::array<std::string_view, 3> set{"SET", key, shared.value};
    net::append_command(out, set);
    if (shared.options.wait_replicas > 0) {
      auto replicas = std::to_string(shared.options.wait_replicas);
      std::array<std::string_view, 3> wait{"WAIT", replicas, "1000"};
      net::append_command(out, wait);
    }
  } else {
    std::array<std::string_view, 2> get{"GET", key};
    net::append_command(out, get);
  }
}

void raise(std::atomic<std::uint64_t>& longest, std::uint64_t x) {
  auto seen = longest.load(std::memory_order_relaxed);
  while (seen < x
         && !longest.compare_exchange_weak(seen, x, std::memory_order_relaxed))
    ;
}

void count(load_state& shared, std::string_view reply,
           runtime::duration waited) {
  auto& counters = shared.counters;
  counters.answered.fetch_add(1, std::memory_order_relaxed);
  if (reply.starts_with("-TRYAGAIN"))
    counters.try_again.fetch_add(1);
  else if (reply.starts_with("-CLUSTERDOWN"))
    counters.cluster_down.fetch_add(1);
  else if (reply.starts_with("-"))
    counters.other_errors.fetch_add(1);
  raise(counters.longest_us,
        static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(waited)
                .count()));
}

caf::behavior run_client(net::stream_broker* self,
                         const std::shared_ptr<load_state>& shared) {
  auto mine = std::make_shared<load_client>();
  auto fill = [=] {
    mine->out.clear();
    while (mine->sent.size() < shared->options.pipeline) {
      append_next(*shared, mine->out);
      mine->sent.push_back(self->loop().now());
    }
    if (!mine->out.empty())
      self->write(mine->out);
  };
  return {
      [=](const net::connected&) { fill(); },
      [=](const net::received& in) {
        if (mine->sent.empty())
          return self->abort(); // nobody asked
        // A write has happened when the answer to its WAIT is there.
        if (shared->options.wait_replicas > 0
            && in.bytes.view().starts_with("+OK"))
          return;
        count(*shared, in.bytes.view(),
              self->loop().now() - mine->sent.front());
        mine->sent.pop_front();
        // The next ones when half of them are answered: fewer, larger writes.
        if (2 * mine->sent.size() <= shared->options.pipeline)
          fill();
      },
      [=](const net::closed&) { shared->counters.lost.fetch_add(1); },
  };
}

/// Has as many connections as it should.
caf::behavior drive(runtime::loop_actor* self,
                    const std::shared_ptr<load_state>& shared) {
  auto next = std::make_shared<std::size_t>(0);
  auto clients = std::make_shared<std::map<caf::actor_addr, caf::actor>>();
  net::stream_options options;
  // The user decides how much is under way, and all of it is ours.
  constexpr std::size_t around_value_bytes = 256;
  options.write_cap_bytes =
      std::max(options.write_cap_bytes,
               shared->options.pipeline
                   * (shared->options.value_bytes + around_value_bytes));
  options.framing = [] {
    return std::make_unique<net::resp_codec>(net::resp_side::replies);
  };
  auto connect = [=] {
    auto& nodes = shared->options.nodes;
    auto made = net::connect(self->loop(), nodes[(*next)++ % nodes.size()],
                             run_client, options, shared);
    if (!made) {
      shared->counters.lost.fetch_add(1);
      self->delayed_send(self, reconnect_pause, caf::unit);
      return;
    }
    self->monitor(*made);
    clients->emplace(made->address(), *made);
  };
  self->set_down_handler([=](const caf::down_msg& x) {
    clients->erase(x.source);
    self->delayed_send(self, reconnect_pause, caf::unit);
  });
  self->set_exit_handler([=](const caf::exit_msg& x) {
    for (auto& [address, y] : *clients)
      caf::anon_send_exit(y, caf::exit_reason::user_shutdown);
    self->quit(x.reason);
  });
  for (std::size_t i = 0; i < shared->options.clients; ++i)
    connect();
  return {[=](caf::unit_t) { connect(); }};
}

} // namespace

caf::actor start_load(runtime::event_loop& loop, load_options options,
                      load_counters& counters) {
  auto shared = std::make_shared<load_state>(
      load_state{std::move(options), counters, std::minstd_rand{1}, {}});
  shared->value.assign(shared->options.value_bytes, 'x');
  return runtime::spawn_on(loop, drive, shared);
}

} // namespace sluice::examples::kv_cluster

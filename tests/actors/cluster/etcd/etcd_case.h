#pragma once

// etcd_case: nodes that have their membership from a real etcd. Each is a
// provider and an actor that writes down what it is told, on a loop of its own,
// which the test drives, and stops driving to freeze the node:
//
//   joined a, left a, down a, gained a, lost, ended, ended: text
//
// Tests only. Thread rule: the test's thread. Lifetime: one test.

#include "actors/cluster/etcd/etcd_provider.h"
#include "net/config.h"
#include "runtime/epoll_poller.h"
#include "runtime/error.h"
#include "runtime/event_loop.h"
#include "runtime/loop_actor.h"
#include "runtime/monotonic_clock.h"
#include "runtime/posix_socket_api.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

namespace cluster = actors::cluster;
using namespace std::chrono_literals;
using cluster::etcd::etcd_options;
using runtime::errc;
using strings = std::vector<std::string>;

inline bool is(const caf::error& x, errc code) {
  return x && x.category() == runtime::error_category
         && x.code() == static_cast<std::uint8_t>(code);
}

class etcd_case : public ::testing::Test {
protected:
  struct node {
    explicit node(caf::actor_system& sys, const runtime::clock& time)
        : loop(sys,
               {&time, std::make_unique<runtime::epoll_poller>(),
                &runtime::posix_socket_api::instance()},
               {}) {
      loop.adopt_this_thread();
    }

    bool has(const std::string& what) const {
      return std::ranges::find(log, what) != log.end();
    }

    std::size_t count(const std::string& what) const {
      return static_cast<std::size_t>(std::ranges::count(log, what));
    }

    bool acts() const { return lease->holds(loop_time->now()); }

    runtime::event_loop loop;
    const runtime::clock* loop_time = nullptr;
    std::shared_ptr<cluster::membership_lease> lease =
        std::make_shared<cluster::membership_lease>();
    caf::actor inbox;
    caf::actor provider;
    strings log;
    std::vector<cluster::change> changes;
    std::vector<cluster::member> lives; // as told by membership_gained
    caf::error why;
    bool over = false; // the provider is
    bool frozen = false;
  };

  etcd_case() {
    // As loops do on their own threads. For good: one may be pending.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }

  ~etcd_case() override {
    for (auto& x : nodes) {
      x.frozen = false;
      x.loop.request_stop();
    }
    EXPECT_TRUE(until([this] {
      return std::ranges::all_of(nodes,
                                 [](auto& x) { return x.loop.finished(); });
    }));
  }

  /// With a lease that does not end by itself, however loaded the machine is.
  static etcd_options at(const std::string& endpoints,
                         std::chrono::seconds lease = 20s) {
    etcd_options result;
    result.endpoints = endpoints;
    result.lease_ttl = lease;
    result.retry = 50ms;
    result.retry_max = 200ms;
    return result;
  }

  /// A node at `tcp://NAME:1`, or at another endpoint.
  node& add(const std::string& name, const etcd_options& options,
            std::string endpoint = {}) {
    auto& x = nodes.emplace_back(sys, time);
    x.loop_time = &time;
    if (endpoint.empty())
      endpoint = "tcp://" + name + ":1";
    x.inbox = runtime::spawn_on(
        x.loop, [&x](runtime::loop_actor*) { return write_down(x); });
    cluster::provider_setup setup{
        {name, 0, endpoint, "remote", {"kv", "db"}}, x.inbox, x.lease};
    x.provider = cluster::etcd::etcd_provider(options)(x.loop, setup);
    caf::actor_cast<caf::abstract_actor*>(x.provider)
        ->attach_functor([&x](const caf::error&) { x.over = true; });
    return x;
  }

  void leave(node& x) { caf::anon_send(x.provider, cluster::leave_cluster{}); }

  /// Runs the loops of all nodes that are not frozen until the condition holds;
  /// false if it does not within 20 s.
  bool until(const std::function<bool()>& condition,
             runtime::duration patience = 20s) {
    auto end = time.now() + patience;
    while (!condition()) {
      if (time.now() >= end)
        return false;
      for (auto& x : nodes) {
        if (x.frozen)
          continue;
        runtime::timer look_again{[](runtime::timer&) noexcept {}};
        x.loop.timers().arm(look_again, time.now() + 1ms);
        x.loop.run_once(!x.loop.has_ready());
      }
    }
    return true;
  }

  bool until_told(node& x, const std::string& what) {
    return until([&] { return x.has(what); });
  }

  /// Until it was told that its provider has ended, and that is so.
  bool until_ended(node& x) {
    return until([&] {
      return x.over && !x.log.empty() && x.log.back().starts_with("ended");
    });
  }

  /// Runs the loops for a while, for what shall not happen.
  void pass(runtime::duration x) {
    auto end = time.now() + x;
    EXPECT_TRUE(until([=, this] { return time.now() >= end; }, x + 10s));
  }

  /// What the changes of a node add up to.
  static strings list_of(const node& x) {
    cluster::view list;
    for (auto& y : x.changes)
      list.apply(y);
    strings result;
    for (auto& y : list.members)
      result.push_back(y.who.name);
    std::ranges::sort(result);
    return result;
  }

  static caf::behavior write_down(node& x) {
    return {
        [&x](const cluster::change& y) {
          x.changes.push_back(y);
          x.log.push_back(std::string{to_string(y.what)} + " " + y.who.name);
        },
        [&x](const cluster::membership_gained& y) {
          EXPECT_TRUE(x.acts());
          x.lives.push_back(y.self);
          x.log.push_back("gained " + y.self.name);
        },
        [&x](const cluster::membership_lost&) {
          EXPECT_FALSE(x.acts());
          x.log.push_back("lost");
        },
        [&x](const cluster::provider_ended& y) {
          EXPECT_FALSE(x.acts());
          x.why = y.why;
          x.log.push_back(y.why ? "ended: " + runtime::to_text(y.why)
                                : "ended");
        },
    };
  }

  net::config settings;
  caf::actor_system sys{settings};
  runtime::monotonic_clock time;
  std::deque<node> nodes;
};

} // namespace sluice::testing

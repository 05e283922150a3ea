#pragma once

// cluster_nodes: several nodes in one process, each with channels of its own,
// over real sockets of the loopback interface, and what an observer of each has
// been told.

#include "actors/cluster/node.h"
#include "actors/config.h"
#include "runtime/error.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

using namespace std::chrono_literals;
namespace cluster = actors::cluster;

/// Events as lines, e.g. "joined n1", and how to wait for them.
class event_log {
public:
  void add(std::string line) {
    std::lock_guard guard{mutex_};
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }

  std::vector<std::string> lines() const {
    std::lock_guard guard{mutex_};
    return lines_;
  }

  /// True when `line` was told at least `times`, within half a minute.
  bool wait_for(const std::string& line, int times = 1) {
    std::unique_lock guard{mutex_};
    return changed_.wait_for(guard, 30s, [&] {
      return std::count(lines_.begin(), lines_.end(), line) >= times;
    });
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

inline caf::behavior observer(caf::event_based_actor*,
                              const std::shared_ptr<event_log>& log) {
  return {
      [=](const cluster::node_joined& x) { log->add("joined " + x.who.name); },
      [=](const cluster::node_suspected& x) {
        log->add("suspected " + x.who.name);
      },
      [=](const cluster::node_trusted& x) {
        log->add("trusted " + x.who.name);
      },
      [=](const cluster::node_left& x) { log->add("left " + x.who.name); },
      [=](const cluster::node_down& x) { log->add("down " + x.who.name); },
      [=](const cluster::membership_gained&) { log->add("gained"); },
      [=](const cluster::membership_lost&) { log->add("lost"); },
  };
}

class cluster_nodes : public ::testing::Test {
protected:
  struct place {
    cluster::node_options options;
    std::optional<cluster::node> node;
    std::shared_ptr<event_log> log;
    std::string endpoint;
  };

  /// Ports that are free now, on the way to be those of nodes.
  static std::vector<std::string> endpoints(std::size_t count) {
    std::vector<std::string> result;
    std::vector<int> sockets;
    for (std::size_t i = 0; i < count; ++i) {
      sockets.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_in where{};
      where.sin_family = AF_INET;
      where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      socklen_t size = sizeof where;
      auto address = reinterpret_cast<sockaddr*>(&where);
      EXPECT_EQ(::bind(sockets.back(), address, size), 0);
      EXPECT_EQ(::getsockname(sockets.back(), address, &size), 0);
      result.push_back("tcp://127.0.0.1:"
                       + std::to_string(ntohs(where.sin_port)));
    }
    for (auto x : sockets)
      ::close(x);
    return result;
  }

  /// Times that make a test short.
  static cluster::roster_times quick() {
    return {.beat = 50ms,
            .suspect_after = 500ms,
            .down_after = 2s,
            .retry = 50ms,
            .found_after = 200ms};
  }

  void start(place& x) {
    x.log = std::make_shared<event_log>();
    auto made = cluster::node::start(loops_.at(0), x.options);
    ASSERT_TRUE(made) << runtime::to_text(made.error());
    x.node.emplace(std::move(*made));
    x.endpoint = x.node->self().endpoint;
    caf::anon_send(x.node->actor(),
                   cluster::watch_members{system_.spawn(observer, x.log)});
  }

  /// Nodes n1, n2, ... that know of each other.
  std::vector<place> start_all(std::size_t count) {
    std::vector<place> result(count);
    auto seeds = endpoints(count);
    for (std::size_t i = 0; i < count; ++i) {
      result[i].options.name = "n" + std::to_string(i + 1);
      result[i].options.listen = seeds[i];
      result[i].options.seeds = seeds;
      result[i].options.times = quick();
      start(result[i]);
    }
    return result;
  }

  cluster::member_list list(const place& x) {
    caf::scoped_actor self{system_};
    cluster::member_list result;
    self->request(x.node->actor(), 10s, cluster::list_members{})
        .receive([&](cluster::member_list& y) { result = std::move(y); },
                 [](const caf::error& err) {
                   ADD_FAILURE() << runtime::to_text(err);
                 });
    return result;
  }

  caf::error ask(const caf::actor& who, const caf::message& what) {
    caf::scoped_actor self{system_};
    caf::error result;
    self->request(who, 60s, what)
        .receive([] {}, [&](caf::error& err) { result = std::move(err); });
    return result;
  }

  actors::config config_;
  caf::actor_system system_{config_};
  runtime::loop_group loops_{system_, {.loops = 1}};
};

} // namespace sluice::testing

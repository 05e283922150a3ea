#pragma once

// sim_server: a listener played by the test. Each connection that the code
// under test makes becomes a sim_peer.
//
//   sim_server server{world, at("127.0.0.1", 6379)};
//   server.on_accept = [](sim_peer& peer) { peer.send("hello"); };
//   ...
//   ASSERT_EQ(server.peers().size(), 1u);
//
// For tests. Thread rule: the world's. Lifetime: within that of the world. A
// server that dies closes its listener and all its peers.

#include "tests/support/sim_peer.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace sluice::testing {

class sim_server final : private socket_observer {
public:
  /// Binds and listens; aborts if that fails. A port of 0 is replaced by a free
  /// one, see `address`.
  sim_server(sim_world& world, const runtime::socket_address& where,
             int backlog = 128)
      : sim_server(world.host(), where, backlog) {}
  sim_server(sim_host& host, const runtime::socket_address& where,
             int backlog = 128);
  ~sim_server();

  sim_server(const sim_server&) = delete;
  sim_server& operator=(const sim_server&) = delete;

  runtime::socket_address address() const;

  /// Leaves connections in the kernel's queue until `resume`.
  void pause() { paused_ = true; }
  void resume();

  /// All connections so far, in order, whatever became of them.
  const std::vector<std::unique_ptr<sim_peer>>& peers() const noexcept {
    return peers_;
  }

  /// The newest connection; there must be one.
  sim_peer& last() { return *peers_.back(); }

  /// Is called with each new connection, before it reads anything.
  std::function<void(sim_peer&)> on_accept;

private:
  void on_change() override;

  sim_world& world_;
  sim_host& host_;
  socket_id id_ = 0;
  bool paused_ = false;
  std::vector<std::unique_ptr<sim_peer>> peers_;
};

} // namespace sluice::testing

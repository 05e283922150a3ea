#pragma once

// peer_connection: a stream connection whose one end is a simulated peer and
// whose other end is a broker that does nothing by itself. What is sent to the
// broker waits there, as soon as the peer does not read.
//
// For tests. Thread rule: one thread. Lifetime: within that of the runtime;
// closes its listener and its connection.

#include "net/listen.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_runtime.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <chrono>

namespace sluice::actors {

class peer_connection {
public:
  enum class peer { reads, does_not_read };

  peer_connection(testing::sim_runtime& run, peer manners)
      : run_(run), peer_(run.world()) {
    auto where = "tcp://127.0.0.1:7000";
    auto server = net::listen(
        run.loop(), where, [this](net::stream_broker* self) -> caf::behavior {
          broker_ = caf::actor{self};
          return {[](const net::closed&) {}};
        });
    EXPECT_TRUE(server);
    if (!server)
      return;
    listener_ = server->actor;
    if (manners == peer::does_not_read)
      peer_.stop_reading();
    peer_.connect(*net::endpoint::parse(where)->to_address());
    EXPECT_TRUE(run.until([this] { return static_cast<bool>(broker_); }));
  }

  ~peer_connection() {
    caf::anon_send(listener_, net::close{});
    abort();
  }

  peer_connection(const peer_connection&) = delete;
  peer_connection& operator=(const peer_connection&) = delete;

  const caf::actor& broker() const { return broker_; }

  /// Ends the connection at once.
  void abort() {
    caf::anon_send(broker_, net::close{net::close_mode::abort});
    run_.during(std::chrono::milliseconds{10});
  }

private:
  testing::sim_runtime& run_;
  testing::sim_peer peer_;
  caf::actor listener_;
  caf::actor broker_;
};

} // namespace sluice::actors

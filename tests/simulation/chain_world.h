#pragma once

// chain_world: a chain_plan on the simulated kernel, and the oracle that looks
// at it after every step:
// 1. What a far peer has read is the beginning of what became of what the near
//    peers have written; after a clean end, all of it.
// 2. No mailbox and no connection holds more than chain_bounds allows, and so
//    not all of them together.
// 3. No near peer is further ahead of a far one than that and the kernel's
//    buffers: backpressure has reached it.
// 4. For each connection, accepted = written + queued + returned.
// And when nothing is left to happen:
// 5. Whoever lives has nothing left, and is not held; no pressure is listed.
// 6. What was sent to the sinks was written or has come back.
//
//   chain_world chain{seed, chain_plan::drawn(random)};
//   EXPECT_EQ(chain.run(), "");
//
// For tests. Thread rule: one thread. Lifetime: one simulation.

#include "net/stream_broker.h"
#include "tests/simulation/chain_bounds.h"
#include "tests/simulation/chain_plan.h"
#include "tests/simulation/chain_stage.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_runtime.h"
#include "tests/support/sim_server.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::testing {

class chain_world {
public:
  /// The kernel and its faults are drawn from the seed, too.
  chain_world(std::uint64_t seed, chain_plan plan);
  ~chain_world();

  chain_world(const chain_world&) = delete;
  chain_world& operator=(const chain_world&) = delete;

  /// The slow time, and then until everything is over. The first thing that
  /// was wrong, or nothing.
  std::string run();

  // The same, by hand.

  /// The peers of the sources begin to write.
  void start();

  /// Lets time pass.
  void during(runtime::duration span) { run_.during(span); }

  /// Lets one thing happen; false if nothing ever will.
  bool step() { return run_.step(); }

  /// Ends a stage, as the plan says.
  void kill(std::size_t stage);

  /// Nobody is slow any more; until all is over.
  void finish();

  const std::string& fault() const noexcept { return fault_; }

  // -- what is ----------------------------------------------------------------

  sim_world& world() noexcept { return world_; }
  const chain_bounds& bounds() const noexcept { return bounds_; }
  const caf::actor& stage_at(std::size_t i) const { return stages_[i].actor; }
  const actors::flow_control& flow_of(std::size_t i) const {
    return *stages_[i].flow;
  }
  const net::stream_broker& sink_at(std::size_t i) const {
    return *sinks_[i].self;
  }
  sim_peer& near(std::size_t i) { return sources_[i].near; }
  sim_peer& far(std::size_t i) { return sinks_[i].server.last(); }

  /// Bytes of source `i` that have reached the far peer of `sink`, as they
  /// were there.
  std::size_t arrived(std::size_t sink, std::size_t source) const {
    return sinks_[sink].streams[source].arrived;
  }
  const std::string& expected(std::size_t sink, std::size_t source) const {
    return sinks_[sink].streams[source].expected;
  }

  /// The most that ever waited for a stage, in parts of its bound.
  double fullest() const noexcept { return fullest_; }

  /// How often a stage was parked.
  std::uint64_t parks() const;

private:
  struct flow_node {
    caf::actor actor;
    const actors::flow_control* flow = nullptr;
  };

  struct source_end {
    explicit source_end(sim_world& world) : near(world) {}
    sim_peer near;
    std::size_t offered = 0; // bytes that the peer was given to write
    caf::actor broker;
    net::stream_broker* self = nullptr;
    bool ended = false; // the end was passed on
  };

  /// What of one source came out at a sink.
  struct arrival {
    std::string expected;
    std::size_t arrived = 0;
  };

  struct sink_end {
    sink_end(sim_world& world, const runtime::socket_address& where)
        : server(world, where) {}
    sim_server server;
    std::shared_ptr<sink_log> log = std::make_shared<sink_log>();
    net::stream_broker* self = nullptr;
    std::optional<net::closed> how;
    std::vector<arrival> streams; // of all sources
    std::size_t parsed = 0;       // of what the far peer has read
    std::size_t current = 0;      // the stream of the frame that is parsed
    std::size_t frame_left = 0;
  };

  static constexpr std::uint16_t port_of_source(std::size_t index) {
    return static_cast<std::uint16_t>(7000 + index);
  }

  // chain_build.cc
  void add_sink(std::size_t index);
  void add_stage(std::size_t index);
  void add_source(std::size_t index);
  flow_node spawn_flow(bool pinned, bool is_helper, const stage_setup& setup);
  caf::behavior source_behavior(net::stream_broker* self, std::size_t index);

  // chain_world.cc: what happens
  void feed(std::size_t index);
  void meet(std::size_t index, sim_peer& far);
  void read_by_fits(std::size_t index, sim_peer& far);
  void act(std::size_t index, sim_peer& far);
  void harm();

  // chain_audit.cc: the oracle
  void audit();
  void audit_far(sink_end& x, std::size_t index);
  void audit_bounds();
  void audit_distance();
  void audit_end();
  void blame(const std::string& what);
  void compare(std::size_t level, std::optional<std::size_t> bound,
               const char* what, std::size_t index);

  chain_plan plan_;
  sim_world world_;
  std::size_t kernel_bytes_; // of two buffers, at most
  chain_bounds bounds_;
  cargo::counter cargo_ = std::make_shared<std::size_t>(0);
  std::shared_ptr<returned_log> returned_ = std::make_shared<returned_log>();
  std::string fault_;
  double fullest_ = 0;
  bool slow_ = true;
  bool bounded_ = true;  // no exit has suspended a pause
  bool complete_ = true; // nothing was lost on purpose
  std::deque<sink_end> sinks_;
  std::deque<source_end> sources_;
  std::vector<flow_node> stages_;
  std::vector<flow_node> helpers_;
  std::vector<caf::actor> others_; // brake and listeners
  sim_runtime run_;                // ends first
};

} // namespace sluice::testing

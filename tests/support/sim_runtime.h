#pragma once

// sim_runtime: event loops and CAF's scheduler on a simulated world, driven by
// one thread. Whose turn it is is drawn from the seed; when nobody has anything
// to do, time jumps to what comes next: an event of the world, a deadline of a
// loop or of CAF's clock.
//
//   sim_world world{seed};
//   sim_runtime run{world, 2};  // two loops
//   net::listen(run.loop(0), "tcp://127.0.0.1:7000", echo);
//   run.until([&] { return peer.saw_end(); });
//
// For tests. Thread rule: one thread. Lifetime: within that of the world; at
// its end it stops the loops, and aborts if an actor does not end.

#include "net/config.h"
#include "runtime/event_loop.h"
#include "tests/support/sim_clock.h"
#include "tests/support/sim_poller.h"
#include "tests/support/sim_socket_api.h"
#include "tests/support/sim_world.h"

#include <caf/actor_system.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace sluice::testing {

/// An actor_system whose actors run when they are told to. Making one takes
/// far longer than simulating a connection, so worlds share it one after the
/// other.
class sim_system {
public:
  sim_system();

  /// The one of this test program, made when the tests start and gone before
  /// main ends: an actor_system cannot be a static object.
  static sim_system& shared();

  caf::actor_system& get() noexcept { return system_; }
  caf::scheduler::test_coordinator& scheduler() noexcept { return scheduler_; }

private:
  struct config : net::config {
    config();
  };

  config config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& scheduler_;
};

class sim_runtime {
public:
  explicit sim_runtime(sim_world& world, std::size_t loops = 1);
  ~sim_runtime();

  sim_runtime(const sim_runtime&) = delete;
  sim_runtime& operator=(const sim_runtime&) = delete;

  caf::actor_system& system() noexcept { return system_.get(); }
  sim_world& world() noexcept { return world_; }
  runtime::event_loop& loop(std::size_t i = 0) noexcept { return *loops_[i]; }
  std::size_t loops() const noexcept { return loops_.size(); }

  /// Lets one thing happen; false if nothing ever will.
  bool step();

  /// Steps until `done`; false if nothing is left to happen before, or after
  /// `limit` steps.
  bool until(const std::function<bool()>& done, std::size_t limit = 1'000'000);

  /// Steps until nothing is left to happen within `span` of virtual time.
  void during(runtime::duration span);

  /// Is called after every step: the place for what must always hold.
  std::function<void()> after_step;

private:
  bool run_someone();
  bool busy(std::size_t i);
  bool anyone_able();
  std::optional<runtime::time_point> next_time();

  sim_system& system_;
  sim_world& world_;
  sim_clock clock_;
  sim_socket_api sockets_;
  std::vector<sim_poller*> pollers_;
  std::vector<std::unique_ptr<runtime::event_loop>> loops_;
};

} // namespace sluice::testing

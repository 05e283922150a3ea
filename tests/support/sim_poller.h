#pragma once

// sim_poller: the seam's poller on a simulated host, one for each event loop.
// It never waits: `wait` gives what is ready now, and says through `deadline`
// until when it would have waited. Whoever drives the loops moves time.
//
// For tests. Thread rule: the world's; `wake` may be called by any thread.
// Lifetime: within that of the world.

#include "runtime/poller.h"
#include "tests/support/sim_world.h"

#include <atomic>
#include <cstddef>
#include <map>
#include <optional>
#include <vector>

namespace sluice::testing {

class sim_poller final : public runtime::poller {
public:
  explicit sim_poller(sim_world& world) : sim_poller(world.host()) {}
  explicit sim_poller(sim_host& host) : world_(host.world()), host_(host) {}
  ~sim_poller() override;

  sim_poller(const sim_poller&) = delete;
  sim_poller& operator=(const sim_poller&) = delete;

  caf::error add(int fd, runtime::interest what,
                 runtime::io_handler& handler) override;
  caf::error modify(int fd, runtime::interest what,
                    runtime::io_handler& handler) override;
  void remove(int fd) override;

  /// Returns at once, with the ready descriptors in an order drawn from the
  /// seed. Faults: EINTR (returns 0), and readiness that is not there.
  std::size_t wait(std::span<runtime::ready_event> out,
                   runtime::duration timeout) override;

  void wake() noexcept override;

  // -- for the driver ---------------------------------------------------------

  /// False if a wait would find a descriptor ready (faults aside), or `wake`
  /// was called: then the loop must run before time moves.
  bool idle() const;

  /// Until when the last `wait` would have waited; nothing if without a bound.
  std::optional<runtime::time_point> deadline() const noexcept {
    return deadline_;
  }

  std::size_t watched() const noexcept { return watched_.size(); }

private:
  struct watch {
    runtime::interest what;
    runtime::io_handler* handler;
  };

  runtime::readiness ready(int fd, const watch& x) const;
  runtime::readiness seeming(int fd, const watch& x);

  sim_world& world_;
  sim_host& host_;
  std::map<int, watch> watched_;
  std::vector<runtime::ready_event> ready_; // reused between waits
  std::atomic<bool> woken_ = false;
  std::optional<runtime::time_point> deadline_;
};

} // namespace sluice::testing

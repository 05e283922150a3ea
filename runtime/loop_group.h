#pragma once

// loop_group: the event loops of a process, one thread each. It is made after
// the actor_system and destroyed before it:
//
//   sluice::net::config cfg;
//   caf::actor_system sys{cfg};
//   sluice::runtime::loop_group loops{sys};
//
// For users. Thread rule: any thread. Lifetime: the destructor asks all actors
// on the loops to finish, gives them `limits::stop_drain` to drain, aborts the
// rest, and joins the threads.

#include "runtime/event_loop.h"
#include "runtime/limits.h"

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

namespace sluice::runtime {

struct loop_group_options {
  /// Number of loops; 0 means one per core. `sluice.loops`.
  std::size_t loops = 0;
  /// See loop_options. `sluice.spin`.
  std::chrono::microseconds spin{0};
  /// See loop_options.
  std::chrono::milliseconds stop_drain = limits::stop_drain;
};

class loop_group {
public:
  /// Takes its options from the group `sluice` of the system's configuration.
  explicit loop_group(caf::actor_system& system);

  loop_group(caf::actor_system& system, loop_group_options options);

  ~loop_group();

  loop_group(const loop_group&) = delete;
  loop_group& operator=(const loop_group&) = delete;

  caf::actor_system& system() const noexcept { return system_; }
  std::size_t size() const noexcept { return loops_.size(); }
  event_loop& at(std::size_t index) const noexcept { return *loops_[index]; }

  /// The loops in turn.
  event_loop& next() noexcept;

  /// The loop of that name ("loop-0", "loop-1", ...), or null.
  event_loop* find(std::string_view name) const noexcept;

  /// What the destructor does, at a time of the caller's choice. Idempotent.
  void stop();

private:
  caf::actor_system& system_;
  std::vector<std::unique_ptr<event_loop>> loops_;
  std::atomic<std::size_t> next_{0};
};

} // namespace sluice::runtime

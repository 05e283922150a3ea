#pragma once

// driven_loop: a loop on the real kernel that the test itself drives, on its
// own thread: no other thread, no locks, and the test may call what is bound to
// the loop's thread.
//
//   class pipe_test : public sluice::testing::driven_loop {};
//   ... EXPECT_TRUE(until([&] { return !log.empty(); }));
//
// Tests only. Thread rule: the test's thread. Lifetime: one test; actors that
// are left at its end are stopped.

#include "net/config.h"
#include "runtime/epoll_poller.h"
#include "runtime/event_loop.h"
#include "runtime/monotonic_clock.h"
#include "runtime/posix_socket_api.h"

#include <caf/actor_system.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

class driven_loop : public ::testing::Test {
protected:
  driven_loop() { loop.adopt_this_thread(); }

  ~driven_loop() override { stop_loop(); }

  /// Ends the actors that are left. To be called by a derived fixture whose
  /// members they use.
  void stop_loop() {
    loop.request_stop();
    EXPECT_TRUE(until([this] { return loop.finished(); }));
  }

  /// Runs the loop until `condition` holds; false if it does not within 10 s.
  bool until(const std::function<bool()>& condition) {
    runtime::timer look_again{[](runtime::timer&) noexcept {}};
    auto deadline = time.now() + std::chrono::seconds{10};
    while (!condition()) {
      if (time.now() >= deadline)
        return false;
      // What it waits for may be done before the loop polls in the same turn.
      loop.timers().arm(look_again, time.now() + std::chrono::milliseconds{10});
      loop.run_once(!loop.has_ready());
    }
    return true;
  }

  /// Runs the loop until it has nothing to do right now.
  void settle() {
    while (loop.run_once(false) || loop.has_ready()) {
      // go on
    }
  }

  void note(std::string what) { log.push_back(std::move(what)); }

  /// What was noted since the last call.
  std::vector<std::string> noted() { return std::exchange(log, {}); }

  net::config settings;
  caf::actor_system sys{settings};
  runtime::monotonic_clock time;
  runtime::event_loop loop{sys,
                           {&time, std::make_unique<runtime::epoll_poller>(),
                            &runtime::posix_socket_api::instance()},
                           {}};
  std::vector<std::string> log;
};

} // namespace sluice::testing

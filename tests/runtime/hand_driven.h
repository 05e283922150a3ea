#pragma once

// An event loop, a clock and a poller that a test moves by hand, on a CAF
// system whose scheduler and clock it moves too: one thread, no waiting, the
// same order every time.
//
// Tests only. Thread rule: the test's thread. Lifetime: the test's handles go
// first, then the fixture ends the loop.

#include "runtime/event_loop.h"
#include "runtime/posix_socket_api.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sluice::runtime {

using lines = std::vector<std::string>;

class hand_clock final : public clock {
public:
  time_point now() const noexcept override {
    ++asked;
    return present;
  }

  std::chrono::system_clock::time_point wall_now() const noexcept override {
    return std::chrono::system_clock::time_point{present.time_since_epoch()};
  }

  time_point present{std::chrono::hours{1}};
  mutable std::uint64_t asked = 0;
};

/// Gives out the batches that the test prepared, one for each wait.
class hand_poller final : public poller {
public:
  struct entry {
    interest what;
    io_handler* handler;
  };

  caf::error add(int fd, interest what, io_handler& handler) override {
    watched[fd] = {what, &handler};
    return {};
  }

  caf::error modify(int fd, interest what, io_handler& handler) override {
    return add(fd, what, handler);
  }

  void remove(int fd) override { watched.erase(fd); }

  std::size_t wait(std::span<ready_event> out, duration timeout) override {
    timeouts.push_back(timeout);
    if (on_wait)
      on_wait(timeout);
    if (batches.empty())
      return 0;
    auto batch = std::move(batches.front());
    batches.pop_front();
    std::copy(batch.begin(), batch.end(), out.begin());
    return batch.size();
  }

  void wake() noexcept override { ++wakes; }

  std::map<int, entry> watched;
  std::deque<std::vector<ready_event>> batches;
  std::vector<duration> timeouts;          // of each wait
  std::function<void(duration)> on_wait{}; // what happens in a wait
  int wakes = 0;
};

class hand_driven : public testing::Test {
protected:
  hand_driven() : hand_driven(std::chrono::microseconds{0}) {}

  explicit hand_driven(std::chrono::microseconds spin) {
    auto owned = std::make_unique<hand_poller>();
    poll = owned.get();
    loop = std::make_unique<event_loop>(
        sys, loop_seam{&time, std::move(owned), &posix_socket_api::instance()},
        loop_options{"by-hand", spin});
    loop->adopt_this_thread();
  }

  ~hand_driven() override {
    if (loop)
      stop_loop();
  }

  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());
  }

  /// Runs the loop and CAF's scheduler until both are idle.
  void settle() {
    for (int i = 0; i < 100'000; ++i) {
      auto progress = loop && loop->run_once(false);
      progress |= scheduler().try_run_once();
      if (!progress && !(loop && loop->has_ready()))
        return;
    }
    FAIL() << "the actors never come to rest";
  }

  /// Moves the loop's clock and CAF's, timeout by timeout.
  void advance(duration by) {
    settle();
    time.present += by;
    scheduler().advance_time(by);
    settle();
  }

  void stop_loop() {
    poll->on_wait = {};
    loop->request_stop();
    settle();
    if (!loop->finished())
      advance(limits::stop_drain);
    EXPECT_TRUE(loop->finished());
    loop.reset();
    scheduler().run();
  }

  void note(std::string what) { log.push_back(std::move(what)); }

  /// What was noted since the last call.
  lines noted() { return std::exchange(log, {}); }

private:
  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };
  config cfg_;

protected:
  caf::actor_system sys{cfg_};
  hand_clock time;
  hand_poller* poll = nullptr;
  std::unique_ptr<event_loop> loop;
  lines log;
};

} // namespace sluice::runtime

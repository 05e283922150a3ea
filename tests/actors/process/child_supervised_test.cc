// Child processes as children of a supervisor, on loops and workers of their
// own.

#include "actors/supervisor.h"
#include "net/config.h"
#include "runtime/loop_group.h"
#include "tests/actors/process/process_case.h"

#include <caf/all.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace sluice::actors::process {
namespace {

/// What the supervisor's observer was told; any thread.
class events {
public:
  void add(std::string x) {
    std::lock_guard guard{mutex_};
    all_.push_back(std::move(x));
    changed_.notify_all();
  }

  /// False if it does not come within 20 s.
  bool wait_for(const std::string& x, int times = 1) {
    std::unique_lock guard{mutex_};
    return changed_.wait_for(guard, 20s, [&] {
      return std::count(all_.begin(), all_.end(), x) >= times;
    });
  }

  /// The first that begins with `x`, when it is there; empty if it never is.
  std::string wait_for_start(const std::string& x) {
    std::unique_lock guard{mutex_};
    auto found = all_.end();
    changed_.wait_for(guard, 20s, [&] {
      found = std::find_if(all_.begin(), all_.end(),
                           [&](auto& y) { return y.starts_with(x); });
      return found != all_.end();
    });
    return found != all_.end() ? *found : std::string{};
  }

  strings all() {
    std::lock_guard guard{mutex_};
    return all_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  strings all_;
};

class child_supervised_test : public ::testing::Test {
protected:
  ~child_supervised_test() override {
    if (top) {
      caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
      caf::scoped_actor self{sys};
      self->wait_for(top);
    }
    caf::anon_send_exit(observer, caf::exit_reason::kill);
    top = nullptr;
    observer = nullptr;
  }

  child_spec spec(process_options options, restart type = restart::permanent) {
    return {.name = "worker",
            .start =
                [this, options](caf::event_based_actor*) {
                  return spawn_process(loops.at(0), options,
                                       [this](child_process*) -> caf::behavior {
                                         return {
                                             [this](process_started x) {
                                               last = x.pid;
                                               told.add("process started");
                                             },
                                             [this](const process_output& x) {
                                               told.add(x.bytes.str());
                                             },
                                             [this](const process_ended& x) {
                                               told.add(
                                                   "process ended "
                                                   + std::to_string(x.status));
                                             },
                                         };
                                       });
                },
            .type = type};
  }

  void supervise(child_spec child, std::size_t restarts = 3) {
    supervisor_options options{.name = "top",
                               .limits = {.restarts = restarts, .window = 60s},
                               .backoff = {.first = 1ms, .max = 1ms}};
    options.observers = {observer};
    top = sys.spawn<supervisor>(std::move(options),
                                std::vector<child_spec>{std::move(child)});
    caf::actor_cast<caf::abstract_actor*>(top)->attach_functor(
        [this](const caf::error& why) {
          told.add("top: " + runtime::to_text(why));
        });
  }

  std::size_t count(const std::string& prefix) {
    auto all = told.all();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(),
                      [&](auto& x) { return x.starts_with(prefix); }));
  }

  events told;
  std::atomic<pid_t> last{0};
  net::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  caf::actor observer =
      sys.spawn([this](caf::event_based_actor*) -> caf::behavior {
        return {
            [this](const child_started&) { told.add("started"); },
            [this](const child_down& x) {
              told.add("down: " + runtime::to_text(x.reason));
            },
            [this](const child_restarting&) { told.add("restarting"); },
            [](const child_stuck&) {},
            [this](const supervisor_gave_up&) { told.add("gave up"); },
        };
      });
  caf::actor top;
};

TEST_F(child_supervised_test, child_that_fails_is_started_again) {
  supervise(spec(sh("exit 3"), restart::transient), 1'000'000);
  EXPECT_TRUE(told.wait_for("process started", 3));
  EXPECT_TRUE(told.wait_for("process ended 3", 3));
  EXPECT_GE(count("restarting"), 2u);
  EXPECT_GE(count("down: process '/bin/sh' ("), 2u);
}

TEST_F(child_supervised_test, child_that_is_killed_is_started_again) {
  supervise(spec(sh("exec sleep 1000"), restart::transient));
  ASSERT_TRUE(told.wait_for("process started"));
  ::kill(last, SIGKILL);
  EXPECT_TRUE(told.wait_for("process started", 2));
  EXPECT_TRUE(told.wait_for("process ended 9"));
}

TEST_F(child_supervised_test, transient_child_that_has_finished_stays_down) {
  supervise(spec(sh("exit 0"), restart::transient));
  EXPECT_TRUE(told.wait_for("process ended 0"));
  EXPECT_TRUE(told.wait_for("down: none"));
  EXPECT_EQ(count("restarting"), 0u);
}

TEST_F(child_supervised_test, after_too_many_restarts_the_supervisor_gives_up) {
  supervise(spec(sh("exit 3")), 3);
  EXPECT_TRUE(told.wait_for("gave up"));
  EXPECT_EQ(count("process started"), 4u);
  EXPECT_EQ(count("restarting"), 3u);
  caf::scoped_actor self{sys};
  self->wait_for(top);
  auto why = told.wait_for_start("top: "); // the observer's, after `top` ended
  EXPECT_NE(why.find("exited with status 3"), std::string::npos) << why;
}

TEST_F(child_supervised_test, program_that_is_not_there_is_a_failed_start) {
  supervise(spec({.program = "/no/such"}), 2);
  EXPECT_TRUE(told.wait_for("gave up"));
  EXPECT_EQ(count("process started"), 0u);
  caf::scoped_actor self{sys};
  self->wait_for(top);
  told.wait_for_start("top: ");
  auto all = told.all();
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](auto& x) {
    return x.find("process '/no/such': execve: No such file") != x.npos;
  }));
}

TEST_F(child_supervised_test, supervisor_that_ends_stops_its_processes) {
  supervise(spec(sh("trap 'echo bye; exit 0' TERM; echo ready; "
                    "while :; do sleep 0.01; done")));
  ASSERT_TRUE(told.wait_for("ready\n"));
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  caf::scoped_actor self{sys};
  self->wait_for(top);
  EXPECT_TRUE(told.wait_for("bye\n"));
  EXPECT_TRUE(told.wait_for("process ended 0"));
  EXPECT_TRUE(is_gone(last));
}

TEST_F(child_supervised_test, child_over_its_shutdown_time_is_killed) {
  auto options = sh("trap '' TERM; echo ready; while :; do sleep 0.01; done");
  options.stop_wait = 1h;
  auto child = spec(options);
  child.shutdown = 50ms;
  supervise(child);
  ASSERT_TRUE(told.wait_for("ready\n"));
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  caf::scoped_actor self{sys};
  self->wait_for(top);
  // The actor is down before its process is gone, which takes a moment.
  auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!is_gone(last) && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_TRUE(is_gone(last));
}

} // namespace
} // namespace sluice::actors::process

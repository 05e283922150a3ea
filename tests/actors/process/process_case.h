#pragma once

// process_case: child processes on a loop that the test drives. The behavior
// notes what it is told: the output as text, one string for each stream, and
// the rest as lines:
//
//   started, output ABC (lines only), error ABC, rejected 5 closed, written 1,
//   applied, released, ended exited 0
//
// Tests only. Thread rule: the test's thread. Lifetime: one test; children that
// are left are killed.

#include "actors/process/child_process.h"
#include "actors/process/process_keeper.h"
#include "net/commands.h"
#include "net/config.h"
#include "runtime/epoll_poller.h"
#include "runtime/error.h"
#include "runtime/event_loop.h"
#include "runtime/monotonic_clock.h"
#include "runtime/posix_socket_api.h"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace sluice::actors::process {

using namespace std::chrono_literals;
using runtime::errc;
using strings = std::vector<std::string>;

/// `script`, run by a shell.
inline process_options sh(std::string script) {
  return {.program = "/bin/sh", .arguments = {"-c", std::move(script)}};
}

inline process_options sh_lines(std::string script) {
  auto result = sh(std::move(script));
  result.framing = output_framing::lines;
  return result;
}

inline process_options sh_piped(std::string script) {
  auto result = sh(std::move(script));
  result.input = input_mode::piped;
  return result;
}

inline std::string content_of(const std::string& path) {
  std::ifstream in{path};
  std::ostringstream text;
  // A process that ends while its file is read is an error of the stream; with
  // an iterator over the buffer it would be an exception.
  text << in.rdbuf();
  return text.str();
}

/// The number after `name` in a file of /proc, -1 if there is none.
inline long number_in(const std::string& path, const std::string& name) {
  auto text = content_of(path);
  auto at = text.find(name);
  return at == std::string::npos ? -1
                                 : std::stol(text.substr(at + name.size()));
}

/// Bytes that a process has written so far.
inline long written_by(pid_t pid) {
  return number_in("/proc/" + std::to_string(pid) + "/io", "wchar: ");
}

/// The state of a process as in ps(1): S, T, Z, ...; 0 if there is none.
inline char state_of(pid_t pid) {
  auto text = content_of("/proc/" + std::to_string(pid) + "/stat");
  auto at = text.rfind(')');
  return at == std::string::npos ? '\0' : text[at + 2];
}

/// Nothing of it is left, not even a zombie. For children of ours.
inline bool is_gone(pid_t pid) {
  return ::kill(pid, 0) != 0 && errno == ESRCH;
}

/// It runs no more. For those that somebody else has to wait for.
inline bool has_ended(pid_t pid) {
  auto state = state_of(pid);
  return state == '\0' || state == 'Z';
}

inline std::size_t open_descriptors() {
  std::filesystem::directory_iterator all{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

class process_case : public ::testing::Test {
protected:
  process_case() {
    loop.adopt_this_thread();
    // As loops do on their own threads. For good: one may be pending.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }

  ~process_case() override { stop_loop(); }

  /// Ends the actors that are left. To be called by a derived fixture whose
  /// members they use.
  void stop_loop() {
    loop.request_stop();
    EXPECT_TRUE(until([this] { return loop.finished(); }));
  }

  /// Runs the loop until `condition` holds; false if it does not within 10 s.
  bool until(const std::function<bool()>& condition) {
    runtime::timer look_again{[](runtime::timer&) noexcept {}};
    auto deadline = time.now() + 10s;
    while (!condition()) {
      if (time.now() >= deadline)
        return false;
      loop.timers().arm(look_again, time.now() + 5ms);
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
  strings noted() { return std::exchange(log, {}); }

  static caf::behavior noting(child_process* self, process_case* test) {
    test->on_birth(*self);
    return {
        [=](process_started x) {
          test->pid = x.pid;
          test->note("started");
        },
        [=](const process_output& x) {
          auto& text =
              x.stream == output_stream::output ? test->out : test->err;
          text += x.bytes.view();
          ++test->pieces;
          test->most = std::max(test->most, x.bytes.size());
          if (self->options().framing == output_framing::lines)
            test->note(to_string(x.stream) + " " + x.bytes.str()
                       + (x.more ? "..." : ""));
          if (test->on_output)
            test->on_output(*self, x);
        },
        [=](const process_ended& x) {
          test->ended = x;
          test->note("ended " + to_string(x.how) + " "
                     + std::to_string(x.status));
          if (test->on_ended)
            test->on_ended(*self);
        },
        [=](const net::rejected& x) {
          test->note("rejected " + std::to_string(x.bytes.size()) + " "
                     + to_string(x.reason));
        },
        [=](net::written x) {
          test->note("written " + std::to_string(x.token));
        },
        [=](const runtime::backpressure& x) { test->note(to_string(x.state)); },
        [=](int) { std::exchange(test->job, {})(*self); },
    };
  }

  /// Starts a child that notes.
  caf::actor start(process_options options) {
    auto result = spawn_process(loop, std::move(options), noting, this);
    if (!result) {
      ADD_FAILURE() << runtime::to_text(result.error());
      return {};
    }
    watch(*result);
    return *result;
  }

  /// The text of the error with which it is not started.
  std::string refusal(process_options options, errc code) {
    auto result = spawn_process(loop, std::move(options), noting, this);
    if (result)
      return "(started)";
    EXPECT_EQ(result.error(), runtime::make_error(code, ""));
    return runtime::to_text(result.error());
  }

  /// Notes with what `x` ends, for `down`.
  void watch(const caf::actor& x) {
    caf::actor_cast<caf::abstract_actor*>(x)->attach_functor(
        [this](const caf::error& why) {
          reason = why;
          down = true;
        });
  }

  /// Starts a child and waits for its actor's end.
  void run_to_end(process_options options) {
    start(std::move(options));
    wait_for_down();
  }

  void wait_for_down() {
    EXPECT_TRUE(until([this] { return down; }));
  }

  void wait_for_start() {
    EXPECT_TRUE(until([this] { return pid > 0; }));
  }

  /// Until those that earlier tests left behind are gone.
  void wait_for_keeper() {
    EXPECT_TRUE(
        until([] { return process_keeper::instance().waiting() == 0; }));
  }

  bool wait_for_text(const std::string& text) {
    return until([&] { return out.find(text) != std::string::npos; });
  }

  bool has_noted(const std::string& what) const {
    return std::find(log.begin(), log.end(), what) != log.end();
  }

  /// Runs the loop for a while, for what shall not happen.
  void pass(runtime::duration x) {
    auto end = time.now() + x;
    EXPECT_TRUE(until([=, this] { return time.now() >= end; }));
  }

  /// Runs `f` as part of a handler of the actor.
  void in(const caf::actor& x, std::function<void(child_process&)> f) {
    job = std::move(f);
    caf::anon_send(x, 1);
    EXPECT_TRUE(until([this] { return !job; }));
  }

  net::config settings;
  caf::actor_system sys{settings};
  runtime::monotonic_clock time;
  runtime::event_loop loop{sys,
                           {&time, std::make_unique<runtime::epoll_poller>(),
                            &runtime::posix_socket_api::instance()},
                           {}};
  strings log;

  std::function<void(child_process&)> on_birth = [](child_process&) {};
  std::function<void(child_process&, const process_output&)> on_output;
  std::function<void(child_process&)> on_ended;
  std::function<void(child_process&)> job;
  pid_t pid = 0;
  std::string out;
  std::string err;
  std::size_t pieces = 0;
  std::size_t most = 0; // bytes of a piece
  process_ended ended;
  caf::error reason;
  bool down = false;
};

} // namespace sluice::actors::process

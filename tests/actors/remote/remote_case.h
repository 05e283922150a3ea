#pragma once

// remote_case: what the tests of remote sends have in common: nodes, which are
// actor systems with sockets between them, in this process; actors that write
// down what they are told; and a way to hold up a node's network thread.

#include "actors/config.h"
#include "actors/flow_actor.h"
#include "actors/rejected_message.h"
#include "actors/remote/middleman.h"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::actors::remote::testing {

using caf::actor;
using caf::behavior;
using runtime::backpressure;
using runtime::pressure;

using open_atom = caf::atom_constant<caf::atom("open")>;
using ask_atom = caf::atom_constant<caf::atom("ask")>;

inline constexpr std::chrono::seconds deadline{30};

/// What happened, in the order in which it did; waited for by any thread.
class event_log {
public:
  void add(std::string event) {
    std::lock_guard guard{mutex_};
    events_.push_back(std::move(event));
    changed_.notify_all();
  }

  /// True when `event` has come for the `times`-th time.
  bool await(const std::string& event, std::size_t times = 1) {
    std::unique_lock guard{mutex_};
    auto come = changed_.wait_for(guard, deadline, [&] {
      return std::ranges::count(events_, event)
             >= static_cast<std::ptrdiff_t>(times);
    });
    EXPECT_TRUE(come) << "no \"" << event << "\" (" << times << ") but "
                      << text();
    return come;
  }

  std::size_t count(const std::string& event) const {
    std::lock_guard guard{mutex_};
    return static_cast<std::size_t>(std::ranges::count(events_, event));
  }

  std::vector<std::string> events() const {
    std::lock_guard guard{mutex_};
    return events_;
  }

private:
  std::string text() const {
    std::string result;
    for (auto& x : events_)
      result += x + ", ";
    return result;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> events_;
};

using log_ptr = std::shared_ptr<event_log>;

inline log_ptr make_log() {
  return std::make_shared<event_log>();
}

struct node_options {
  /// CAF's own middleman instead of ours.
  bool stock = false;
  std::vector<std::pair<std::string, std::size_t>> limits;
  std::vector<std::pair<std::string, caf::timespan>> times;
  /// Adds to the settings what else a test needs.
  std::function<void(config&)> prepare{};
};

/// An actor system with a middleman. Its actors end before it does.
class node {
public:
  explicit node(const node_options& options = {}) {
    settings_.set("scheduler.max-threads", std::size_t{2});
    for (auto& [name, value] : options.limits)
      settings_.set(name, value);
    for (auto& [name, value] : options.times)
      settings_.set(name, value);
    if (options.prepare)
      options.prepare(settings_);
    if (options.stock)
      settings_.load<caf::io::middleman>();
    else
      settings_.load<middleman>();
    system_.emplace(settings_);
  }

  ~node() { stop(); }

  caf::actor_system& system() { return *system_; }

  /// Ends all actors that `keep` was asked for, then the system.
  void stop() {
    if (!system_)
      return;
    for (auto& x : kept_)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    kept_.clear();
    system_.reset();
  }

  template <class... Args>
  actor spawn(Args&&... args) {
    kept_.push_back(
        caf::actor_cast<actor>(system_->spawn(std::forward<Args>(args)...)));
    return kept_.back();
  }

  std::uint16_t publish(const actor& x) {
    auto port = system_->middleman().publish(x, 0, "127.0.0.1");
    EXPECT_TRUE(port) << system_->render(port.error());
    return port ? *port : 0;
  }

  actor connect(std::uint16_t port) {
    auto found = system_->middleman().remote_actor("127.0.0.1", port);
    EXPECT_TRUE(found) << system_->render(found.error());
    return found ? *found : nullptr;
  }

  remote_counts counts() { return middleman::of(*system_)->counts(); }

private:
  config settings_;
  std::vector<actor> kept_;
  std::optional<caf::actor_system> system_;
};

/// Keeps the network thread of a node busy: it reads and writes nothing. When
/// it is let go it first does `last`.
class held_network {
public:
  explicit held_network(node& which, std::function<void()> last = {}) {
    std::promise<void> begun;
    auto has_begun = begun.get_future();
    which.system().middleman().backend().post(
        [&begun, last, end = end_.get_future().share()] {
          begun.set_value();
          end.wait();
          if (last)
            last();
        });
    has_begun.wait();
  }

  ~held_network() { release(); }

  void release() {
    if (!std::exchange(released_, true))
      end_.set_value();
  }

private:
  std::promise<void> end_;
  bool released_ = false;
};

/// A flow-controlled actor that handles numbers, but nothing before it gets
/// `open_atom` with high priority. It checks that they come in order from 1,
/// and writes down "all N" for each multiple of `report`.
inline behavior gated(flow_actor* self, const mailbox_limits& limits,
                      const log_ptr& log, std::uint64_t report) {
  self->limit_mailbox(limits);
  self->hold_mailbox();
  auto last = std::make_shared<std::uint64_t>(0);
  return {
      [=](open_atom) { self->release_mailbox(); },
      [=](std::uint64_t n, const std::string&) {
        if (n != *last + 1)
          log->add("out of order: " + std::to_string(n));
        *last = n;
        if (n % report == 0)
          log->add("all " + std::to_string(n));
      },
      [](ask_atom) { return 42; },
  };
}

inline void open(const actor& x) {
  caf::anon_send<caf::message_priority::high>(x, open_atom::value);
}

/// A plain actor that handles numbers as `gated` does.
inline behavior counting(caf::event_based_actor* self, const log_ptr& log,
                         std::uint64_t report) {
  self->set_default_handler(caf::drop);
  auto last = std::make_shared<std::uint64_t>(0);
  return {
      [=](std::uint64_t n, const std::string&) {
        if (n != *last + 1)
          log->add("out of order: " + std::to_string(n));
        *last = n;
        if (n % report == 0)
          log->add("all " + std::to_string(n));
      },
      [](ask_atom) { return 42; },
  };
}

/// A plain actor that sends what it is told to, `[from, to]`, at once, and
/// writes down what it is told.
inline behavior shouting(caf::event_based_actor* self, const actor& to,
                         const log_ptr& log, std::size_t bytes) {
  self->monitor(to);
  self->set_down_handler([=](const caf::down_msg&) { log->add("down"); });
  std::string payload(bytes, 'x');
  return {
      [=](std::uint64_t first, std::uint64_t last) {
        for (auto i = first; i <= last; ++i)
          self->send(to, i, payload);
        log->add("sent " + std::to_string(last));
      },
      [=](const backpressure& x) { log->add(to_string(x.state)); },
      [=](const rejected_message& x) {
        log->add(x.receiver == to ? "rejected" : "rejected by somebody else");
      },
      [=](ask_atom) {
        self->request(to, caf::infinite, ask_atom::value)
            .then([=](int) { log->add("answer"); },
                  [=](const caf::error& x) {
                    log->add("error " + self->system().render(x));
                  });
      },
  };
}

/// A flow-controlled actor that sends one number for each `int` it gets.
inline behavior passing(flow_actor* self, const actor& to, std::size_t bytes,
                        const mailbox_limits& limits) {
  self->limit_mailbox(limits);
  std::string payload(bytes, 'x');
  auto next = std::make_shared<std::uint64_t>(0);
  return {
      [=](int) { self->send(to, ++*next, payload); },
  };
}

} // namespace sluice::actors::remote::testing

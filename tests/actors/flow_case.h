#pragma once

// flow_case: what the tests of flow-controlled actors have in common. Every
// case runs for actors on the scheduler and for actors on a loop, on one thread
// and in virtual time.

#include "actors/flow_actor.h"
#include "actors/rejected_message.h"
#include "tests/support/sim_runtime.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace sluice::actors::testing {

namespace sim = sluice::testing;

using caf::actor;
using caf::behavior;
using runtime::backpressure;
using runtime::pressure;
using strings = std::vector<std::string>;

/// What an actor was told and did, in order. Shared with the test.
using notes = std::shared_ptr<strings>;

/// A plain CAF actor that writes down what it is told.
inline behavior probe(caf::event_based_actor*, notes log) {
  return {
      [=](const backpressure& x) { log->push_back(to_string(x.state)); },
      [=](const rejected_message& x) {
        log->push_back("rejected " + to_string(x.content));
      },
      [=](int) {},
  };
}

/// Handles numbers; 0 ends it, and negative ones go to `next`.
template <class Self>
behavior counter(Self* self, mailbox_limits limits, notes log, actor next) {
  self->limit_mailbox(limits);
  return {
      [=](int x) {
        log->push_back(std::to_string(x));
        if (x == 0)
          self->quit();
        if (x < 0 && next)
          self->send(next, -x);
      },
      [=](const std::string& x) -> std::string {
        log->push_back(x);
        return "did " + x;
      },
      [=](const backpressure& x) { log->push_back(to_string(x.state)); },
  };
}

struct on_scheduler {
  using actor_type = flow_actor;
  template <class F, class... Args>
  static actor spawn(sim::sim_runtime& run, F f, Args... args) {
    return run.system().spawn(f, args...);
  }
};

struct on_loop {
  using actor_type = pinned_flow_actor;
  template <class F, class... Args>
  static actor spawn(sim::sim_runtime& run, F f, Args... args) {
    return runtime::spawn_on(run.loop(), f, args...);
  }
};

template <class Place>
class flow_case : public ::testing::Test {
public:
  using actor_type = typename Place::actor_type;
  static constexpr mailbox_limits small{.high = 4, .low = 2, .cap = 1000};

  sim::sim_world world{1, sim::sim_settings::calm()};
  sim::sim_runtime run{world};

  static notes make_notes() { return std::make_shared<strings>(); }

  ~flow_case() override {
    for (auto& x : all_)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    settle();
  }

  void settle() { run.during(std::chrono::milliseconds{10}); }

  actor keep(actor x) {
    all_.push_back(x);
    return x;
  }

  actor make_probe(const notes& log) {
    return keep(run.system().spawn(probe, log));
  }

  /// Settled: its limits hold.
  actor make_counter(const notes& log, mailbox_limits limits = small,
                     actor next = {}) {
    auto x = keep(Place::spawn(run, counter<actor_type>, limits, log, next));
    settle();
    return x;
  }

  const flow_control& flow_of(const actor& x) {
    return static_cast<actor_type*>(caf::actor_cast<caf::abstract_actor*>(x))
        ->flow();
  }

  void send(const actor& from, const actor& to, int first, int last) {
    for (auto i = first; i <= last; ++i)
      caf::send_as(from, to, i);
  }

  void tell(const actor& to, pressure what, const actor& source,
            bool outward = false) {
    runtime::send_signal(
        *caf::actor_cast<caf::strong_actor_ptr>(to),
        {what, caf::actor_cast<caf::strong_actor_ptr>(source), 0, 0, outward},
        nullptr);
  }

private:
  std::vector<actor> all_;
};

using places = ::testing::Types<on_scheduler, on_loop>;

} // namespace sluice::actors::testing

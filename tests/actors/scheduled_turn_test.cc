// How often a flow-controlled actor on CAF's scheduler reports what it has
// handled. The scheduler of a simulation ends a turn after each message; here
// turns are as long as they are in a program.

#include "actors/flow_actor.h"
#include "tests/support/sim_runtime.h"

#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>

namespace sluice::actors {
namespace {

using runtime::backpressure;
using runtime::pressure;

struct turn_log {
  std::size_t left = 0; // messages that are still to be handled
  std::size_t unreported = 0;
};

/// Handles numbers; 1 holds it, as if a receiver was overloaded.
caf::behavior worker(flow_actor* self, turn_log* log,
                     const caf::strong_actor_ptr& holder) {
  self->limit_mailbox({.high = 1000, .low = 999, .cap = 2000});
  return {
      [=](int hold) {
        --log->left;
        log->unreported =
            std::max(log->unreported, self->flow().queued() - log->left);
        if (hold == 1)
          self->obey(backpressure{pressure::applied, holder, 0, 0});
      },
  };
}

caf::behavior idle(caf::event_based_actor*) {
  return {[](int) {}};
}

/// Takes `actor` from the scheduler, as a worker thread does.
bool take(caf::scheduler::test_coordinator& scheduler, caf::resumable* actor) {
  return std::erase(scheduler.jobs, actor) > 0;
}

TEST(scheduled_turn_test, many_pauses_do_not_put_off_the_report) {
  constexpr std::size_t pauses = 20;
  constexpr std::size_t messages = 300;
  testing::sim_world world{1, testing::sim_settings::calm()};
  testing::sim_runtime run{world};
  auto sender = run.system().spawn(idle);
  auto holder = caf::actor_cast<caf::strong_actor_ptr>(sender);
  turn_log log;
  auto x = run.system().spawn(worker, &log, holder);
  run.during(std::chrono::milliseconds{1});
  log.left = pauses + messages;
  for (std::size_t i = 0; i < log.left; ++i)
    caf::send_as(sender, x, i < pauses ? 1 : 0);
  auto& scheduler = testing::sim_system::shared().scheduler();
  auto self =
      static_cast<flow_actor*>(caf::actor_cast<caf::abstract_actor*>(x));
  for (std::size_t turn = 0; turn <= pauses; ++turn) {
    ASSERT_TRUE(take(scheduler, self));
    if (self->resume(&run.loop(), std::numeric_limits<std::size_t>::max())
        == caf::resumable::awaiting_message)
      caf::intrusive_ptr_release(static_cast<caf::resumable*>(self));
    runtime::send_signal(*caf::actor_cast<caf::strong_actor_ptr>(x),
                         {pressure::released, holder, 0, 0}, nullptr);
  }
  EXPECT_EQ(log.left, 0u);
  EXPECT_LE(log.unreported, runtime::limits::mailbox_round_messages);
  caf::anon_send_exit(x, caf::exit_reason::kill);
  caf::anon_send_exit(sender, caf::exit_reason::kill);
  run.during(std::chrono::milliseconds{1});
}

} // namespace
} // namespace sluice::actors

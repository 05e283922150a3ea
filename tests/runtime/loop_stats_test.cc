// Where a loop says its time went. What happens takes as long as the test's
// clock says.

#include "tests/runtime/hand_driven.h"

#include <caf/resumable.hpp>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

struct slow_handler final : io_handler {
  explicit slow_handler(std::function<void()> f) : body(std::move(f)) {}
  void on_ready(readiness) override { body(); }
  std::function<void()> body;
};

struct slow_flush final : flushable {
  explicit slow_flush(std::function<void()> f) : body(std::move(f)) {}
  void on_flush() override { body(); }
  std::function<void()> body;
};

struct slow_timer final : timer {
  explicit slow_timer(std::function<void()> f)
      : timer(fire), body(std::move(f)) {}
  static void fire(timer& t) noexcept { static_cast<slow_timer&>(t).body(); }
  std::function<void()> body;
};

class slow_job final : public caf::resumable, public caf::ref_counted {
public:
  explicit slow_job(std::function<void()> f) : body_(std::move(f)) {}
  subtype_t subtype() const override { return io_actor; }
  resume_result resume(caf::execution_unit*, size_t) override {
    body_();
    return done;
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

private:
  std::function<void()> body_;
};

class loop_stats_test : public hand_driven {
protected:
  std::function<void()> take(duration x) {
    return [this, x] { time.present += x; };
  }

  const loop_stats& stats() const { return loop->stats(); }
};

TEST_F(loop_stats_test, each_phase_gets_its_own_time) {
  slow_flush flush{take(20ms)};
  slow_handler handler{take(300ms)};
  slow_timer due{take(4s)};
  auto job = caf::make_counted<slow_job>(take(1ms));
  job->ref();
  loop->exec_later(job.get());
  loop->flush_later(flush);
  loop->timers().arm(due, time.present);
  poll->batches = {{{&handler, {.readable = true}}}};
  poll->on_wait = [this](duration) { time.present += 50s; };
  loop->run_once(true);
  EXPECT_EQ(stats().spent.actors, 1ms);
  EXPECT_EQ(stats().spent.flush, 20ms);
  EXPECT_EQ(stats().spent.poll, 50s);
  EXPECT_EQ(stats().spent.deliver, 300ms);
  EXPECT_EQ(stats().spent.timers, 4s);
}

TEST_F(loop_stats_test, iteration_is_what_is_done_between_two_polls) {
  slow_handler handler{take(300ms)};
  poll->batches = {{{&handler, {.readable = true}}}, {}};
  poll->on_wait = [this](duration) { time.present += 50s; };
  loop->run_once(true);
  EXPECT_EQ(stats().busy.count(), 1u); // up to the poll
  EXPECT_EQ(stats().busy.sum_seconds(), 0.0);
  loop->run_once(true);
  EXPECT_EQ(stats().busy.count(), 2u);
  EXPECT_DOUBLE_EQ(stats().busy.sum_seconds(), 0.3);
}

TEST_F(loop_stats_test, time_of_whoever_drives_the_loop_is_not_the_loops) {
  loop->run_once(true);
  time.present += 1h;
  loop->run_once(true);
  auto& spent = stats().spent;
  EXPECT_EQ(spent.actors + spent.flush + spent.poll + spent.deliver
                + spent.timers,
            duration::zero());
  EXPECT_EQ(stats().busy.sum_seconds(), 0.0);
}

TEST_F(loop_stats_test, lag_is_how_late_the_first_of_the_deadlines_is) {
  slow_timer one{[] {}};
  slow_timer two{[] {}};
  loop->timers().arm(one, time.present + 10ms);
  loop->timers().arm(two, time.present + 15ms);
  time.present += 40ms;
  loop->run_once(false);
  EXPECT_EQ(stats().timers_fired, 2u);
  EXPECT_EQ(stats().timer_lag.count(), 1u);
  EXPECT_DOUBLE_EQ(stats().timer_lag.sum_seconds(), 0.030);
  loop->run_once(false);
  EXPECT_EQ(stats().timer_lag.count(), 1u) << "nothing fired";
}

TEST_F(loop_stats_test,
       clock_is_not_asked_for_phases_in_which_nothing_is_done) {
  // A poll, and what it brings, is what most iterations are.
  slow_handler handler{[] {}};
  for (int i = 0; i < 10; ++i)
    poll->batches.push_back({{&handler, {.readable = true}}});
  auto before = time.asked;
  for (int i = 0; i < 10; ++i)
    loop->run_once(true);
  // By hand one more than by the loop's own thread: at the beginning.
  EXPECT_EQ(time.asked - before, 30u);
}

} // namespace
} // namespace sluice::runtime

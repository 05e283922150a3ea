// The iteration of an event loop, phase by phase, driven by hand.

#include "runtime/event_loop.h"

#include "tests/runtime/hand_driven.h"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/ref_counted.hpp>

#include <thread>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

// Something that the loop runs, as it runs actors.
class job final : public caf::ref_counted, public caf::resumable {
public:
  using body = std::function<resume_result()>;

  explicit job(body f) : body_(std::move(f)) {}

  subtype_t subtype() const override { return io_actor; }
  resume_result resume(caf::execution_unit*, size_t messages) override {
    turn_messages = messages;
    return body_();
  }
  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

  size_t turn_messages = 0;

private:
  body body_;
};

struct probe_handler final : io_handler {
  explicit probe_handler(std::function<void(readiness)> f)
      : body(std::move(f)) {}
  void on_ready(readiness what) override { body(what); }
  std::function<void(readiness)> body;
};

struct probe_flush final : flushable {
  explicit probe_flush(std::function<void()> f) : body(std::move(f)) {}
  void on_flush() override { body(); }
  std::function<void()> body;
};

struct probe_timer final : timer {
  explicit probe_timer(std::function<void()> f)
      : timer(fire), body(std::move(f)) {}
  static void fire(timer& t) noexcept { static_cast<probe_timer&>(t).body(); }
  std::function<void()> body;
};

class event_loop_test : public hand_driven {
protected:
  using hand_driven::hand_driven;

  caf::intrusive_ptr<job> run_later(std::function<void()> f) {
    return run_later_as([f = std::move(f)] {
      f();
      return caf::resumable::done;
    });
  }

  caf::intrusive_ptr<job> run_later_as(job::body f) {
    auto x = caf::make_counted<job>(std::move(f));
    x->ref();
    loop->exec_later(x.get());
    return x;
  }

  static constexpr readiness readable{.readable = true};
};

TEST_F(event_loop_test, idle_iteration_polls_and_does_nothing) {
  EXPECT_FALSE(loop->run_once(false));
  EXPECT_EQ(poll->timeouts, std::vector<duration>{0ms});
  EXPECT_EQ(loop->stats().iterations, 1u);
  EXPECT_FALSE(loop->has_ready());
}

TEST_F(event_loop_test, phases_run_in_the_documented_order) {
  probe_timer due{[&] { note("timer"); }};
  probe_flush dirty{[&] { note("flush"); }};
  probe_handler handler{[&](readiness) { note("readiness"); }};
  loop->timers().arm(due, time.present);
  run_later([&] {
    note("actor");
    loop->flush_later(dirty);
  });
  poll->batches = {{{&handler, readable}}};
  poll->on_wait = [&](duration) { note("poll"); };
  EXPECT_TRUE(loop->run_once(true));
  EXPECT_EQ(noted(), (lines{"actor", "flush", "poll", "readiness", "timer"}));
}

TEST_F(event_loop_test, jobs_of_other_threads_run_in_the_same_iteration) {
  std::thread other{[&] { run_later([&] { note("ran"); }); }};
  other.join();
  EXPECT_TRUE(loop->has_ready());
  EXPECT_EQ(poll->wakes, 0) << "the loop was not asleep";
  EXPECT_TRUE(loop->run_once(false));
  EXPECT_EQ(noted(), lines{"ran"});
}

TEST_F(event_loop_test, job_made_ready_by_a_job_runs_in_the_next_iteration) {
  run_later([&] {
    note("first");
    run_later([&] { note("second"); });
  });
  poll->on_wait = [&](duration) { note("poll"); };
  loop->run_once(true);
  EXPECT_EQ(noted(), (lines{"first", "poll"}));
  EXPECT_EQ(poll->timeouts.back(), duration::zero());
  loop->run_once(true);
  EXPECT_EQ(noted(), (lines{"second", "poll"}));
}

TEST_F(event_loop_test, job_that_is_not_done_has_another_turn) {
  int turns = 0;
  auto x = run_later_as([&] {
    return ++turns < 3 ? caf::resumable::resume_later : caf::resumable::done;
  });
  settle();
  EXPECT_EQ(turns, 3);
  EXPECT_EQ(x->turn_messages, limits::actor_turn_messages);
  EXPECT_EQ(x->get_reference_count(), 1u) << "the loop lets go of it";
  EXPECT_EQ(loop->stats().actor_turns, 3u);
}

TEST_F(event_loop_test, actor_that_is_not_pinned_goes_to_the_scheduler) {
  caf::actor_config cfg{loop.get()};
  sys.spawn_impl<caf::event_based_actor, caf::no_spawn_options>(cfg);
  EXPECT_FALSE(loop->has_ready());
  EXPECT_EQ(scheduler().jobs.size(), 1u);
}

// -- waiting ------------------------------------------------------------------

TEST_F(event_loop_test, waits_without_bound_when_nothing_is_due) {
  loop->run_once(true);
  EXPECT_LT(poll->timeouts.back(), duration::zero());
}

TEST_F(event_loop_test, waits_until_the_next_deadline) {
  probe_timer due{[&] { note("timer"); }};
  loop->timers().arm(due, time.present + 5ms);
  loop->run_once(true);
  EXPECT_EQ(poll->timeouts.back(), 5ms);
  EXPECT_EQ(loop->next_deadline(), time.present + 5ms);
  time.present += 2ms;
  loop->run_once(true);
  EXPECT_EQ(poll->timeouts.back(), 3ms);
  EXPECT_EQ(noted(), lines{});
  poll->on_wait = [&](duration x) { time.present += x; };
  EXPECT_TRUE(loop->run_once(true));
  EXPECT_EQ(noted(), lines{"timer"});
  EXPECT_EQ(loop->stats().timers_fired, 1u);
}

TEST_F(event_loop_test, deadline_in_the_past_does_not_wait) {
  probe_timer due{[&] { note("timer"); }};
  loop->timers().arm(due, time.present + 5ms);
  time.present += 1h;
  loop->run_once(true);
  EXPECT_EQ(poll->timeouts.back(), duration::zero());
  EXPECT_EQ(noted(), lines{"timer"});
}

TEST_F(event_loop_test, now_is_the_time_after_the_wait) {
  poll->on_wait = [&](duration) { time.present += 7ms; };
  auto before = time.present;
  time_point seen;
  probe_handler handler{[&](readiness) { seen = loop->now(); }};
  poll->batches = {{{&handler, readable}}};
  loop->run_once(true);
  EXPECT_EQ(seen, before + 7ms);
}

TEST_F(event_loop_test, job_from_another_thread_ends_the_wait) {
  poll->on_wait = [&](duration) {
    std::thread other{[&] { run_later([&] { note("ran"); }); }};
    other.join();
  };
  loop->run_once(true);
  EXPECT_EQ(poll->wakes, 1);
  poll->on_wait = {};
  loop->run_once(true);
  EXPECT_EQ(noted(), lines{"ran"});
}

TEST_F(event_loop_test, many_jobs_during_one_wait_wake_the_loop_once) {
  poll->on_wait = [&](duration) {
    std::thread other{[&] {
      for (int i = 0; i < 10; ++i)
        run_later([&] { note("ran"); });
    }};
    other.join();
  };
  loop->run_once(true);
  EXPECT_EQ(poll->wakes, 1);
}

TEST_F(event_loop_test, job_that_came_before_the_wait_is_not_slept_over) {
  // The last moment before the loop sleeps: during the flush.
  probe_flush dirty{[&] {
    std::thread other{[&] { run_later([&] { note("ran"); }); }};
    other.join();
  }};
  loop->flush_later(dirty);
  loop->run_once(true);
  EXPECT_EQ(poll->timeouts.back(), duration::zero());
}

// -- spinning -----------------------------------------------------------------

class spinning_event_loop_test : public event_loop_test {
protected:
  spinning_event_loop_test() : event_loop_test(50us) {
    poll->on_wait = [this](duration timeout) {
      time.present += timeout == duration::zero() ? 10us : timeout;
    };
  }
};

TEST_F(spinning_event_loop_test, polls_for_the_configured_time_then_waits) {
  poll->on_wait = [&](duration timeout) {
    if (timeout == duration::zero())
      time.present += 10us;
  };
  loop->run_once(true);
  ASSERT_EQ(poll->timeouts.size(), 6u);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(poll->timeouts[i], duration::zero());
  EXPECT_LT(poll->timeouts[5], duration::zero());
}

TEST_F(spinning_event_loop_test, event_during_the_spin_is_delivered) {
  probe_handler handler{[&](readiness) { note("readiness"); }};
  poll->batches = {{}, {}, {{&handler, readable}}};
  loop->run_once(true);
  EXPECT_EQ(poll->timeouts.size(), 3u);
  EXPECT_EQ(noted(), lines{"readiness"});
}

TEST_F(spinning_event_loop_test, job_during_the_spin_ends_it) {
  poll->on_wait = [&](duration) {
    time.present += 10us;
    if (poll->timeouts.size() == 2) {
      std::thread other{[&] { run_later([&] { note("ran"); }); }};
      other.join();
    }
  };
  loop->run_once(true);
  EXPECT_EQ(poll->wakes, 0) << "a spinning loop needs no wake-up";
  for (auto timeout : poll->timeouts)
    EXPECT_EQ(timeout, duration::zero());
  loop->run_once(false);
  EXPECT_EQ(noted(), lines{"ran"});
}

TEST_F(spinning_event_loop_test, spin_does_not_delay_a_deadline) {
  probe_timer due{[&] { note("timer"); }};
  auto deadline = time.present + 2ms;
  loop->timers().arm(due, deadline);
  loop->run_once(true);
  EXPECT_EQ(noted(), lines{"timer"});
  EXPECT_LT(time.present, deadline + 20us);
}

TEST_F(spinning_event_loop_test, deadline_within_the_spin_ends_it) {
  time.present += 980us; // the wheel's ticks are whole milliseconds
  loop->run_once(false);
  probe_timer due{[&] { note("timer"); }};
  auto deadline = time.present + 10us;
  loop->timers().arm(due, deadline);
  loop->run_once(true);
  EXPECT_EQ(noted(), lines{"timer"});
  EXPECT_LT(time.present, deadline + 20us);
}

TEST_F(spinning_event_loop_test, call_that_may_not_block_does_not_spin) {
  loop->run_once(false);
  EXPECT_EQ(poll->timeouts.size(), 1u);
}

// -- flushing -----------------------------------------------------------------

TEST_F(event_loop_test, flush_comes_before_the_loop_blocks) {
  probe_flush dirty{[&] { note("flush"); }};
  loop->flush_later(dirty);
  EXPECT_TRUE(loop->has_ready());
  poll->on_wait = [&](duration timeout) {
    note(timeout < duration::zero() ? "block" : "poll");
  };
  loop->run_once(true);
  EXPECT_EQ(noted(), (lines{"flush", "block"}));
}

TEST_F(event_loop_test, flush_asked_for_twice_happens_once) {
  probe_flush dirty{[&] { note("flush"); }};
  loop->flush_later(dirty);
  loop->flush_later(dirty);
  loop->run_once(false);
  loop->run_once(false);
  EXPECT_EQ(noted(), lines{"flush"});
}

TEST_F(event_loop_test, flush_asked_for_by_a_flush_comes_before_the_wait) {
  int rounds = 0;
  probe_flush dirty{[&] {
    if (++rounds < 3)
      loop->flush_later(dirty);
  }};
  loop->flush_later(dirty);
  loop->run_once(true);
  loop->run_once(true);
  EXPECT_EQ(poll->timeouts, (std::vector<duration>{0ms, 0ms}));
  loop->run_once(true);
  EXPECT_EQ(rounds, 3);
  EXPECT_LT(poll->timeouts.back(), duration::zero());
}

TEST_F(event_loop_test, flush_asked_for_by_a_timer_comes_before_the_wait) {
  probe_flush dirty{[&] { note("flush"); }};
  probe_timer due{[&] { loop->flush_later(dirty); }};
  loop->timers().arm(due, time.present);
  loop->run_once(false);
  EXPECT_EQ(noted(), lines{});
  poll->on_wait = [&](duration) { note("poll"); };
  loop->run_once(true);
  EXPECT_EQ(noted(), (lines{"flush", "poll"}));
}

TEST_F(event_loop_test, forgotten_flush_does_not_happen) {
  auto dirty = std::make_unique<probe_flush>([&] { note("flush"); });
  loop->flush_later(*dirty);
  loop->flush_forget(*dirty);
  dirty.reset();
  loop->run_once(false);
  EXPECT_EQ(noted(), lines{});
}

TEST_F(event_loop_test, flush_may_forget_one_that_is_still_to_come) {
  auto second = std::make_unique<probe_flush>([&] { note("second"); });
  probe_flush first{[&] {
    note("first");
    loop->flush_forget(*second);
    second.reset();
  }};
  probe_flush third{[&] { note("third"); }};
  loop->flush_later(first);
  loop->flush_later(*second);
  loop->flush_later(third);
  loop->run_once(false);
  EXPECT_EQ(noted(), (lines{"first", "third"}));
}

TEST_F(event_loop_test, forgotten_flush_can_be_asked_for_again) {
  probe_flush dirty{[&] { note("flush"); }};
  loop->flush_forget(dirty);
  loop->flush_later(dirty);
  loop->flush_forget(dirty);
  loop->flush_later(dirty);
  loop->run_once(false);
  EXPECT_EQ(noted(), lines{"flush"});
}

// -- readiness ----------------------------------------------------------------

TEST_F(event_loop_test, watch_reaches_the_poller) {
  probe_handler handler{[](readiness) {}};
  EXPECT_FALSE(loop->watch(3, interest::read, handler));
  EXPECT_EQ(poll->watched[3].what, interest::read);
  EXPECT_EQ(poll->watched[3].handler, &handler);
  EXPECT_FALSE(loop->rewatch(3, interest::both, handler));
  EXPECT_EQ(poll->watched[3].what, interest::both);
  loop->unwatch(3, handler);
  EXPECT_TRUE(poll->watched.empty());
}

TEST_F(event_loop_test, batch_is_delivered_in_order_with_its_readiness) {
  probe_handler first{[&](readiness x) {
    note(x.readable && x.hung_up && !x.writable && !x.failed ? "first" : "?");
  }};
  probe_handler second{[&](readiness x) {
    note(x.writable && x.failed && !x.readable && !x.hung_up ? "second" : "?");
  }};
  poll->batches = {{{&first, {true, false, false, true}},
                    {&second, {false, true, true, false}}}};
  EXPECT_TRUE(loop->run_once(true));
  EXPECT_EQ(noted(), (lines{"first", "second"}));
  EXPECT_EQ(loop->stats().ready_events, 2u);
}

TEST_F(event_loop_test, handler_unwatched_inside_a_batch_gets_no_event) {
  auto second =
      std::make_unique<probe_handler>([&](readiness) { note("second"); });
  probe_handler first{[&](readiness) {
    note("first");
    loop->unwatch(4, *second);
    second.reset();
  }};
  probe_handler third{[&](readiness) { note("third"); }};
  poll->batches = {{{&first, readable},
                    {second.get(), readable},
                    {&third, readable},
                    {second.get(), readable}}};
  loop->run_once(true);
  EXPECT_EQ(noted(), (lines{"first", "third"}));
}

TEST_F(event_loop_test, handler_may_unwatch_and_destroy_itself) {
  std::unique_ptr<probe_handler> own;
  own = std::make_unique<probe_handler>([&](readiness) {
    note("own");
    loop->unwatch(4, *own);
    auto last = std::move(own); // dies at the end of this call
  });
  poll->batches = {{{own.get(), readable}}};
  loop->run_once(true);
  loop->run_once(false);
  EXPECT_EQ(noted(), lines{"own"});
}

TEST_F(event_loop_test, unwatch_between_batches_leaves_the_next_one_alone) {
  probe_handler first{[&](readiness) { note("first"); }};
  probe_handler second{[&](readiness) { note("second"); }};
  poll->batches = {{{&first, readable}, {&second, readable}},
                   {{&first, readable}}};
  loop->run_once(true);
  loop->unwatch(4, second);
  loop->run_once(true);
  EXPECT_EQ(noted(), (lines{"first", "second", "first"}));
}

TEST_F(event_loop_test, bytes_that_came_in_are_seen_before_the_idle_deadline) {
  probe_timer idle{[&] { note("idle"); }};
  probe_handler handler{[&](readiness) {
    note("bytes");
    loop->timers().arm(idle, loop->now() + 1s);
  }};
  loop->timers().arm(idle, time.present + 1ms);
  time.present += 2ms;
  poll->batches = {{{&handler, readable}}};
  loop->run_once(true);
  EXPECT_EQ(noted(), lines{"bytes"});
}

// -- the end ------------------------------------------------------------------

class resident final : public loop_resident {
public:
  // Any actor will do for the loop to hold on to.
  resident(caf::actor_system& sys, std::function<void(const char*)> f)
      : body_(std::move(f)),
        self_(caf::actor_cast<caf::strong_actor_ptr>(sys.spawn_serv())) {}

  caf::strong_actor_ptr hold() noexcept override {
    return dying ? nullptr : self_;
  }
  void on_loop_stopping() override { body_("stopping"); }
  void on_loop_aborting() override { body_("aborting"); }

  bool dying = false;

private:
  std::function<void(const char*)> body_;
  caf::strong_actor_ptr self_;
};

TEST_F(event_loop_test, stop_without_residents_is_complete_at_once) {
  EXPECT_FALSE(loop->finished());
  loop->request_stop();
  EXPECT_EQ(poll->wakes, 1);
  EXPECT_FALSE(loop->stopping()) << "takes effect on the loop's thread";
  loop->run_once(true);
  EXPECT_TRUE(loop->stopping());
  EXPECT_TRUE(loop->finished());
  EXPECT_EQ(poll->timeouts.back(), duration::zero());
}

TEST_F(event_loop_test, loop_does_not_wait_once_its_last_resident_has_left) {
  resident a{sys, [](const char*) {}};
  loop->attach(a);
  loop->request_stop();
  run_later([&] { loop->detach(a); });
  loop->run_once(true);
  EXPECT_TRUE(loop->finished());
  EXPECT_EQ(poll->timeouts.back(), duration::zero());
}

TEST_F(event_loop_test, stop_asks_each_resident_once_and_waits_for_it) {
  resident a{sys, [&](const char* what) { note(std::string{"a "} + what); }};
  resident b{sys, [&](const char* what) { note(std::string{"b "} + what); }};
  loop->attach(a);
  loop->attach(b);
  EXPECT_EQ(loop->residents(), 2u);
  loop->request_stop();
  loop->request_stop();
  loop->run_once(false);
  loop->run_once(false);
  EXPECT_EQ(noted(), (lines{"b stopping", "a stopping"}));
  EXPECT_FALSE(loop->finished());
  loop->detach(a);
  EXPECT_FALSE(loop->finished());
  loop->detach(b);
  EXPECT_TRUE(loop->finished());
}

TEST_F(event_loop_test, resident_that_does_not_finish_in_time_is_aborted) {
  resident a{sys, [&](const char* what) { note(what); }};
  loop->attach(a);
  loop->request_stop();
  loop->run_once(false);
  EXPECT_EQ(noted(), lines{"stopping"});
  time.present += limits::stop_drain - 1ms;
  loop->run_once(false);
  EXPECT_EQ(noted(), lines{});
  time.present += 1ms;
  loop->run_once(false);
  EXPECT_EQ(noted(), lines{"aborting"});
  loop->detach(a);
}

TEST_F(event_loop_test, stop_waits_no_longer_than_the_drain_time) {
  resident a{sys, [](const char*) {}};
  loop->attach(a);
  loop->request_stop();
  loop->run_once(true);
  ASSERT_GE(poll->timeouts.back(), duration::zero());
  EXPECT_LE(poll->timeouts.back(), limits::stop_drain);
  loop->detach(a);
}

TEST_F(event_loop_test, resident_that_is_being_destroyed_is_left_alone) {
  resident a{sys, [&](const char* what) { note(what); }};
  a.dying = true;
  loop->attach(a);
  loop->request_stop();
  loop->run_once(false);
  advance(limits::stop_drain);
  EXPECT_EQ(noted(), lines{});
  loop->detach(a);
}

TEST_F(event_loop_test, last_resident_that_leaves_elsewhere_wakes_the_loop) {
  resident a{sys, [](const char*) {}};
  loop->attach(a);
  loop->request_stop();
  loop->run_once(false);
  auto before = poll->wakes;
  std::thread other{[&] { loop->detach(a); }};
  other.join();
  EXPECT_EQ(poll->wakes, before + 1);
}

TEST_F(event_loop_test, residents_leave_from_the_middle_of_the_list) {
  resident a{sys, [&](const char*) { note("a"); }};
  resident b{sys, [&](const char*) { note("b"); }};
  resident c{sys, [&](const char*) { note("c"); }};
  for (auto x : {&a, &b, &c})
    loop->attach(*x);
  loop->detach(b);
  EXPECT_EQ(loop->residents(), 2u);
  loop->attach(b);
  loop->detach(c);
  loop->request_stop();
  loop->run_once(false);
  EXPECT_EQ(noted(), (lines{"b", "a"}));
  loop->detach(a);
  loop->detach(b);
}

TEST_F(event_loop_test, job_is_run_before_the_loop_is_finished) {
  loop->request_stop();
  run_later([&] { run_later([&] { note("ran"); }); });
  loop->run_once(false);
  EXPECT_FALSE(loop->finished());
  loop->run_once(false);
  EXPECT_EQ(noted(), lines{"ran"});
  EXPECT_TRUE(loop->finished());
}

TEST_F(event_loop_test, jobs_left_at_the_end_are_run_by_the_destructor) {
  loop->request_stop();
  settle();
  ASSERT_TRUE(loop->finished());
  auto later = run_later([] {});
  settle();
  auto here = run_later([&, ending = loop.get()] {
    note("here");
    later->ref();
    ending->exec_later(later.get());
  });
  std::thread other{[&] { run_later([&] { note("from elsewhere"); }); }};
  other.join();
  loop.reset();
  EXPECT_EQ(noted(), (lines{"here", "from elsewhere"}));
  EXPECT_EQ(here->get_reference_count(), 1u);
  EXPECT_EQ(later->get_reference_count(), 1u);
}

using event_loop_death_test = event_loop_test;

TEST_F(event_loop_death_test, starting_twice_is_a_bug) {
  EXPECT_DEATH(
      {
        loop->start();
        loop->start();
      },
      "an event loop was started twice");
}

} // namespace
} // namespace sluice::runtime

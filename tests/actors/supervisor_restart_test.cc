// Whom a supervisor restarts, when, how often, and what it does with starts
// that fail.

#include "tests/actors/supervised_world.h"

namespace sluice::actors {
namespace {

using supervisor_restart_test = supervised_world;

// -- strategies ---------------------------------------------------------------

TEST_F(supervisor_restart_test, one_for_one_restarts_the_one) {
  auto top = start(options(), specs({"a", "b", "c"}));
  say(top, "b", "fail");
  run.during(1s);
  EXPECT_EQ(*log, (strings{"- b", "+ b"}));
  EXPECT_EQ(list(top), (strings{"a running 1", "b running 2", "c running 1"}));
}

TEST_F(supervisor_restart_test, one_for_all_restarts_all) {
  auto top = start(options(strategy::one_for_all), specs({"a", "b", "c"}));
  say(top, "b", "fail");
  settle();
  EXPECT_EQ(*log, (strings{"- b", "> c", "- c", "> a", "- a"}));
  run.during(1s);
  EXPECT_EQ(just(log, "+"), (strings{"+ a", "+ b", "+ c"}));
  EXPECT_EQ(just(events, "restarting").size(), 1u);
}

TEST_F(supervisor_restart_test, rest_for_one_restarts_those_after) {
  auto top =
      start(options(strategy::rest_for_one), specs({"a", "b", "c", "d"}));
  say(top, "b", "fail");
  run.during(1s);
  EXPECT_EQ(*log,
            (strings{"- b", "> d", "- d", "> c", "- c", "+ b", "+ c", "+ d"}));
}

TEST_F(supervisor_restart_test,
       group_is_started_when_the_last_of_it_has_ended) {
  auto top = start(options(strategy::one_for_all),
                   {spec("a", restart::permanent, manners::slow), spec("b")});
  say(top, "b", "fail");
  run.during(900ms);
  EXPECT_EQ(*log, (strings{"- b", "> a"})) << "the backoff is over";
  run.during(200ms);
  EXPECT_EQ(*log, (strings{"- b", "> a", "- a", "+ a", "+ b"}));
}

TEST_F(supervisor_restart_test,
       who_fails_while_the_group_ends_is_no_second_failure) {
  auto how = options(strategy::one_for_all);
  how.limits.restarts = 1;
  auto top =
      start(how, {spec("a"), spec("b", restart::permanent, manners::slow),
                  spec("c")});
  auto a = find(top, "a");
  auto b = find(top, "b");
  say(top, "c", "fail");
  settle();
  caf::anon_send(a, word{"fail"}); // before it is its turn
  caf::anon_send(b, word{"fail"}); // while it is asked to end
  run.during(1s);
  EXPECT_EQ(just(events, "restarting").size(), 1u);
  EXPECT_EQ(list(top), (strings{"a running 2", "b running 2", "c running 2"}));
}

TEST_F(supervisor_restart_test, temporary_child_that_ends_with_others_is_gone) {
  auto top = start(options(strategy::one_for_all),
                   {spec("a"), spec("b", restart::temporary)});
  say(top, "a", "fail");
  run.during(1s);
  EXPECT_EQ(list(top), strings{"a running 2"});
}

TEST_F(supervisor_restart_test, stopped_and_finished_children_stay_down) {
  auto top = start(options(strategy::one_for_all),
                   {spec("a"), spec("b"), spec("c", restart::transient)});
  EXPECT_TRUE(command(top, stop_child{"b"}));
  say(top, "c", "done");
  settle();
  say(top, "a", "fail");
  run.during(1s);
  EXPECT_EQ(list(top), (strings{"a running 2", "b stopped 1", "c finished 1"}));
}

TEST_F(supervisor_restart_test,
       stuck_child_that_was_to_be_restarted_ends_it_all) {
  auto top = start(options(strategy::one_for_all),
                   {spec("a"), spec("b", restart::permanent, manners::deaf)});
  say(top, "a", "fail");
  run.during(7s);
  EXPECT_EQ(*events, (strings{"down a it failed", "restarting a 100ms 1",
                              "stuck b", "gave_up b"}));
  EXPECT_EQ(*ended, strings{"supervisor 'top': child 'b' has not ended 1000 ms "
                            "after it was killed"});
  EXPECT_EQ(just(log, "+"), strings{}) << "nothing is started in its place";
}

// -- intensity and backoff ----------------------------------------------------

TEST_F(supervisor_restart_test, waits_grow_until_it_gives_up) {
  auto top = start(options(), specs({"a", "b"}));
  for (int i = 0; i < 4; ++i) {
    say(top, "a", "fail");
    run.during(500ms);
  }
  EXPECT_EQ(
      *events,
      (strings{"down a it failed", "restarting a 100ms 1", "started a 2",
               "down a it failed", "restarting a 200ms 2", "started a 3",
               "down a it failed", "restarting a 400ms 3", "started a 4",
               "down a it failed", "gave_up a",
               "down b "
                   + to_string(caf::error{caf::exit_reason::user_shutdown})}));
  EXPECT_EQ(*ended, strings{"supervisor 'top' gave up on child 'a' after 3 "
                            "restarts in 10000 ms; last reason: it failed"});
}

TEST_F(supervisor_restart_test, restarts_of_all_children_count_together) {
  auto top = start(options(), specs({"a", "b", "c", "d"}));
  for (auto x : {"a", "b", "c"})
    say(top, x, "fail");
  run.during(1s);
  EXPECT_TRUE(ended->empty());
  say(top, "d", "fail");
  settle();
  EXPECT_EQ(ended->size(), 1u);
}

TEST_F(supervisor_restart_test, restarts_before_the_window_are_forgotten) {
  auto how = options();
  how.backoff.settled = 1s;
  auto top = start(how, specs({"a"}));
  for (int i = 0; i < 10; ++i) {
    say(top, "a", "fail");
    run.during(4s);
  }
  EXPECT_TRUE(ended->empty());
  EXPECT_EQ(list(top), strings{"a running 11"});
}

TEST_F(supervisor_restart_test, child_that_has_settled_waits_as_at_first) {
  auto top = start(options(), specs({"a"}));
  say(top, "a", "fail");
  run.during(1s);
  say(top, "a", "fail");
  run.during(6s);
  say(top, "a", "fail");
  settle();
  EXPECT_EQ(just(events, "restarting"),
            (strings{"restarting a 100ms 1", "restarting a 200ms 2",
                     "restarting a 100ms 1"}));
}

TEST_F(supervisor_restart_test, jitter_comes_from_the_source_that_was_given) {
  auto how = options();
  how.backoff.jitter = 0.5;
  how.random = [] { return std::uint64_t{1} << 63; };
  auto top = start(how, specs({"a"}));
  say(top, "a", "fail");
  settle();
  EXPECT_EQ(events->back(), "restarting a 75ms 1");
}

TEST_F(supervisor_restart_test,
       in_one_for_one_a_waiting_child_holds_up_no_other) {
  auto top = start(options(), specs({"a", "b"}));
  say(top, "a", "fail");
  settle();
  EXPECT_TRUE(ask<caf::actor>(top, add_child{spec("c")}));
  EXPECT_EQ(list(top), (strings{"a waiting 1", "b running 1", "c running 1"}));
}

TEST_F(supervisor_restart_test, stop_during_backoff_ends_at_once) {
  auto top = start(options(), specs({"a"}));
  say(top, "a", "fail");
  settle();
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  settle();
  EXPECT_EQ(ended->size(), 1u);
  run.during(1s);
  EXPECT_EQ(just(log, "+"), strings{});
}

// -- failed starts ------------------------------------------------------------

TEST_F(supervisor_restart_test, failed_start_is_tried_again_and_says_why) {
  auto a = spec("a");
  a.start =
      [n = 0, inner = a.start](
          caf::event_based_actor* p) mutable -> caf::expected<caf::actor> {
    switch (++n) {
    case 1:
      return runtime::make_error(errc::system_error, "no such file");
    case 2:
      return caf::actor{};
    case 3:
      throw std::runtime_error("oops");
    default:
      return inner(p);
    }
  };
  auto top =
      run.system().spawn<supervisor>(options(), std::vector<child_spec>{a});
  run.during(1s);
  std::string begin = "down a supervisor 'top': child 'a' was not started: ";
  EXPECT_EQ(*events,
            (strings{begin + "no such file", "restarting a 100ms 1",
                     begin + "its factory returned no actor",
                     "restarting a 200ms 2", begin + "its factory threw: oops",
                     "restarting a 400ms 3", "started a 1"}));
}

TEST_F(supervisor_restart_test,
       factory_that_throws_anything_is_a_failed_start) {
  auto a = spec("a");
  a.start = [](caf::event_based_actor*) -> caf::actor { throw 7; };
  auto top = start(options(), {a});
  EXPECT_EQ(list(top), strings{"a waiting 0"});
}

TEST_F(supervisor_restart_test, child_that_never_starts_makes_it_give_up) {
  auto a = spec("a");
  a.start = [](auto*) { return caf::actor{}; };
  auto how = options();
  how.backoff.first = 0s; // at once
  start(how, {spec("b"), a});
  run.during(1s);
  ASSERT_EQ(ended->size(), 1u);
  EXPECT_TRUE(ended->front().starts_with("supervisor 'top' gave up"));
}

TEST_F(supervisor_restart_test, failed_starts_without_a_wait_block_nothing) {
  auto tries = std::make_shared<int>(0);
  auto a = spec("a");
  a.start = [=](auto*) {
    ++*tries;
    return caf::actor{};
  };
  auto how = options();
  how.limits.restarts = 10'000;
  how.backoff.first = 0s;
  how.observers.clear();
  auto top = run.system().spawn<supervisor>(how, std::vector<child_spec>{a});
  watch(top);
  ASSERT_TRUE(run.until([&] { return *tries == 3; }));
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  EXPECT_TRUE(run.until([&] { return !ended->empty(); }));
  EXPECT_LT(*tries, 100);
}

TEST_F(supervisor_restart_test,
       those_after_a_failed_start_wait_if_they_depend_on_it) {
  for (auto how : {strategy::one_for_all, strategy::rest_for_one}) {
    forget();
    auto b = spec("b");
    b.start =
        [n = 0, inner = b.start](
            caf::event_based_actor* p) mutable -> caf::expected<caf::actor> {
      return ++n == 1 ? caf::actor{} : inner(p);
    };
    auto top = run.system().spawn<supervisor>(
        options(how), std::vector<child_spec>{spec("a"), b, spec("c")});
    run.during(1s);
    if (how == strategy::rest_for_one)
      EXPECT_EQ(*log, (strings{"+ a", "+ b", "+ c"}));
    else
      EXPECT_EQ(*log, (strings{"+ a", "> a", "- a", "+ a", "+ b", "+ c"}));
    caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
    settle();
  }
}

TEST_F(supervisor_restart_test,
       those_after_a_failed_start_do_not_wait_in_one_for_one) {
  auto a = spec("a");
  a.start = [](auto*) { return caf::actor{}; };
  auto top = start(options(), {a, spec("b")});
  EXPECT_EQ(list(top), (strings{"a waiting 0", "b running 1"}));
}

TEST_F(supervisor_restart_test,
       actor_that_has_another_place_cannot_be_a_child) {
  auto keep = std::make_shared<caf::actor>();
  auto a = spec("a");
  a.start = [inner = a.start, keep](caf::event_based_actor* p) {
    return *keep = *inner(p);
  };
  auto twice = spec("b", restart::temporary);
  twice.start = [keep](auto*) { return *keep; };
  auto itself = spec("c", restart::temporary);
  itself.start = [](caf::event_based_actor* p) { return caf::actor{p}; };
  auto top = run.system().spawn<supervisor>(
      options(), std::vector<child_spec>{a, twice, itself});
  settle();
  EXPECT_EQ(just(events, "down").size(), 2u);
  EXPECT_NE(events->back().find("has another place"), std::string::npos);
  EXPECT_EQ(list(top), strings{"a running 1"});
  *keep = nullptr;
  caf::anon_send_exit(top, caf::exit_reason::kill);
}

TEST_F(supervisor_restart_test, actor_that_is_dead_already_has_failed) {
  auto dead = find(start(options(), specs({"x"})), "x");
  caf::anon_send_exit(dead, caf::exit_reason::kill);
  settle();
  auto a = spec("a");
  a.start = [dead](auto*) { return dead; };
  start(options(), {a});
  run.during(5s);
  EXPECT_EQ(just(events, "gave_up"), strings{"gave_up a"});
}

} // namespace
} // namespace sluice::actors

// How a supervisor starts and ends its children, and when one is restarted.

#include "tests/actors/supervised_world.h"

namespace sluice::actors {
namespace {

using supervisor_test = supervised_world;

// -- start and stop -----------------------------------------------------------

TEST_F(supervisor_test, children_start_in_order_and_end_in_reverse_order) {
  for (auto how :
       {strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one}) {
    forget();
    ended->clear();
    auto top =
        run.system().spawn<supervisor>(options(how), specs({"a", "b", "c"}));
    watch(top);
    settle();
    EXPECT_EQ(*log, (strings{"+ a", "+ b", "+ c"}));
    EXPECT_EQ(*events, (strings{"started a 1", "started b 1", "started c 1"}));
    forget();
    caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
    settle();
    EXPECT_EQ(*log, (strings{"> c", "- c", "> b", "- b", "> a", "- a"}));
    EXPECT_EQ(just(events, "down").size(), 3u);
    EXPECT_EQ(*ended,
              strings{to_string(caf::error{caf::exit_reason::user_shutdown})});
  }
}

TEST_F(supervisor_test, exit_waits_behind_what_the_child_was_sent_before) {
  auto top = start(options(), specs({"a"}));
  auto a = find(top, "a");
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  caf::anon_send(a, word{"fail"});
  settle();
  EXPECT_EQ(*log, strings{"- a"});
  EXPECT_EQ(*events, strings{"down a it failed"});
}

TEST_F(supervisor_test, without_children_it_waits_for_some) {
  auto top = start(options(), {});
  EXPECT_EQ(list(top), strings{});
  EXPECT_TRUE(ended->empty());
  EXPECT_TRUE(ask<caf::actor>(top, add_child{spec("a")}));
  EXPECT_EQ(list(top), strings{"a running 1"});
}

TEST_F(supervisor_test, child_that_does_not_end_is_killed_at_its_deadline) {
  auto a = spec("a");
  auto b = spec("b", restart::permanent, manners::stubborn);
  b.shutdown = 2s;
  auto top = start(options(), {a, b});
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  run.during(1'900ms);
  EXPECT_EQ(*log, strings{"> b"});
  run.during(200ms);
  EXPECT_EQ(*log, (strings{"> b", "- b", "> a", "- a"}));
  EXPECT_EQ(events->front(),
            "down b " + to_string(caf::error{caf::exit_reason::kill}));
  EXPECT_EQ(ended->size(), 1u);
}

TEST_F(supervisor_test, child_that_ends_within_its_deadline_is_waited_for) {
  auto top = start(options(),
                   {spec("a"), spec("b", restart::permanent, manners::slow)});
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  run.during(900ms);
  EXPECT_EQ(*log, strings{"> b"});
  run.during(200ms);
  EXPECT_EQ(*log, (strings{"> b", "- b", "> a", "- a"}));
}

TEST_F(supervisor_test, no_time_to_end_is_a_kill) {
  auto a = spec("a");
  a.shutdown = 0s;
  auto top = start(options(), {a});
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  settle();
  EXPECT_EQ(*log, strings{"- a"}) << "it was not asked";
}

TEST_F(supervisor_test, without_a_deadline_a_child_is_not_killed) {
  auto a = spec("a", restart::permanent, manners::stubborn);
  a.shutdown = std::nullopt;
  auto top = start(options(), {a});
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  run.during(10'000s);
  EXPECT_EQ(*log, strings{"> a"});
  EXPECT_EQ(list(top), strings{"a stopping 1"});
}

TEST_F(supervisor_test, child_that_a_kill_does_not_end_is_left_behind) {
  auto top = start(options(),
                   {spec("a"), spec("b", restart::permanent, manners::deaf)});
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  run.during(5'900ms);
  EXPECT_EQ(*events, strings{});
  run.during(200ms);
  EXPECT_EQ(events->front(), "stuck b");
  EXPECT_EQ(just(log, "- "), strings{"- a"});
  EXPECT_EQ(ended->size(), 1u);
}

TEST_F(supervisor_test, exit_without_a_reason_is_ignored) {
  auto top = start(options(), specs({"a"}));
  caf::anon_send_exit(top, caf::exit_reason{});
  settle();
  EXPECT_EQ(list(top), strings{"a running 1"});
}

TEST_F(supervisor_test, first_reason_to_end_counts) {
  auto top = start(options(), {spec("a", restart::permanent, manners::slow)});
  caf::anon_send_exit(top, caf::exit_reason::remote_link_unreachable);
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  run.during(2s);
  EXPECT_EQ(*ended, strings{to_string(caf::error{
                        caf::exit_reason::remote_link_unreachable})});
}

TEST_F(supervisor_test, child_that_ends_by_itself_during_the_stop_is_skipped) {
  auto top = start(options(),
                   {spec("a"), spec("b", restart::permanent, manners::slow)});
  auto a = find(top, "a");
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  run.during(500ms);
  caf::anon_send(a, word{"fail"});
  run.during(1s);
  EXPECT_EQ(*log, (strings{"> b", "- a", "- b"}));
  EXPECT_EQ(just(events, "restarting"), strings{});
  EXPECT_EQ(ended->size(), 1u);
}

TEST_F(supervisor_test, error_message_is_ignored) {
  auto top = start(options(), specs({"a"}));
  caf::anon_send(top, caf::make_error(caf::sec::runtime_error));
  settle();
  EXPECT_EQ(list(top), strings{"a running 1"});
}

// -- its own death ------------------------------------------------------------

TEST_F(supervisor_test, killed_supervisor_takes_its_children_with_it) {
  auto top = start(
      options(), {spec("a"), spec("b", restart::permanent, manners::stubborn)});
  auto a = find(top, "a"); // held, as by anybody who sends to it
  auto b = find(top, "b");
  caf::anon_send_exit(top, caf::exit_reason::kill);
  settle();
  std::sort(log->begin(), log->end());
  EXPECT_EQ(*log, (strings{"- a", "- b"}));
}

TEST_F(supervisor_test, dropped_supervisor_takes_its_children_with_it) {
  auto top = run.system().spawn<supervisor>(options(), specs({"a", "b"}));
  settle();
  auto a = find(top, "a");
  auto b = find(top, "b");
  forget();
  top = nullptr;
  settle();
  EXPECT_EQ(just(log, "- ").size(), 2u);
}

TEST_F(supervisor_test, kill_passes_what_is_in_the_mailbox) {
  auto top = start(options(), specs({"a", "b", "c", "d", "e", "f", "g", "h"}));
  auto reasons = std::make_shared<strings>();
  std::vector<caf::actor> children;
  for (auto x : {"a", "b", "c", "d", "e", "f", "g", "h"}) {
    children.push_back(find(top, x));
    caf::actor_cast<caf::abstract_actor*>(children.back())
        ->attach_functor([=](const caf::error& why) {
          reasons->push_back(runtime::to_text(why));
        });
  }
  caf::anon_send_exit(top, caf::exit_reason::kill);
  for (auto& x : children)
    caf::anon_send(x, word{"fail"});
  settle();
  // Some have had their turn before the supervisor had.
  EXPECT_EQ(reasons->size(), children.size());
  EXPECT_GT(std::count(reasons->begin(), reasons->end(),
                       to_string(caf::error{caf::exit_reason::kill})),
            0);
}

TEST_F(supervisor_test, factory_that_ends_the_supervisor_ends_the_children) {
  auto b = spec("b");
  b.start = [inner = b.start](caf::event_based_actor* parent) {
    parent->quit();
    return inner(parent);
  };
  auto top = run.system().spawn<supervisor>(
      options(), std::vector<child_spec>{spec("a"), b});
  watch(top);
  settle();
  EXPECT_EQ(ended->size(), 1u);
  EXPECT_EQ(just(log, "+"), (strings{"+ a", "+ b"}));
  EXPECT_EQ(just(log, "-").size(), 2u);
}

// -- types and reasons --------------------------------------------------------

TEST_F(supervisor_test, permanent_child_is_restarted_whatever_its_end) {
  auto top = start(options(), specs({"a"}));
  say(top, "a", "done");
  settle();
  EXPECT_EQ(events->back(), "restarting a 100ms 1");
  run.during(200ms);
  EXPECT_EQ(events->back(), "started a 2");
}

TEST_F(supervisor_test, transient_child_is_restarted_if_it_failed) {
  auto top = start(options(), {spec("a", restart::transient)});
  say(top, "a", "fail");
  run.during(200ms);
  EXPECT_EQ(*events, (strings{"down a it failed", "restarting a 100ms 1",
                              "started a 2"}));
  forget();
  say(top, "a", "done");
  run.during(10s);
  EXPECT_EQ(events->size(), 1u);
  EXPECT_EQ(list(top), strings{"a finished 2"});
}

TEST_F(supervisor_test, transient_child_that_was_told_to_end_has_finished) {
  auto top = start(options(), {spec("a", restart::transient)});
  caf::anon_send_exit(find(top, "a"), caf::exit_reason::user_shutdown);
  run.during(10s);
  EXPECT_EQ(list(top), strings{"a finished 1"});
}

TEST_F(supervisor_test, temporary_child_is_never_restarted) {
  auto top = start(options(strategy::one_for_all),
                   {spec("a", restart::temporary), spec("b")});
  say(top, "a", "fail");
  run.during(10s);
  EXPECT_EQ(*events, strings{"down a it failed"});
  EXPECT_EQ(list(top), strings{"b running 1"});
}

TEST_F(supervisor_test, child_that_throws_has_failed) {
  auto top = start(options(), {spec("a", restart::transient)});
  say(top, "a", "throw");
  run.during(1s);
  EXPECT_EQ(list(top), strings{"a running 2"});
}

TEST_F(supervisor_test, linked_child_does_not_end_its_supervisor) {
  auto a = spec("a");
  a.start = [this](caf::event_based_actor* parent) -> caf::actor {
    return parent->spawn<test_child, caf::linked>("a", log, manners::obedient,
                                                  silent);
  };
  auto top = start(options(), {a});
  say(top, "a", "fail");
  run.during(200ms);
  EXPECT_EQ(list(top), strings{"a running 2"});
  forget();
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  settle();
  EXPECT_EQ(*log, (strings{"> a", "- a"}));
}

TEST_F(supervisor_test, exit_that_a_child_sends_is_ignored) {
  auto top = start(options(), specs({"a"}));
  auto a = find(top, "a");
  caf::anon_send(top, caf::exit_msg{a.address(), caf::exit_reason::unknown});
  settle();
  EXPECT_EQ(list(top), strings{"a running 1"});
}

} // namespace
} // namespace sluice::actors

#include "tests/actors/process/process_case.h"

#include "actors/exit_reasons.h"

#include <sys/wait.h>

#include <stdexcept>

namespace sluice::actors::process {
namespace {

class child_end_test : public process_case {
protected:
  /// Waits for a line that names another process, e.g. of the child's child.
  pid_t wait_for_number() {
    EXPECT_TRUE(wait_for_text("\n"));
    return static_cast<pid_t>(std::atoi(out.c_str()));
  }

  bool comes_to_an_end(pid_t x) {
    return until([=] { return has_ended(x); });
  }

  bool goes(pid_t x) {
    return until([=] { return is_gone(x); });
  }
};

// -- by itself ----------------------------------------------------------------

TEST_F(child_end_test, exit_code_0_is_orderly) {
  run_to_end(sh("exit 0"));
  EXPECT_EQ(ended.how, process_end::exited);
  EXPECT_FALSE(ended.error);
  EXPECT_FALSE(ended.asked);
  EXPECT_FALSE(reason);
}

TEST_F(child_end_test, other_exit_code_is_the_actors_reason) {
  run_to_end(sh("exit 3"));
  EXPECT_EQ(ended.how, process_end::exited);
  EXPECT_EQ(ended.status, 3);
  EXPECT_EQ(reason, runtime::make_error(errc::process_failed, ""));
  EXPECT_EQ(runtime::to_text(reason), "process '/bin/sh' ("
                                          + std::to_string(pid)
                                          + ") exited with status 3");
  EXPECT_EQ(runtime::to_text(ended.error), runtime::to_text(reason));
  EXPECT_FALSE(is_orderly(reason));
}

TEST_F(child_end_test, signal_is_named) {
  run_to_end(sh("kill -SEGV $$"));
  EXPECT_EQ(ended.how, process_end::killed);
  EXPECT_EQ(ended.status, SIGSEGV);
  EXPECT_EQ(runtime::to_text(reason), "process '/bin/sh' ("
                                          + std::to_string(pid)
                                          + ") was killed by signal 11 "
                                            "(SIGSEGV)");
}

TEST_F(child_end_test, it_says_how_long_the_child_ran) {
  run_to_end(sh("sleep 0.05"));
  EXPECT_GE(ended.ran_for, 40ms);
  EXPECT_LT(ended.ran_for, 10s);
}

TEST_F(child_end_test, it_is_told_once_and_last_and_then_the_actor_ends) {
  auto child = start(sh_lines("echo a"));
  wait_for_down();
  caf::anon_send(child, stop_process{1s});
  pass(5ms);
  EXPECT_EQ(noted(), (strings{"started", "output a", "ended exited 0"}));
}

TEST_F(child_end_test, nothing_is_left_of_it) {
  run_to_end(sh("exit 1"));
  EXPECT_TRUE(is_gone(pid));
}

TEST_F(child_end_test, behavior_that_knows_better_quits_at_the_end) {
  on_ended = [](child_process& self) { self.quit(); };
  run_to_end(sh("exit 1"));
  EXPECT_TRUE(ended.error);
  EXPECT_FALSE(reason);
}

TEST_F(child_end_test, who_else_waited_for_it_is_the_one_who_knows) {
  auto child = start({.program = "/bin/sleep", .arguments = {"1000"}});
  wait_for_start();
  in(child, [this](child_process& self) {
    EXPECT_TRUE(self.signal(SIGKILL));
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
  });
  wait_for_down();
  EXPECT_EQ(ended.how, process_end::unknown);
  EXPECT_EQ(runtime::to_text(reason),
            "process '/bin/sleep' (" + std::to_string(pid)
                + ") has ended; somebody else waited for it");
}

// -- signals ------------------------------------------------------------------

TEST_F(child_end_test, signal_is_for_the_child_alone) {
  auto options = sh_lines("exec 2>&-; trap 'echo got; exit 5' USR1; "
                          "sh -c 'trap \"echo wrong\" USR1; "
                          "while :; do sleep 0.01; done' & "
                          "echo ready; while :; do sleep 0.01; done");
  options.drain_wait = 50ms;
  auto child = start(options);
  EXPECT_TRUE(wait_for_text("ready"));
  caf::anon_send(child, signal_process{SIGUSR1});
  wait_for_down();
  EXPECT_EQ(noted(), (strings{"started", "output ready", "output got",
                              "ended exited 5"}));
  EXPECT_FALSE(ended.asked);
  EXPECT_TRUE(ended.error);
}

TEST_F(child_end_test, number_that_is_no_signal_is_refused) {
  auto child = start(sh_piped("cat"));
  in(child, [](child_process& self) {
    EXPECT_FALSE(self.signal(0));
    EXPECT_FALSE(self.signal(-1));
    EXPECT_FALSE(self.signal(1000));
    EXPECT_TRUE(self.signal(SIGTERM));
  });
  wait_for_down();
  EXPECT_EQ(ended.status, SIGTERM);
}

TEST_F(child_end_test, signal_to_a_child_that_has_ended_is_refused) {
  on_ended = [](child_process& self) { EXPECT_FALSE(self.signal(SIGTERM)); };
  run_to_end(sh("exit 0"));
}

// -- stop ---------------------------------------------------------------------

TEST_F(child_end_test, stop_is_sigterm_and_orderly) {
  auto child =
      start(sh_lines("exec 2>&-; trap 'echo bye; exit 4' TERM; echo ready; "
                     "while :; do sleep 0.01; done"));
  EXPECT_TRUE(wait_for_text("ready"));
  in(child, [](child_process& self) { self.stop(10s); });
  wait_for_down();
  EXPECT_TRUE(has_noted("output bye"));
  EXPECT_EQ(ended.status, 4);
  EXPECT_TRUE(ended.asked);
  EXPECT_FALSE(ended.error);
  EXPECT_FALSE(reason);
}

TEST_F(child_end_test, child_that_ignores_sigterm_is_killed_at_the_deadline) {
  auto child = start(sh("trap '' TERM; echo ready; "
                        "while :; do sleep 0.01; done"));
  EXPECT_TRUE(wait_for_text("ready"));
  auto asked_at = time.now();
  caf::anon_send(child, stop_process{100ms});
  wait_for_down();
  EXPECT_GE(time.now() - asked_at, 100ms);
  EXPECT_EQ(ended.how, process_end::killed);
  EXPECT_EQ(ended.status, SIGKILL);
  EXPECT_TRUE(ended.asked);
  EXPECT_FALSE(reason);
  EXPECT_TRUE(is_gone(pid));
}

TEST_F(child_end_test, stop_without_time_is_sigkill_at_once) {
  for (auto deadline : {0ms, -5ms}) {
    down = false;
    pid = 0;
    auto child = start(sh("trap 'echo no; exit' TERM; sleep 1000"));
    in(child, [=](child_process& self) { self.stop(deadline); });
    wait_for_down();
    EXPECT_EQ(ended.status, SIGKILL);
  }
  EXPECT_EQ(out, "");
}

TEST_F(child_end_test, second_stop_sends_no_second_sigterm) {
  auto child = start(sh_lines("exec 2>&-; trap 'echo term' TERM; echo ready; "
                              "while :; do sleep 0.01; done"));
  EXPECT_TRUE(wait_for_text("ready"));
  in(child, [](child_process& self) { self.stop(10s); });
  EXPECT_TRUE(wait_for_text("term"));
  in(child, [](child_process& self) { self.stop(50ms); });
  wait_for_down();
  EXPECT_EQ(noted(), (strings{"started", "output ready", "output term",
                              "ended killed 9"}));
}

TEST_F(child_end_test, earlier_of_two_deadlines_holds) {
  auto child = start(sh("trap '' TERM; echo ready; "
                        "while :; do sleep 0.01; done"));
  EXPECT_TRUE(wait_for_text("ready"));
  auto asked_at = time.now();
  in(child, [](child_process& self) {
    self.stop(50ms);
    self.stop(1h);
  });
  wait_for_down();
  EXPECT_LT(time.now() - asked_at, 10s);
}

TEST_F(child_end_test, child_that_is_stopped_by_job_control_ends_too) {
  auto child = start(sh("trap 'echo bye; exit 0' TERM; echo ready; "
                        "while :; do sleep 0.01; done"));
  EXPECT_TRUE(wait_for_text("ready"));
  in(child, [](child_process& self) { self.signal(SIGSTOP); });
  EXPECT_TRUE(until([this] { return state_of(pid) == 'T'; }));
  in(child, [](child_process& self) { self.stop(10s); });
  wait_for_down();
  EXPECT_EQ(ended.how, process_end::exited);
}

TEST_F(child_end_test, stop_is_for_the_whole_group) {
  auto child = start(sh("trap 'wait; exit 0' TERM; "
                        "sh -c 'trap \"echo grandchild; exit\" TERM; "
                        "echo $$; while :; do sleep 0.01; done' & wait"));
  wait_for_number();
  in(child, [](child_process& self) { self.stop(10s); });
  wait_for_down();
  EXPECT_TRUE(wait_for_text("grandchild"));
  EXPECT_EQ(ended.status, 0);
}

TEST_F(child_end_test, child_in_another_group_is_stopped_all_the_same) {
  // The child itself moves away; setsid(2) is refused to a group's leader, so
  // it goes into a group of its own child.
  process_options options{.program = "python3",
                          .arguments = {"-c", "import os, time\n"
                                              "r, w = os.pipe()\n"
                                              "pid = os.fork()\n"
                                              "if pid == 0:\n"
                                              "  os.setpgid(0, 0)\n"
                                              "  os.write(w, b'x')\n"
                                              "  time.sleep(1000)\n"
                                              "os.read(r, 1)\n"
                                              "os.setpgid(0, pid)\n"
                                              "print(pid, flush=True)\n"
                                              "time.sleep(1000)\n"}};
  options.drain_wait = 0ms;
  auto child = start(options);
  auto other = wait_for_number();
  in(child, [](child_process& self) { self.stop(500ms); });
  EXPECT_TRUE(until([this] { return has_ended(pid); }));
  // The other one has left, and holds the output: until the deadline.
  wait_for_down();
  EXPECT_EQ(ended.status, SIGTERM);
  ::kill(other, SIGKILL);
}

// -- who holds the output -----------------------------------------------------

TEST_F(child_end_test, who_left_the_group_holds_the_end_up_for_the_drain_only) {
  auto options = sh("setsid sh -c 'echo $$; exec sleep 1000' & sleep 0.05");
  options.drain_wait = 100ms;
  start(options);
  auto daemon = wait_for_number();
  wait_for_down();
  EXPECT_TRUE(ended.cut);
  EXPECT_EQ(ended.status, 0);
  EXPECT_FALSE(has_ended(daemon)); // it has left
  ::kill(daemon, SIGKILL);
}

TEST_F(child_end_test, writer_that_never_stops_does_not_hold_the_end_up) {
  auto options = sh("setsid sh -c 'echo $$; exec yes' & sleep 0.05");
  options.drain_wait = 50ms;
  start(options);
  auto daemon = wait_for_number();
  wait_for_down();
  EXPECT_TRUE(ended.cut);
  ::kill(daemon, SIGKILL);
}

TEST_F(child_end_test, what_comes_within_the_drain_is_told_before_the_end) {
  run_to_end(sh_lines("(sleep 0.05; echo late) & exit 0"));
  EXPECT_EQ(noted(), (strings{"started", "output late", "ended exited 0"}));
  EXPECT_FALSE(ended.cut);
}

TEST_F(child_end_test, who_is_left_in_the_group_is_killed_before_it_is_told) {
  // It does not even hold the output.
  start(sh("sleep 1000 >&- 2>&- & echo $!"));
  auto left = wait_for_number();
  wait_for_down();
  EXPECT_FALSE(ended.cut);
  EXPECT_TRUE(comes_to_an_end(left));
}

TEST_F(child_end_test, deadline_of_stop_holds_for_those_behind_the_child) {
  // The child ends at once, its own child takes longer than the drain.
  auto options =
      sh_lines("exec 2>&-; sh -c 'trap \"sleep 0.1; echo done; exit\" TERM; "
               "echo ready; while :; do sleep 0.01; done' & wait");
  options.drain_wait = 0ms;
  auto child = start(options);
  EXPECT_TRUE(wait_for_text("ready"));
  in(child, [](child_process& self) { self.stop(10s); });
  wait_for_down();
  EXPECT_EQ(noted(), (strings{"started", "output ready", "output done",
                              "ended killed 15"}));
}

TEST_F(child_end_test, stop_after_the_childs_end_is_for_who_holds_the_output) {
  auto options = sh("sleep 1000 & exit 6");
  options.drain_wait = 1h;
  auto child = start(options);
  wait_for_start();
  EXPECT_TRUE(until([this] { return state_of(pid) == 'Z'; }));
  pass(5ms);
  EXPECT_FALSE(down);
  in(child, [](child_process& self) { self.stop(10s); });
  wait_for_down();
  EXPECT_EQ(ended.status, 6);
  EXPECT_FALSE(ended.asked); // it had ended by itself
  EXPECT_EQ(reason, runtime::make_error(errc::process_failed, ""));
}

// -- the actor's own end ------------------------------------------------------

TEST_F(child_end_test, actor_that_is_killed_takes_its_child_and_group_along) {
  auto child = start(sh("sleep 1000 & echo $!; trap '' TERM; wait"));
  auto grandchild = wait_for_number();
  caf::anon_send_exit(child, caf::exit_reason::kill);
  wait_for_down();
  EXPECT_FALSE(has_noted("ended killed 9"));
  EXPECT_TRUE(goes(pid)); // and no zombie is left
  EXPECT_TRUE(comes_to_an_end(grandchild));
  EXPECT_EQ(reason, caf::make_error(caf::exit_reason::kill));
}

TEST_F(child_end_test, actor_that_quits_takes_its_child_along) {
  auto child = start(sh("trap '' TERM; sleep 1000"));
  wait_for_start();
  in(child, [](child_process& self) { self.quit(); });
  wait_for_down();
  EXPECT_TRUE(goes(pid));
  EXPECT_EQ(noted(), strings{"started"});
}

TEST_F(child_end_test, behavior_that_throws_takes_its_child_along) {
  on_output = [](child_process&, const process_output&) {
    throw std::runtime_error{"no"};
  };
  run_to_end(sh("echo x; sleep 1000"));
  EXPECT_TRUE(goes(pid));
  EXPECT_EQ(reason, runtime::make_error(errc::handler_failed, ""));
}

TEST_F(child_end_test, behavior_that_throws_at_once_takes_its_child_along) {
  on_birth = [this](child_process& self) {
    pid = self.pid();
    throw std::runtime_error{"no"};
  };
  run_to_end(sh("sleep 1000"));
  EXPECT_TRUE(goes(pid));
}

TEST_F(child_end_test, exit_is_a_stop_and_its_reason_the_actors) {
  auto child =
      start(sh_lines("exec 2>&-; trap 'echo bye; exit 1' TERM; echo ready; "
                     "while :; do sleep 0.01; done"));
  EXPECT_TRUE(wait_for_text("ready"));
  caf::anon_send_exit(child, caf::exit_reason::user_shutdown);
  wait_for_down();
  EXPECT_EQ(noted(), (strings{"started", "output ready", "output bye",
                              "ended exited 1"}));
  EXPECT_TRUE(ended.asked);
  EXPECT_EQ(reason, caf::make_error(caf::exit_reason::user_shutdown));
}

TEST_F(child_end_test, after_stop_wait_an_exit_is_a_kill) {
  auto options = sh("trap '' TERM; echo ready; while :; do sleep 0.01; done");
  options.stop_wait = 50ms;
  auto child = start(options);
  EXPECT_TRUE(wait_for_text("ready"));
  caf::anon_send_exit(child, caf::exit_reason::user_shutdown);
  wait_for_down();
  EXPECT_EQ(ended.status, SIGKILL);
  EXPECT_EQ(reason, caf::make_error(caf::exit_reason::user_shutdown));
}

TEST_F(child_end_test, behavior_may_set_another_exit_handler) {
  on_birth = [this](child_process& self) {
    self.set_exit_handler([this](caf::exit_msg&) { note("exit"); });
  };
  auto child = start(sh_piped("cat"));
  caf::anon_send_exit(child, caf::exit_reason::user_shutdown);
  EXPECT_TRUE(until([this] { return has_noted("exit"); }));
  pass(5ms);
  EXPECT_FALSE(down);
  in(child, [](child_process& self) { self.close_input(); });
  wait_for_down();
}

TEST_F(child_end_test, loop_that_stops_stops_the_child) {
  start(sh_lines("exec 2>&-; trap 'echo bye; exit 0' TERM; echo ready; "
                 "while :; do sleep 0.01; done"));
  EXPECT_TRUE(wait_for_text("ready"));
  stop_loop();
  EXPECT_TRUE(down);
  EXPECT_EQ(noted(), (strings{"started", "output ready", "output bye",
                              "ended exited 0"}));
  EXPECT_TRUE(ended.asked);
}

TEST_F(child_end_test, child_whose_actor_has_no_turn_any_more_is_killed) {
  loop.request_stop();
  auto setup = start_process(default_process_api(), sh("sleep 1000"));
  ASSERT_TRUE(setup);
  auto number = setup->child.pid;
  runtime::spawn_on<child_process>(loop, std::move(*setup));
  stop_loop();
  EXPECT_TRUE(goes(number));
}

} // namespace
} // namespace sluice::actors::process

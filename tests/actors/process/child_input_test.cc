#include "tests/actors/process/process_case.h"

#include "runtime/limits.h"

namespace sluice::actors::process {
namespace {

namespace limits = runtime::limits;

class child_input_test : public process_case {
protected:
  static process_options cat() {
    return {.program = "/bin/cat", .input = input_mode::piped};
  }

  /// A child that leaves its input alone until it is killed.
  static process_options deaf() {
    return {.program = "/bin/sleep",
            .arguments = {"1000"},
            .input = input_mode::piped};
  }

  /// An actor that notes what it is told about its writes, each with `name`.
  caf::actor writer(std::string name) {
    return runtime::spawn_on(
        loop, [this, name](runtime::loop_actor* self) -> caf::behavior {
          return {
              [=](const caf::actor& to, const std::string& text,
                  std::uint64_t token) {
                self->send(to,
                           net::write{runtime::byte_slice::copy(text), token});
              },
              [=, this](const net::rejected& x) {
                note(name + " rejected " + std::to_string(x.bytes.size()) + " "
                     + to_string(x.reason));
              },
              [=, this](net::written x) {
                note(name + " written " + std::to_string(x.token));
              },
              [=, this](const runtime::backpressure& x) {
                note(name + " " + to_string(x.state));
              },
          };
        });
  }

  void let_write(const caf::actor& who, const caf::actor& to, std::size_t bytes,
                 std::uint64_t token = 0) {
    caf::anon_send(who, to, std::string(bytes, 'x'), token);
    settle();
  }

  void end(const caf::actor& x) {
    caf::anon_send_exit(x, caf::exit_reason::kill);
    settle();
  }
};

TEST_F(child_input_test, what_is_written_is_read_by_the_child) {
  auto child = start(cat());
  in(child, [](child_process& self) {
    EXPECT_TRUE(self.write_input("one "));
    EXPECT_TRUE(self.write_input(runtime::byte_slice::copy("two")));
  });
  EXPECT_TRUE(wait_for_text("one two"));
  in(child, [](child_process& self) { self.close_input(); });
  wait_for_down();
  EXPECT_EQ(noted(), (strings{"started", "ended exited 0"}));
}

TEST_F(child_input_test, close_input_comes_after_what_is_queued) {
  constexpr std::size_t much = 900'000; // more than a pipe holds
  on_birth = [](child_process& self) {
    EXPECT_TRUE(self.write_input(std::string(much, 'x')));
    self.close_input();
  };
  run_to_end(cat());
  EXPECT_EQ(out.size(), much);
}

TEST_F(child_input_test, token_is_told_when_the_pipe_has_the_bytes) {
  auto child = start(deaf());
  in(child, [](child_process& self) {
    self.write_input("abc", 1);
    self.write_input("", 2); // nothing to write is written
    self.write_input(std::string(60'000, 'x'), 3);
    self.write_input(std::string(30'000, 'x'), 4); // does not fit
  });
  pass(5ms);
  auto told = noted();
  std::sort(told.begin(), told.end());
  EXPECT_EQ(told, (strings{"started", "written 1", "written 2", "written 3"}));
  end(child);
}

TEST_F(child_input_test, other_actors_write_and_close_by_command) {
  auto child = start(cat());
  auto other = writer("w");
  let_write(other, child, 5, 7);
  EXPECT_TRUE(wait_for_text("xxxxx"));
  EXPECT_TRUE(until([this] { return has_noted("w written 7"); }));
  caf::anon_send(child, net::shutdown_write{});
  wait_for_down();
  EXPECT_EQ(ended.status, 0);
  end(other);
}

TEST_F(child_input_test, at_high_writers_are_told_and_below_low_again) {
  auto child = start(deaf());
  wait_for_start();
  auto other = writer("w");
  noted();
  let_write(other, child, 65'536); // the pipe takes it
  EXPECT_EQ(noted(), strings{});
  let_write(other, child, limits::write_high_bytes - 1);
  EXPECT_EQ(noted(), strings{});
  let_write(other, child, 1);
  EXPECT_EQ(noted(), strings{"w applied"});
  let_write(other, child, 1);
  EXPECT_EQ(noted(), strings{}); // once
  end(child);
  auto told = noted();
  std::sort(told.begin(), told.end());
  EXPECT_EQ(told, (strings{"w rejected 1 closed", "w rejected 1 closed",
                           "w rejected 65535 closed", "w released"}));
  end(other);
}

TEST_F(child_input_test, child_that_reads_again_releases_its_writers) {
  auto child = start(sh_piped("read x; cat >/dev/null"));
  wait_for_start();
  in(child, [](child_process& self) { self.signal(SIGSTOP); });
  auto other = writer("w");
  for (int i = 0; i < 3; ++i)
    let_write(other, child, 65'536, static_cast<std::uint64_t>(i) + 1);
  EXPECT_TRUE(has_noted("w applied"));
  EXPECT_FALSE(has_noted("w released"));
  in(child, [](child_process& self) {
    EXPECT_GT(self.queued(), 0u);
    self.signal(SIGCONT);
    self.close_input();
  });
  EXPECT_TRUE(until([this] { return has_noted("w released"); }));
  EXPECT_TRUE(until([this] { return has_noted("w written 3"); }));
  end(other);
}

TEST_F(child_input_test, write_over_the_cap_comes_back) {
  auto child = start(deaf());
  wait_for_start();
  noted();
  auto other = writer("w");
  let_write(other, child, limits::write_cap_bytes + 1);
  EXPECT_EQ(noted(), strings{"w rejected 1048577 too_large"});
  let_write(other, child, limits::write_cap_bytes);
  EXPECT_EQ(noted(), strings{"w applied"});
  let_write(other, child, 100'000);
  EXPECT_EQ(noted(), strings{"w rejected 100000 overflow"});
  end(child);
  end(other);
}

TEST_F(child_input_test, writes_in_the_mailbox_count_too) {
  auto child = start(deaf());
  wait_for_start();
  noted();
  // Ten of 200 kB from one handler: the child's actor has no turn between.
  auto flood =
      runtime::spawn_on(loop, [&](runtime::loop_actor* self) -> caf::behavior {
        return {[=, this](int) {
                  for (int i = 0; i < 10; ++i)
                    self->send(child, net::write{runtime::byte_slice::copy(
                                          std::string(200'000, 'x'))});
                  note("sent");
                },
                [this](const net::rejected& x) {
                  note("back " + to_string(x.reason));
                },
                [this](const runtime::backpressure& x) {
                  note(to_string(x.state));
                }};
      });
  caf::anon_send(flood, 1);
  settle();
  auto told = noted();
  EXPECT_EQ(std::count(told.begin(), told.end(), "back overflow"), 5);
  EXPECT_EQ(std::count(told.begin(), told.end(), "applied"), 1);
  end(child);
  end(flood);
}

TEST_F(child_input_test, full_queue_does_not_stop_the_reading) {
  // A filter that is fed more than all pipes hold, by a behavior that only
  // looks at its output when it comes.
  constexpr std::size_t much = 1'000'000;
  on_birth = [](child_process& self) {
    EXPECT_TRUE(self.write_input(std::string(much, 'x')));
  };
  auto child = start(cat());
  EXPECT_TRUE(until([this] { return out.size() == much; }));
  in(child, [](child_process& self) { self.close_input(); });
  wait_for_down();
}

TEST_F(child_input_test, child_that_does_not_read_is_left_alone) {
  // No stall deadline: nothing is armed.
  auto child = start(deaf());
  in(child,
     [](child_process& self) { self.write_input(std::string(500'000, 'x')); });
  settle();
  pass(15ms);
  EXPECT_EQ(loop.timers().size(), 0u);
  end(child);
}

TEST_F(child_input_test, input_that_is_not_piped_takes_nothing) {
  auto child = start({.program = "/bin/sleep", .arguments = {"1000"}});
  in(child, [](child_process& self) { EXPECT_FALSE(self.write_input("abc")); });
  EXPECT_TRUE(until([this] { return has_noted("rejected 3 closed"); }));
  end(child);
}

TEST_F(child_input_test, after_close_input_writes_come_back) {
  auto child = start(deaf());
  in(child, [](child_process& self) {
    self.close_input();
    EXPECT_FALSE(self.write_input("abc"));
  });
  EXPECT_TRUE(until([this] { return has_noted("rejected 3 shut_down"); }));
  end(child);
}

TEST_F(child_input_test, child_that_closes_its_input_gets_no_more) {
  auto child = start(sh_piped("exec <&-; echo closed; sleep 1000"));
  EXPECT_TRUE(wait_for_text("closed"));
  auto other = writer("w");
  let_write(other, child, 3);
  EXPECT_TRUE(until([this] { return has_noted("w rejected 3 closed"); }));
  let_write(other, child, 4);
  EXPECT_TRUE(has_noted("w rejected 4 closed"));
  EXPECT_FALSE(down); // it may go on without
  in(child, [](child_process& self) { self.stop(0ms); });
  wait_for_down();
  end(other);
}

TEST_F(child_input_test, what_is_queued_comes_back_before_the_end_is_told) {
  on_birth = [](child_process& self) {
    // The pipe takes the first one.
    self.write_input(std::string(65'536, 'x'));
    self.write_input(std::string(10'000, 'x'));
  };
  run_to_end(sh_piped("exit 0"));
  auto told = noted();
  ASSERT_GE(told.size(), 2u);
  EXPECT_EQ(told.back(), "ended exited 0");
  EXPECT_TRUE(std::find(told.begin(), told.end(), "rejected 10000 closed")
              != told.end());
}

TEST_F(child_input_test, behavior_may_quit_when_its_writes_come_back) {
  auto options = sh_piped("exit 0");
  auto child = spawn_process(loop, options,
                             [this](child_process* self) -> caf::behavior {
                               for (int i = 0; i < 4; ++i)
                                 self->write_input(std::string(50'000, 'x'));
                               return {[=, this](const net::rejected&) {
                                 note("back");
                                 self->quit();
                               }};
                             });
  ASSERT_TRUE(child);
  watch(*child);
  wait_for_down();
  EXPECT_EQ(noted(), strings{"back"});
}

TEST_F(child_input_test, write_that_crosses_with_the_end_comes_back) {
  auto child = start(deaf());
  wait_for_start();
  end(child);
  auto other = writer("w");
  noted();
  let_write(other, child, 5);
  EXPECT_EQ(noted(), strings{"w rejected 5 closed"});
  end(other);
}

} // namespace
} // namespace sluice::actors::process

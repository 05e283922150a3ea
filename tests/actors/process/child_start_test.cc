#include "tests/actors/process/process_case.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace sluice::actors::process {
namespace {

class child_start_test : public process_case {
protected:
  /// A file in the test's own directory.
  std::string write_file(const std::string& name, const std::string& text,
                         mode_t mode) {
    auto path = ::testing::TempDir() + name;
    std::ofstream{path} << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
};

// -- what it runs -------------------------------------------------------------

TEST_F(child_start_test, started_comes_first_and_ended_last) {
  run_to_end(sh_lines("echo a; echo b"));
  EXPECT_EQ(noted(),
            (strings{"started", "output a", "output b", "ended exited 0"}));
}

TEST_F(child_start_test, the_number_is_the_childs) {
  run_to_end(sh_lines("echo $$"));
  EXPECT_EQ(out, std::to_string(pid));
}

TEST_F(child_start_test, arguments_go_through_no_shell) {
  run_to_end({.program = "/bin/echo", .arguments = {"$HOME  *", "", ";'"}});
  EXPECT_EQ(out, "$HOME  *  ;'\n");
}

TEST_F(child_start_test, program_is_its_first_argument) {
  run_to_end(sh("tr '\\0' '\\n' < /proc/$$/cmdline"));
  EXPECT_EQ(out.substr(0, out.find('\n')), "/bin/sh");
}

TEST_F(child_start_test, name_without_a_slash_is_searched_in_path) {
  run_to_end({.program = "echo", .arguments = {"found"}});
  EXPECT_EQ(out, "found\n");
}

TEST_F(child_start_test, variables_are_added_or_replaced) {
  ASSERT_EQ(::setenv("sluice_kept", "1", 1), 0);
  ASSERT_EQ(::setenv("sluice_other", "2", 1), 0);
  auto options = sh("env | grep sluice_ | sort");
  options.environment = {
      {"sluice_other", "3"}, {"sluice_new", "4"}, {"sluice_new", "5=6"}};
  run_to_end(options);
  EXPECT_EQ(out, "sluice_kept=1\nsluice_new=5=6\nsluice_other=3\n");
}

TEST_F(child_start_test, it_starts_in_its_working_directory) {
  auto options = sh("pwd");
  options.working_directory = "/usr";
  run_to_end(options);
  EXPECT_EQ(out, "/usr\n");
}

TEST_F(child_start_test, without_a_working_directory_it_starts_in_ours) {
  run_to_end(sh("pwd"));
  EXPECT_EQ(out, std::filesystem::current_path().string() + "\n");
}

TEST_F(child_start_test, relative_path_counts_from_its_working_directory) {
  process_options options{.program = "bin/echo", .arguments = {"here"}};
  options.working_directory = "/usr";
  run_to_end(options);
  EXPECT_EQ(out, "here\n");
}

// -- what it gets from us -----------------------------------------------------

TEST_F(child_start_test, input_that_is_not_piped_is_dev_null) {
  run_to_end(sh("readlink /proc/$$/fd/0; cat"));
  EXPECT_EQ(out, "/dev/null\n");
}

TEST_F(child_start_test, it_has_none_of_our_descriptors) {
  // Not even one that is not close-on-exec.
  auto leaky = ::open("/dev/null", O_RDONLY);
  ASSERT_GT(leaky, 2);
  on_birth = [](child_process& self) { self.write_input("x"); };
  start({.program = "/bin/cat", .input = input_mode::piped});
  EXPECT_TRUE(wait_for_text("x")); // it has loaded its libraries
  strings found;
  std::filesystem::directory_iterator all{"/proc/" + std::to_string(pid)
                                          + "/fd"};
  for (auto& x : all)
    found.push_back(x.path().filename());
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found, (strings{"0", "1", "2"}));
  ::close(leaky);
}

TEST_F(child_start_test, closed_standard_descriptors_of_ours_do_no_harm) {
  auto kept = ::dup(0);
  ASSERT_EQ(::close(0), 0);
  auto options = sh_piped("cat; echo -n err >&2");
  on_birth = [](child_process& self) {
    self.write_input("in");
    self.close_input();
  };
  run_to_end(options);
  EXPECT_EQ(out, "in");
  EXPECT_EQ(err, "err");
  ASSERT_EQ(::dup2(kept, 0), 0);
  ::close(kept);
}

TEST_F(child_start_test, no_signal_is_blocked_or_ignored) {
  auto before = ::signal(SIGHUP, SIG_IGN);
  // SIGPIPE is blocked here.
  run_to_end({.program = "grep",
              .arguments = {"-E", "Sig(Blk|Ign)", "/proc/self/status"}});
  ::signal(SIGHUP, before);
  EXPECT_EQ(out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(child_start_test, it_has_its_own_process_group) {
  run_to_end(sh("echo $(($(cut -d' ' -f5 /proc/$$/stat) - $$))"));
  EXPECT_EQ(out, "0\n");
}

TEST_F(child_start_test, it_outlives_the_thread_that_asked_for_it) {
  std::thread{[this] { start(sh_piped("cat")); }}.join();
  wait_for_start();
  // The kernel would have killed it by now: it does when the thread ends.
  EXPECT_FALSE(has_ended(pid));
}

// -- errors -------------------------------------------------------------------

TEST_F(child_start_test, path_that_is_not_there_is_named) {
  EXPECT_EQ(refusal({.program = "/no/such"}, errc::process_not_started),
            "process '/no/such': execve: No such file or directory (ENOENT)");
}

TEST_F(child_start_test, name_that_is_not_in_path_is_named) {
  EXPECT_EQ(refusal({.program = "no-such-program"}, errc::process_not_started),
            "process 'no-such-program': search in PATH: No such file or "
            "directory (ENOENT)");
}

TEST_F(child_start_test, file_that_cannot_be_run_is_named) {
  auto path = write_file("not_executable", "#!/bin/sh\n", 0644);
  EXPECT_EQ(refusal({.program = path}, errc::process_not_started),
            "process '" + path + "': execve: Permission denied (EACCES)");
}

TEST_F(child_start_test, file_in_path_that_cannot_be_run_is_named) {
  write_file("not_executable", "#!/bin/sh\n", 0644);
  std::string before = ::getenv("PATH");
  ::setenv("PATH", (before + ":" + ::testing::TempDir()).c_str(), 1);
  EXPECT_EQ(refusal({.program = "not_executable"}, errc::process_not_started),
            "process 'not_executable': search in PATH: Permission denied "
            "(EACCES)");
  ::setenv("PATH", before.c_str(), 1);
}

TEST_F(child_start_test, script_without_its_interpreter_is_not_there) {
  auto path = write_file("bad_script", "#!/no/interpreter\n", 0755);
  EXPECT_EQ(refusal({.program = path}, errc::process_not_started),
            "process '" + path
                + "': execve: No such file or directory (ENOENT)");
}

TEST_F(child_start_test, working_directory_that_is_not_there_is_named) {
  auto options = sh("true");
  options.working_directory = "/no/such";
  EXPECT_EQ(refusal(options, errc::process_not_started),
            "process '/bin/sh': chdir to '/no/such': No such file or directory "
            "(ENOENT)");
}

TEST_F(child_start_test, program_that_ignores_sigchld_starts_no_child) {
  auto before = ::signal(SIGCHLD, SIG_IGN);
  EXPECT_EQ(refusal(sh("true"), errc::process_not_started),
            "process '/bin/sh': SIGCHLD is ignored: No child processes "
            "(ECHILD)");
  ::signal(SIGCHLD, before);
}

TEST_F(child_start_test, bad_option_is_named_and_nothing_started) {
  auto options = sh("true");
  options.line_bytes_max = 0;
  EXPECT_EQ(refusal(options, errc::bad_setting),
            "line_bytes_max (0) is not between 1 and 16777216");
}

TEST_F(child_start_test, failed_starts_leave_nothing_behind) {
  refusal({.program = "/no/such"}, errc::process_not_started);
  wait_for_keeper();
  auto before = open_descriptors();
  for (int i = 0; i < 50; ++i)
    refusal({.program = "/no/such"}, errc::process_not_started);
  EXPECT_EQ(open_descriptors(), before);
  // No child is left, not even a zombie.
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST_F(child_start_test, without_descriptors_a_start_fails_whole) {
  refusal({.program = "/no/such"}, errc::process_not_started);
  wait_for_keeper();
  auto before = open_descriptors();
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  auto highest = ::dup(0);
  ::close(highest);
  // One more each time, until it works: each of the calls has failed once.
  auto first = static_cast<rlim_t>(highest);
  strings texts;
  for (rlim_t i = 0; i < 20; ++i) {
    rlimit less{first + i, limit.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &less), 0);
    auto api = start_process(default_process_api(), sh_piped("cat"));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (api) {
      default_process_api().signal_group(api->child, SIGKILL);
      default_process_api().reap_later(std::move(api->child.handle));
      break;
    }
    EXPECT_EQ(open_descriptors(), before);
    texts.push_back(runtime::to_text(api.error()));
  }
  EXPECT_GE(texts.size(), 8u);
  EXPECT_LT(texts.size(), 20u);
  for (auto& x : texts)
    EXPECT_TRUE(x.ends_with("Too many open files (EMFILE)")) << x;
}

TEST_F(child_start_test, two_hundred_starts_leak_no_descriptor) {
  run_to_end(sh("true"));
  wait_for_keeper();
  auto before = open_descriptors();
  for (int i = 0; i < 200; ++i) {
    down = false;
    run_to_end({.program = "/bin/true", .input = input_mode::piped});
    ASSERT_EQ(to_string(ended.how), "exited");
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

} // namespace
} // namespace sluice::actors::process

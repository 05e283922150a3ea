// The process that owns a child dies without a word. This program is also that
// process: when it is told so by a variable.

#include "net/config.h"
#include "runtime/loop_group.h"
#include "tests/actors/process/process_case.h"

#include <cstdio>
#include <cstdlib>
#include <future>

namespace sluice::actors::process {
namespace {

constexpr auto role = "SLUICE_TEST_ROLE";

/// Starts a child from a loop's thread, tells its number, waits for its end.
int be_the_owner() {
  net::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  std::promise<void> over;
  auto child =
      spawn_process(loops.at(0), {.program = "sleep", .arguments = {"1000"}},
                    [&](child_process*) -> caf::behavior {
                      return {
                          [](process_started x) {
                            std::printf("child %d\n", x.pid);
                            std::fflush(stdout);
                          },
                          [&](const process_ended&) { over.set_value(); },
                      };
                    });
  if (!child)
    return EXIT_FAILURE;
  over.get_future().wait();
  return EXIT_SUCCESS;
}

class child_owner_test : public process_case {
protected:
  /// Starts an owner; returns it and the number of its child.
  std::pair<caf::actor, pid_t> start_owner() {
    process_options options{.program =
                                std::filesystem::read_symlink("/proc/self/exe"),
                            .environment = {{role, "owner"}}};
    options.framing = output_framing::lines;
    auto owner = start(options);
    EXPECT_TRUE(wait_for_text("child "));
    return {owner, static_cast<pid_t>(std::atoi(out.c_str() + 6))};
  }
};

TEST_F(child_owner_test, when_its_owners_process_is_killed_so_is_the_child) {
  auto [owner, child] = start_owner();
  EXPECT_FALSE(has_ended(child));
  // The child has its own group: nothing of ours hits it.
  in(owner, [](child_process& self) { self.signal(SIGKILL); });
  wait_for_down();
  EXPECT_TRUE(until([child = child] { return has_ended(child); }));
}

TEST_F(child_owner_test, when_its_owners_process_ends_so_does_the_child) {
  auto [owner, child] = start_owner();
  in(owner, [](child_process& self) { self.signal(SIGTERM); });
  wait_for_down();
  EXPECT_TRUE(until([child = child] { return has_ended(child); }));
}

} // namespace
} // namespace sluice::actors::process

int main(int argc, char** argv) {
  if (std::getenv(sluice::actors::process::role) != nullptr)
    return sluice::actors::process::be_the_owner();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

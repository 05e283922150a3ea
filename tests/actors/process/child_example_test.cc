// The example of docs/supervision.md.

#include "actors/process/child_process.h"
#include "actors/supervisor.h"
#include "net/config.h"
#include "runtime/loop_group.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::actors {
namespace {

// [program]
caf::behavior sorter(process::child_process* self, caf::actor log) {
  self->write_input("pear\napple\n");
  self->close_input();
  return {
      [=](process::process_output& line) { self->send(log, line.bytes); },
      [=](const process::process_ended& x) { self->send(log, x.status); },
  };
}
// [/program]

TEST(child_example_test, sorter_sorts_and_ends) {
  net::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 1}};
  auto& loop = loops.at(0);
  caf::scoped_actor self{sys};
  caf::actor log = self;
  // [supervised]
  auto jobs = sys.spawn<supervisor>(
      supervisor_options{.name = "jobs"},
      std::vector<child_spec>{
          {.name = "sorter",
           .start =
               [&](auto*) {
                 process::process_options options{.program = "sort"};
                 options.input = process::input_mode::piped;
                 options.framing = process::output_framing::lines;
                 return process::spawn_process(loop, options, sorter, log);
               },
           .type = restart::transient},
      });
  // [/supervised]
  std::vector<std::string> lines;
  for (auto over = false; !over;)
    self->receive(
        [&](const runtime::byte_slice& x) { lines.push_back(x.str()); },
        [&](int status) {
          EXPECT_EQ(status, 0);
          over = true;
        },
        caf::after(std::chrono::seconds{20}) >>
            [&] {
              ADD_FAILURE() << "nothing comes";
              over = true;
            });
  EXPECT_EQ(lines, (std::vector<std::string>{"apple", "pear"}));
  self->send_exit(jobs, caf::exit_reason::user_shutdown);
  self->wait_for(jobs);
}

} // namespace
} // namespace sluice::actors

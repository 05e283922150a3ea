#include "runtime/loop_group.h"

#include "runtime/limits.h"
#include "runtime/loop_actor.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/settings.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

using caf::behavior;

// Long enough for any machine: reached only if the test fails.
constexpr auto for_ever = 60s;

std::size_t cores() {
  return std::max(1u, std::thread::hardware_concurrency());
}

class loop_group_test : public testing::Test {
protected:
  /// As if it stood in the configuration file.
  template <class T>
  void set(const char* name, T value) {
    caf::put(cfg.content, name, value);
  }

  caf::actor_system_config cfg;
};

TEST_F(loop_group_test, one_loop_per_core_by_default) {
  caf::actor_system sys{cfg};
  loop_group loops{sys};
  EXPECT_EQ(loops.size(), cores());
  EXPECT_EQ(&loops.system(), &sys);
}

TEST_F(loop_group_test, number_of_loops_is_a_setting) {
  set("sluice.loops", 3);
  caf::actor_system sys{cfg};
  loop_group loops{sys};
  EXPECT_EQ(loops.size(), 3u);
}

TEST_F(loop_group_test, setting_that_is_no_number_is_not_taken) {
  set("sluice.loops", -3);
  caf::actor_system sys{cfg};
  loop_group loops{sys};
  EXPECT_EQ(loops.size(), cores());
}

TEST_F(loop_group_test, options_of_the_program_beat_the_settings) {
  set("sluice.loops", 3);
  caf::actor_system sys{cfg};
  loop_group loops{sys, {2, 10us}};
  EXPECT_EQ(loops.size(), 2u);
}

TEST_F(loop_group_test, loops_have_names) {
  caf::actor_system sys{cfg};
  loop_group loops{sys, {3, 0us}};
  EXPECT_EQ(loops.at(0).name(), "loop-0");
  EXPECT_EQ(loops.find("loop-2"), &loops.at(2));
  EXPECT_EQ(loops.find("loop-3"), nullptr);
  EXPECT_EQ(loops.find(""), nullptr);
}

TEST_F(loop_group_test, next_takes_the_loops_in_turn) {
  caf::actor_system sys{cfg};
  loop_group loops{sys, {3, 0us}};
  for (int round = 0; round < 2; ++round)
    for (std::size_t i = 0; i < 3; ++i)
      EXPECT_EQ(&loops.next(), &loops.at(i));
}

TEST_F(loop_group_test, every_loop_is_a_thread_of_its_own) {
  caf::actor_system sys{cfg};
  loop_group loops{sys, {3, 0us}};
  caf::scoped_actor self{sys};
  for (std::size_t i = 0; i < 3; ++i) {
    auto a = spawn_on(loops.at(i), [&, i](loop_actor*) -> behavior {
      return {[&, i](int) {
        int mine = 0;
        for (std::size_t k = 0; k < 3; ++k)
          if (loops.at(k).in_loop())
            mine += k == i ? 1 : 10;
        return mine;
      }};
    });
    self->request(a, for_ever, 0)
        .receive([](int mine) { EXPECT_EQ(mine, 1); },
                 [&](caf::error& x) { FAIL() << sys.render(x); });
    EXPECT_FALSE(loops.at(i).in_loop());
  }
}

TEST_F(loop_group_test, stop_ends_the_actors_and_may_be_called_twice) {
  caf::actor_system sys{cfg};
  loop_group loops{sys, {2, 0us}};
  caf::scoped_actor self{sys};
  auto a = spawn_on(loops.at(0), [](loop_actor*) -> behavior {
    return {[](int x) { return x; }};
  });
  self->monitor(a);
  loops.stop();
  loops.stop();
  self->receive([](const caf::down_msg& x) {
    EXPECT_EQ(x.reason, caf::exit_reason::user_shutdown);
  });
  EXPECT_EQ(loops.at(0).residents(), 0u);
}

TEST_F(loop_group_test, other_threads_are_not_taken_for_a_loop_that_ended) {
  caf::actor_system sys{cfg};
  loop_group loops{sys, {1, 0us}};
  loops.stop();
  // The system likes to give the id of the last thread to the next one.
  for (int i = 0; i < 10; ++i)
    std::thread{[&] { EXPECT_FALSE(loops.at(0).in_loop()); }}.join();
}

TEST_F(loop_group_test, spinning_loops_work_alike) {
  caf::actor_system sys{cfg};
  loop_group loops{sys, {1, 100us}};
  caf::scoped_actor self{sys};
  auto a = spawn_on(loops.at(0), [](loop_actor* me) -> behavior {
    return {[](int x) { return x + 1; },
            [me](const std::string& x) {
              auto promise = me->make_response_promise<std::string>();
              me->request(caf::actor{me}, caf::infinite, 1)
                  .then([promise, x](int) mutable { promise.deliver(x); });
              return promise;
            }};
  });
  for (int i = 0; i < 100; ++i)
    self->request(a, for_ever, i)
        .receive([&](int x) { EXPECT_EQ(x, i + 1); },
                 [&](caf::error& x) { FAIL() << sys.render(x); });
  self->request(a, for_ever, "text")
      .receive([](const std::string& x) { EXPECT_EQ(x, "text"); },
               [&](caf::error& x) { FAIL() << sys.render(x); });
}

TEST_F(loop_group_test, spin_is_a_setting) {
  set("sluice.loops", 1);
  set("sluice.spin", caf::timespan{50us});
  caf::actor_system sys{cfg};
  loop_group loops{sys};
  EXPECT_EQ(loops.at(0).options().spin, 50us);
}

} // namespace
} // namespace sluice::runtime

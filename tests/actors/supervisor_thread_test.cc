// Supervisors with real threads: children on the scheduler, detached and pinned
// to loops fail and are restarted while others ask for them.

#include "actors/config.h"
#include "actors/exit_reasons.h"
#include "actors/supervisor.h"
#include "runtime/loop_actor.h"
#include "runtime/loop_group.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace sluice::actors {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t children_of_each = 6;

/// Counts the incarnations of one child that are alive.
class presence {
public:
  explicit presence(std::atomic<int>& count) : count_(&count) {
    EXPECT_EQ(count_->fetch_add(1), 0) << "a second incarnation";
  }
  presence(const presence&) = delete;
  presence& operator=(const presence&) = delete;
  ~presence() { count_->fetch_sub(1); }

private:
  std::atomic<int>* count_;
};

/// Ends at the third message. `here` lives as long as the behavior does.
template <class Self>
caf::behavior worker(Self* self, std::atomic<int>* count) {
  auto here = std::make_shared<presence>(*count);
  auto left = std::make_shared<int>(3);
  return {
      [self, left, here](int) {
        if (--*left == 0)
          self->quit(caf::exit_reason::unknown);
      },
  };
}

/// Asks for a child and sends it something, again and again.
caf::behavior poker(caf::event_based_actor* self, caf::actor top,
                    std::size_t which) {
  self->set_default_handler(caf::drop);
  self->send(self, caf::ok_atom::value);
  return {
      [=](caf::ok_atom) {
        auto again = [=] { self->send(self, caf::ok_atom::value); };
        self->request(top, caf::infinite, find_child{std::to_string(which)})
            .then(
                [=](const caf::actor& x) {
                  self->send(x, 1);
                  again();
                },
                [=](caf::error& why) {
                  if (is(why, runtime::errc::child_not_running))
                    again();
                  else
                    self->quit(); // the supervisor has ended
                });
      },
  };
}

/// Ends the system before the counts are gone.
struct scene {
  std::array<std::atomic<int>, 3 * children_of_each> alive{};
  config cfg;
  caf::actor_system system{cfg};
  runtime::loop_group loops{system, {.loops = 2}};
};

std::vector<child_spec> workers(scene& s) {
  std::vector<child_spec> result;
  for (std::size_t i = 0; i < s.alive.size(); ++i) {
    auto count = &s.alive[i];
    auto loop = &s.loops.next();
    child_factory pooled = [=](caf::event_based_actor* p) -> caf::actor {
      return p->spawn(worker<caf::event_based_actor>, count);
    };
    child_factory detached = [=](caf::event_based_actor* p) -> caf::actor {
      return p->spawn<caf::detached>(worker<caf::event_based_actor>, count);
    };
    child_factory pinned = [=](caf::event_based_actor*) -> caf::actor {
      return runtime::spawn_on(*loop, worker<runtime::loop_actor>, count);
    };
    result.push_back({.name = std::to_string(i),
                      .start = std::array{pooled, detached, pinned}[i % 3]});
  }
  return result;
}

class supervisor_thread_test : public ::testing::TestWithParam<strategy> {};

TEST_P(supervisor_thread_test, children_fail_and_come_back_until_the_end) {
  // A failure takes all children with it or only one.
  auto wanted = GetParam() == strategy::one_for_one ? 500 : 30;
  std::promise<void> enough;
  std::promise<void> ended;
  scene s;
  auto observer = s.system.spawn([&](caf::event_based_actor* self) {
    self->set_default_handler(caf::drop);
    auto count = std::make_shared<int>(0);
    return caf::behavior{[=, &enough](const child_restarting&) {
      if (++*count == wanted)
        enough.set_value();
    }};
  });
  auto top = s.system.spawn<supervisor>(
      supervisor_options{
          .strategy = GetParam(),
          .limits = {.restarts = 1'000'000, .window = 1h},
          .backoff = {.first = 0ms, .max = 0ms},
          .observers = {observer},
      },
      workers(s));
  caf::actor_cast<caf::abstract_actor*>(top)->attach_functor(
      [&](const caf::error&) { ended.set_value(); });
  for (std::size_t i = 0; i < s.alive.size(); ++i)
    s.system.spawn(poker, top, i);
  EXPECT_EQ(enough.get_future().wait_for(100s), std::future_status::ready);
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  EXPECT_EQ(ended.get_future().wait_for(100s), std::future_status::ready);
  for (auto& x : s.alive)
    EXPECT_EQ(x, 0);
  caf::anon_send_exit(observer, caf::exit_reason::user_shutdown);
}

INSTANTIATE_TEST_SUITE_P(each, supervisor_thread_test,
                         ::testing::Values(strategy::one_for_one,
                                           strategy::one_for_all,
                                           strategy::rest_for_one),
                         [](auto& x) { return to_string(x.param); });

} // namespace
} // namespace sluice::actors

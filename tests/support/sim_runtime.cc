#include "tests/support/sim_runtime.h"

#include "runtime/panic.h"

#include <caf/resumable.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace sluice::testing {

namespace {

constexpr std::size_t steps_to_end_max = 10'000'000;

class system_environment : public ::testing::Environment {
public:
  void SetUp() override { system_ = std::make_unique<sim_system>(); }
  void TearDown() override { system_.reset(); }
  sim_system& system() { return *system_; }

private:
  std::unique_ptr<sim_system> system_;
};

// GoogleTest owns it.
auto* const environment = static_cast<system_environment*>(
    ::testing::AddGlobalTestEnvironment(new system_environment));

} // namespace

sim_system::config::config() {
  set("scheduler.policy", caf::atom("testing"));
}

sim_system::sim_system()
    : system_(config_),
      scheduler_(dynamic_cast<caf::scheduler::test_coordinator&>(
          system_.scheduler())) {
}

sim_system& sim_system::shared() {
  return environment->system();
}

sim_runtime::sim_runtime(sim_world& world, std::size_t loops)
    : system_(sim_system::shared()),
      world_(world),
      clock_(world),
      sockets_(world) {
  for (std::size_t i = 0; i < loops; ++i) {
    auto poll = std::make_unique<sim_poller>(world);
    pollers_.push_back(poll.get());
    loops_.push_back(std::make_unique<runtime::event_loop>(
        system_.get(), runtime::loop_seam{&clock_, std::move(poll), &sockets_},
        runtime::loop_options{.name = "loop-" + std::to_string(i)}));
    loops_.back()->adopt_this_thread();
  }
}

sim_runtime::~sim_runtime() {
  for (auto& loop : loops_)
    loop->request_stop();
  auto ended = [this] {
    return std::all_of(loops_.begin(), loops_.end(),
                       [](auto& loop) { return loop->finished(); });
  };
  for (std::size_t i = 0; !ended(); ++i) {
    runtime::check(i < steps_to_end_max && step(),
                   "actors of a simulated run do not end");
  }
  while (!system_.scheduler().jobs.empty())
    system_.scheduler().run_once();
}

bool sim_runtime::busy(std::size_t i) {
  auto& loop = *loops_[i];
  auto due = loop.next_deadline();
  return !pollers_[i]->idle() || loop.has_ready()
         || (due && *due <= world_.now());
}

/// Gives somebody a turn who has something to do; false if nobody has.
bool sim_runtime::run_someone() {
  auto& jobs = system_.scheduler().jobs;
  std::vector<std::size_t> able;
  for (std::size_t i = 0; i < loops_.size(); ++i)
    if (busy(i))
      able.push_back(i);
  auto choices = able.size() + jobs.size();
  if (choices == 0)
    return false;
  auto choice = world_.random().below(choices);
  if (choice < able.size()) {
    world_.note("loop", static_cast<std::int64_t>(able[choice]));
    loops_[able[choice]]->run_once(false);
  } else {
    std::swap(jobs[choice - able.size()], jobs.front());
    world_.note("actor");
    system_.scheduler().run_once();
  }
  return true;
}

bool sim_runtime::anyone_able() {
  for (std::size_t i = 0; i < loops_.size(); ++i)
    if (busy(i))
      return true;
  return system_.scheduler().has_job();
}

std::optional<runtime::time_point> sim_runtime::next_time() {
  auto result = world_.next_event_time();
  auto consider = [&](runtime::time_point t) {
    result = result ? std::min(*result, t) : t;
  };
  for (auto& loop : loops_)
    if (auto due = loop->next_deadline())
      consider(*due);
  auto& schedule = system_.scheduler().clock().schedule();
  if (!schedule.empty())
    consider(schedule.begin()->first);
  return result;
}

bool sim_runtime::step() {
  auto& clock = system_.scheduler().clock();
  clock.current_time = world_.now();
  if (!run_someone()) {
    auto next = next_time();
    if (!next)
      return false;
    world_.advance_to(std::max(*next, world_.now()));
    clock.current_time = world_.now();
    while (!clock.schedule().empty()
           && clock.schedule().begin()->first <= world_.now())
      clock.trigger_timeout();
  }
  if (after_step)
    after_step();
  return true;
}

bool sim_runtime::until(const std::function<bool()>& done, std::size_t limit) {
  for (std::size_t i = 0; i < limit; ++i) {
    if (done())
      return true;
    if (!step())
      return done();
  }
  return false;
}

void sim_runtime::during(runtime::duration span) {
  auto end = world_.now() + span;
  auto due = [&] {
    auto next = next_time();
    return anyone_able() || (next && *next <= end);
  };
  while (due())
    step();
  world_.advance_to(end);
}

} // namespace sluice::testing

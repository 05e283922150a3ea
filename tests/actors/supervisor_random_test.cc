// Supervisors through thousands of seeds: children that fail, end, hang on and
// cannot be started, commands and ends at any time; and an oracle that knows
// what must never happen.

#include "actors/exit_reasons.h"
#include "actors/supervisor.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"
#include "tests/support/sim_runtime.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace sluice::actors {
namespace {

using namespace std::chrono_literals;
using runtime::errc;
using testing::random_source;

/// What is known of a run; children and the observer write it down.
struct story {
  random_source random;
  strategy how = strategy::one_for_one;
  restart_limits limits{};
  /// Commands start and end single children, out of the order.
  bool commands = false;
  bool calm = false; // from now on nothing fails
  bool stop_sent = false;
  bool kill_sent = false;
  bool ended = false;
  bool gave_up = false;
  caf::error end_reason{};
  std::map<std::string, int> alive{}; // incarnations by name
  std::map<std::string, caf::actor> handles{};
  std::vector<runtime::time_point> restarts{};
  std::map<std::string, bool> told_up{}; // what the observer believes
  std::map<std::string, std::uint64_t> told_starts{};
  std::function<runtime::time_point()> now{};

  bool in_order() const { return how != strategy::one_for_one && !commands; }

  int alive_after(const std::string& name) const {
    int result = 0;
    for (auto i = alive.upper_bound(name); i != alive.end(); ++i)
      result += i->second;
    return result;
  }

  int all_alive() const {
    int result = 0;
    for (auto& x : alive)
      result += x.second;
    return result;
  }

  void on_start(const std::string& name) {
    EXPECT_FALSE(ended) << name;
    EXPECT_EQ(++alive[name], 1) << "a second incarnation of " << name;
    if (in_order()) {
      EXPECT_EQ(alive_after(name), 0) << name << " was started too early";
    }
  }

  void on_asked(const std::string& name) {
    if (in_order()
        || (stop_sent && !commands && how == strategy::one_for_one)) {
      EXPECT_EQ(alive_after(name), 0) << name << " was ended too early";
    }
  }

  void on_restart(runtime::duration delay) {
    auto t = now();
    EXPECT_GE(delay, 0s);
    restarts.push_back(t);
    auto recent = std::count_if(restarts.begin(), restarts.end(),
                                [&](auto x) { return t - x < limits.window; });
    EXPECT_LE(static_cast<std::size_t>(recent), limits.restarts);
  }
};

using story_ptr = std::shared_ptr<story>;

class random_child : public caf::event_based_actor {
public:
  random_child(caf::actor_config& cfg, std::string name, story_ptr tale,
               unsigned manners)
      : caf::event_based_actor(cfg),
        name_(std::move(name)),
        tale_(std::move(tale)),
        manners_(manners) {
    tale_->on_start(name_);
  }

  caf::behavior make_behavior() override {
    set_exit_handler([this](caf::exit_msg& x) {
      tale_->on_asked(name_);
      if (manners_ < 5)
        quit(x.reason);
      else if (manners_ < 8)
        delayed_send(this, tale_->random.between(1ms, 1500ms), 1);
      // else it waits to be killed
    });
    if (!tale_->calm && tale_->random.per_mille(200))
      quit(caf::exit_reason::unknown); // in its first moment
    return {
        [this](int x) {
          if (x == 1)
            quit();
          else
            quit(runtime::make_error(errc::handler_failed, "it failed"));
        },
    };
  }

  void on_exit() override { --tale_->alive[name_]; }

private:
  std::string name_;
  story_ptr tale_;
  unsigned manners_;
};

child_spec random_spec(const story_ptr& tale, const std::string& name) {
  auto& random = tale->random;
  child_spec result{.name = name,
                    .start = {},
                    .type = static_cast<restart>(random.below(3)),
                    .shutdown = random.between(0ms, 1s)};
  auto failing = static_cast<unsigned>(random.below(3) * 150);
  auto manners = static_cast<unsigned>(random.below(10));
  result.start = [=](caf::event_based_actor* p) -> caf::expected<caf::actor> {
    if (!tale->calm && tale->random.per_mille(failing)) {
      if (tale->random.per_mille(500))
        throw std::runtime_error("no luck");
      return caf::actor{};
    }
    auto x = p->spawn<random_child>(name, tale, manners);
    tale->handles[name] = x;
    return x;
  };
  return result;
}

caf::behavior random_observer(caf::event_based_actor*, story_ptr tale) {
  return {
      [=](const child_started& x) {
        EXPECT_FALSE(std::exchange(tale->told_up[x.name], true)) << x.name;
      },
      [=](const child_down& x) {
        if (!is(x.reason, errc::child_start_failed)) {
          EXPECT_TRUE(std::exchange(tale->told_up[x.name], false)) << x.name;
        }
      },
      [=](const child_restarting& x) {
        EXPECT_FALSE(tale->told_up[x.name]);
        EXPECT_GE(x.attempt, 1u);
      },
      [=](const child_stuck& x) { ADD_FAILURE() << x.name << " is stuck"; },
      [=](const supervisor_gave_up& x) {
        EXPECT_TRUE(is(x.reason, errc::supervisor_gave_up));
        EXPECT_FALSE(std::exchange(tale->gave_up, true));
      },
  };
}

/// Names in the order of the start, also of those that are added.
std::string name_of(std::size_t i) {
  return {static_cast<char>('a' + i / 26), static_cast<char>('a' + i % 26)};
}

class random_run {
public:
  explicit random_run(std::uint64_t seed)
      : world_{seed, testing::sim_settings::calm()},
        run_{world_},
        tale_(std::make_shared<story>(story{world_.random().fork()})) {
    auto& t = *tale_;
    t.now = [this] { return world_.now(); };
    t.how = static_cast<strategy>(t.random.below(3));
    t.commands = t.random.per_mille(400);
    t.limits = {.restarts = t.random.below(8),
                .window = t.random.between(1ms, 5s)};
    start();
  }

  void go() {
    auto& t = *tale_;
    auto ends = t.random.below(4); // 0: stop, 1: kill, 2, 3: neither
    auto steps = t.random.between(1, 40);
    for (std::uint64_t i = 0; i < steps && !t.ended; ++i) {
      run_.during(t.random.between(0ms, t.random.per_mille(500) ? 50ms : 1s));
      poke();
    }
    t.calm = true;
    if (ends < 2 && !t.ended) {
      auto kill = ends == 1;
      (kill ? t.kill_sent : t.stop_sent) = true;
      caf::anon_send_exit(top_, kill ? caf::exit_reason::kill
                                     : caf::exit_reason::user_shutdown);
    }
    run_.during(200s); // longer than any backoff and deadline
    check_end(ends < 2);
    finish();
  }

private:
  void start() {
    auto& t = *tale_;
    observer_ = run_.system().spawn(random_observer, tale_);
    supervisor_options how{.name = "top",
                           .strategy = t.how,
                           .limits = t.limits,
                           .backoff = {.first = t.random.between(0ms, 500ms),
                                       .factor = 2,
                                       .max = 3s,
                                       .jitter = 0.5,
                                       .settled = t.random.between(0ms, 5s)},
                           .random = std::mt19937_64{t.random.next()},
                           .observers = {observer_}};
    auto count = t.random.below(6);
    std::vector<child_spec> children;
    for (; names_ < count; ++names_)
      children.push_back(random_spec(tale_, name_of(names_)));
    // An observer sees events late; times are written down where they arise.
    how.random = [tale = tale_, inner = how.random] {
      tale->on_restart(0s);
      return inner();
    };
    top_ = run_.system().spawn<supervisor>(how, children);
    caf::actor_cast<caf::abstract_actor*>(top_)->attach_functor(
        [tale = tale_](const caf::error& why) {
          tale->ended = true;
          tale->end_reason = why;
          if (!tale->kill_sent) {
            EXPECT_EQ(tale->all_alive(), 0) << "it ended before its children";
          }
        });
  }

  /// Something happens to a child, or somebody asks for something.
  void poke() {
    auto& t = *tale_;
    if (names_ == 0 && !t.commands)
      return;
    auto name = name_of(t.random.below(names_ + 1));
    if (!t.commands || t.random.per_mille(500)) {
      auto& child = t.handles[name];
      if (t.random.per_mille(150))
        caf::anon_send_exit(child, caf::exit_reason::kill);
      else
        caf::anon_send(child, static_cast<int>(t.random.below(3)));
      return;
    }
    switch (t.random.below(5)) {
    case 0:
      caf::anon_send(top_, stop_child{name});
      break;
    case 1:
      caf::anon_send(top_, remove_child{name});
      break;
    case 2:
    case 3:
      caf::anon_send(top_, restart_child{name});
      break;
    default:
      if (names_ < 100)
        caf::anon_send(top_, add_child{random_spec(tale_, name_of(names_++))});
    }
  }

  void check_end(bool told_to_end) {
    auto& t = *tale_;
    if (told_to_end) {
      EXPECT_TRUE(t.ended);
    }
    if (t.ended) {
      EXPECT_EQ(t.all_alive(), 0) << "something outlived the supervisor";
      EXPECT_TRUE(told_to_end || t.gave_up);
      if (!t.kill_sent) {
        EXPECT_EQ(is(t.end_reason, errc::supervisor_gave_up), t.gave_up);
      }
      return;
    }
    bool asked = false;
    auto asker =
        run_.system().spawn([&, top = top_](caf::event_based_actor* self) {
          self->request(top, caf::infinite, list_children{})
              .then([&](const std::vector<child_info>& all) {
                asked = true;
                check_list(all);
              });
        });
    run_.during(1s);
    EXPECT_TRUE(asked);
  }

  /// When all is quiet, nothing waits for anything.
  void check_list(const std::vector<child_info>& all) {
    std::size_t running = 0;
    for (auto& x : all) {
      EXPECT_NE(x.state, child_state::waiting) << x.name;
      EXPECT_NE(x.state, child_state::stopping) << x.name;
      EXPECT_NE(x.state, child_state::stuck) << x.name;
      auto up = x.state == child_state::running;
      running += up ? 1 : 0;
      EXPECT_EQ(tale_->alive[x.name], up ? 1 : 0) << x.name;
      EXPECT_EQ(tale_->told_up[x.name], up) << x.name;
    }
    EXPECT_EQ(static_cast<std::size_t>(tale_->all_alive()), running);
  }

  void finish() {
    tale_->kill_sent = true;
    caf::anon_send_exit(top_, caf::exit_reason::kill);
    caf::anon_send_exit(observer_, caf::exit_reason::kill);
    tale_->handles.clear();
    run_.during(200s);
    EXPECT_EQ(tale_->all_alive(), 0);
  }

  testing::sim_world world_;
  testing::sim_runtime run_;
  story_ptr tale_;
  caf::actor top_;
  caf::actor observer_;
  std::size_t names_ = 0;
};

TEST(supervisor_random_test, whatever_happens_the_rules_hold) {
  testing::for_each_seed(5'000,
                         [](std::uint64_t seed) { random_run{seed}.go(); });
}

} // namespace
} // namespace sluice::actors

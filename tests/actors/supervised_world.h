#pragma once

// supervised_world: a supervisor, its children and an observer in a simulated
// run; and what became of them, in order, as lines of text:
//
//   + a    the factory of child a was called
//   > a    child a was asked to end
//   - a    child a has ended (nothing of it runs any more)
//   started a 1, down a {reason}, restarting a 100ms 1, stuck a, gave_up a
//          what the observer was told
//
// For tests. Thread rule: one thread. Lifetime: everything ends with it.

#include "actors/exit_reasons.h"
#include "actors/supervisor.h"
#include "runtime/error.h"
#include "tests/support/sim_runtime.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace sluice::actors {

using namespace std::chrono_literals;
using runtime::errc;
using strings = std::vector<std::string>;
using notes = std::shared_ptr<strings>;

/// What a child is told: "fail", "throw", or "done", which is an orderly end.
using word = std::string;

/// What a child does when it is asked to end.
enum class manners {
  obedient, // ends
  slow,     // ends after 1 s
  stubborn, // does not end until it is killed
  deaf,     // awaits a response for ever: does not even end when it is killed
};

class test_child : public caf::event_based_actor {
public:
  test_child(caf::actor_config& cfg, std::string name, notes log, manners how,
             caf::actor silent)
      : caf::event_based_actor(cfg),
        name_(std::move(name)),
        log_(std::move(log)),
        how_(how),
        silent_(std::move(silent)) {}

  caf::behavior make_behavior() override {
    set_exit_handler([this](caf::exit_msg& x) {
      log_->push_back("> " + name_);
      if (how_ == manners::obedient)
        quit(x.reason);
      else if (how_ == manners::slow)
        delayed_send(this, 1s, word{"done"});
    });
    if (how_ == manners::deaf)
      request(silent_, caf::infinite, 1).await([](int) {});
    return {
        [this](const word& x) {
          if (x == "done")
            quit();
          else if (x == "fail")
            quit(runtime::make_error(errc::handler_failed, "it failed"));
          else if (x == "throw")
            throw std::runtime_error("it threw");
        },
        [](double) {},
    };
  }

  void on_exit() override { log_->push_back("- " + name_); }

private:
  std::string name_;
  notes log_;
  manners how_;
  caf::actor silent_;
};

/// Does not answer.
inline caf::behavior silence(caf::event_based_actor* self) {
  self->set_default_handler(caf::skip);
  return {[](double) {}};
}

inline caf::behavior test_observer(caf::event_based_actor*, notes log) {
  auto in_ms = [](runtime::duration x) {
    return std::to_string(x / 1ms) + "ms ";
  };
  return {
      [=](const child_started& x) {
        log->push_back("started " + x.name + " " + std::to_string(x.starts));
      },
      [=](const child_down& x) {
        log->push_back("down " + x.name + " " + runtime::to_text(x.reason));
      },
      [=](const child_restarting& x) {
        log->push_back("restarting " + x.name + " " + in_ms(x.delay)
                       + std::to_string(x.attempt));
      },
      [=](const child_stuck& x) { log->push_back("stuck " + x.name); },
      [=](const supervisor_gave_up& x) { log->push_back("gave_up " + x.name); },
  };
}

class supervised_world : public ::testing::Test {
public:
  testing::sim_world world{1, testing::sim_settings::calm()};
  testing::sim_runtime run{world};
  notes log = std::make_shared<strings>();    // of children
  notes events = std::make_shared<strings>(); // of the observer
  notes ended = std::make_shared<strings>();  // with what supervisors ended

  /// What deaf children wait for; when it ends, they do.
  caf::actor silent = run.system().spawn(silence);

  ~supervised_world() override {
    caf::anon_send_exit(silent, caf::exit_reason::kill);
    for (auto& x : all_)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    all_.clear();
    run.during(100s);
  }

  /// Waits of 100, 200, 400 ms, ... without jitter; 3 restarts in 10 s.
  supervisor_options options(strategy how = strategy::one_for_one) {
    return {.name = "top",
            .strategy = how,
            .limits = {.restarts = 3, .window = 10s},
            .backoff = {.jitter = 0, .settled = 5s},
            .observers = {spawn_observer(events)}};
  }

  caf::actor spawn_observer(const notes& to) {
    all_.push_back(run.system().spawn(test_observer, to));
    return all_.back();
  }

  child_spec spec(std::string name, restart type = restart::permanent,
                  manners how = manners::obedient) {
    return {.name = name,
            .start = [name, how, to = log,
                      s = silent](caf::event_based_actor* parent)
                -> caf::expected<caf::actor> {
              to->push_back("+ " + name);
              return parent->spawn<test_child>(name, to, how, s);
            },
            .type = type};
  }

  std::vector<child_spec> specs(std::initializer_list<const char*> names) {
    std::vector<child_spec> result;
    for (auto x : names)
      result.push_back(spec(x));
    return result;
  }

  /// Started and settled. The logs begin after that.
  caf::actor start(supervisor_options with, std::vector<child_spec> children) {
    auto x =
        run.system().spawn<supervisor>(std::move(with), std::move(children));
    watch(x);
    all_.push_back(x);
    settle();
    forget();
    return x;
  }

  void watch(const caf::actor& x) {
    caf::actor_cast<caf::abstract_actor*>(x)->attach_functor(
        [to = ended](const caf::error& why) {
          to->push_back(runtime::to_text(why));
        });
  }

  void settle() { run.during(10ms); }

  void forget() {
    log->clear();
    events->clear();
  }

  /// The answer to a request, or its error; `nothing` if there is none yet.
  template <class T, class M>
  caf::expected<T> ask(const caf::actor& whom, M what) {
    auto result = std::make_shared<caf::expected<T>>(caf::sec::none);
    send_request(whom, std::move(what), result);
    settle();
    return *result;
  }

  template <class T, class M>
  void send_request(const caf::actor& whom, M what,
                    std::shared_ptr<caf::expected<T>> to) {
    all_.push_back(run.system().spawn([=](caf::event_based_actor* self) {
      auto on_error = [=](caf::error& x) { *to = std::move(x); };
      auto asked = self->request(whom, caf::infinite, what);
      if constexpr (std::is_same_v<T, bool>)
        asked.then([=] { *to = true; }, on_error);
      else
        asked.then([=](T& x) { *to = std::move(x); }, on_error);
    }));
  }

  /// For commands that are answered with nothing.
  template <class M>
  caf::expected<bool> command(const caf::actor& whom, M what) {
    return ask<bool>(whom, std::move(what));
  }

  caf::actor find(const caf::actor& whom, const std::string& name) {
    auto found = ask<caf::actor>(whom, find_child{name});
    return found ? *found : caf::actor{};
  }

  void say(const caf::actor& top, const std::string& child, const word& what) {
    caf::anon_send(find(top, child), what);
  }

  /// "a running 1", ...
  strings list(const caf::actor& whom) {
    strings result;
    if (auto all = ask<std::vector<child_info>>(whom, list_children{}))
      for (auto& x : *all)
        result.push_back(x.name + " " + to_string(x.state) + " "
                         + std::to_string(x.starts));
    return result;
  }

  static strings just(const notes& from, const std::string& prefix) {
    strings result;
    for (auto& x : *from)
      if (x.starts_with(prefix))
        result.push_back(x);
    return result;
  }

private:
  std::vector<caf::actor> all_;
};

} // namespace sluice::actors

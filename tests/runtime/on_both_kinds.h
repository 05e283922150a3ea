#pragma once

// The fixture of tests that run twice: on caf::event_based_actor, which says
// what is right, and on loop_actor, which must do the same.
//
//   TYPED_TEST_SUITE(my_test, actor_kinds, kind_names);
//
// Tests only. Thread rule and lifetime: see hand_driven.h.

#include "runtime/error.h"
#include "runtime/loop_actor.h"
#include "tests/runtime/hand_driven.h"

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/after.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <string>
#include <type_traits>
#include <vector>

namespace sluice::runtime {

// The words of such tests.
using namespace std::chrono_literals;
using caf::anon_send;
using caf::anon_send_exit;
using caf::behavior;
using caf::exit_reason;
using std::to_string;

using actor_kinds = testing::Types<caf::event_based_actor, loop_actor>;

struct kind_names {
  template <class T>
  static std::string GetName(int) {
    return std::is_same_v<T, loop_actor> ? "loop_actor" : "event_based_actor";
  }
};

template <class Self>
class on_both_kinds : public hand_driven {
protected:
  /// Ends the actors, since timeouts would keep some alive for ever.
  ~on_both_kinds() override {
    for (auto& x : spawned_)
      if (auto a = caf::actor_cast<caf::actor>(x))
        anon_send_exit(a, exit_reason::kill);
    settle();
  }

  /// Spawns the actor under test: `f(Self*)` returns its behavior. It has not
  /// run when this returns.
  template <caf::spawn_options Os = caf::no_spawn_options, class F>
  caf::actor spawn_kind(F f) {
    auto result = spawn_one<Os>(std::move(f));
    spawned_.push_back(result.address());
    return result;
  }

  /// Sends a request from an actor of CAF and notes what comes back.
  template <class... Ts>
  void ask(const caf::actor& whom, Ts... xs) {
    sys.spawn([=, this](caf::event_based_actor* self) {
      self->request(whom, caf::infinite, xs...)
          .then([this](int x) { note("reply " + to_string(x)); },
                [this](caf::error& x) { note("error " + text(x)); });
    });
    scheduler().run();
  }

  /// Notes with which reason `whom` ends.
  void watch_end(const caf::actor& whom) {
    whom->attach_functor(
        [this](const caf::error& x) { note("ended: " + text(x)); });
  }

  /// CAF wants the actor as the first parameter, ours the message only.
  template <class F>
  static void set_default_handler(Self* self, F f) {
    if constexpr (std::is_same_v<Self, loop_actor>)
      self->set_default_handler(std::move(f));
    else
      self->set_default_handler(
          [f](caf::scheduled_actor*, caf::message_view& x) { return f(x); });
  }

  std::string text(const caf::error& x) {
    if (!x)
      return "none";
    return x.category() == error_category ? to_text(x) : sys.render(x);
  }

private:
  template <caf::spawn_options Os, class F>
  caf::actor spawn_one(F f) {
    if constexpr (std::is_same_v<Self, loop_actor>) {
      caf::actor_config cfg{loop.get()};
      cfg.init_fun = make_init_function<loop_actor>(std::move(f));
      return sys.spawn_impl<loop_actor, Os>(cfg, *loop);
    } else {
      return sys.spawn<Os>(std::move(f));
    }
  }

  std::vector<caf::actor_addr> spawned_;
};

} // namespace sluice::runtime

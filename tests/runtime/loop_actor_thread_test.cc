// Pinned actors on real loops: where things run, what crosses threads, and the
// end of loops that are busy.

#include "runtime/limits.h"
#include "runtime/loop_actor.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/after.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

using caf::anon_send;
using caf::behavior;
using caf::exit_reason;

// Long enough for any machine: reached only if the test fails.
constexpr auto for_ever = 60s;

class loop_actor_thread_test : public testing::Test {
protected:
  caf::actor_system_config cfg;
  caf::actor_system sys{cfg};
  std::optional<loop_group> loops{std::in_place, sys,
                                  loop_group_options{2, 0us}};

  event_loop& loop(std::size_t i = 0) { return loops->at(i); }

  /// Waits for the end of `a`.
  void await_end(const caf::actor& a) {
    caf::scoped_actor self{sys};
    self->monitor(a);
    self->receive([](const caf::down_msg&) {});
  }

  int ask(const caf::actor& a, int x) {
    int result = -1;
    caf::scoped_actor self{sys};
    self->request(a, for_ever, x)
        .receive([&](int y) { result = y; },
                 [&](caf::error& e) { ADD_FAILURE() << sys.render(e); });
    return result;
  }
};

// -- where things run ---------------------------------------------------------

/// Counts what runs, and what runs elsewhere than on its loop.
struct places {
  std::atomic<int> here{0};
  std::atomic<int> elsewhere{0};

  void visit(event_loop& x) { ++(x.in_loop() ? here : elsewhere); }
};

struct witness : loop_actor {
  witness(caf::actor_config& c, event_loop& l, places& p)
      : loop_actor(c, l), seen(p) {
    visit(); // the one that may be elsewhere
  }

  void visit() { seen.visit(loop()); }
  void on_start() override { visit(); }
  void on_terminate() override { visit(); }
  void on_exit() override { visit(); }

  behavior make_behavior() override {
    visit();
    set_down_handler([this](caf::down_msg&) { visit(); });
    set_exit_handler([this](caf::exit_msg&) {
      visit();
      quit();
    });
    auto peer = spawn([](caf::event_based_actor* self) -> behavior {
      return {[self](int x) {
        self->quit();
        return x;
      }};
    });
    monitor(peer);
    request(peer, caf::infinite, 1).then([this](int) {
      visit();
      delayed_send(this, 1ms, std::string{"late"});
    });
    return {[this](const std::string&) {
      visit();
      become(caf::after(1ms) >> [this] {
        visit();
        send_exit(this, exit_reason::user_shutdown);
      });
    }};
  }

  places& seen;
};

TEST_F(loop_actor_thread_test, everything_runs_on_the_loop) {
  places seen;
  auto a = spawn_on<witness>(loop(), seen);
  await_end(a);
  EXPECT_EQ(seen.elsewhere, 1) << "the constructor";
  EXPECT_EQ(seen.here, 9);
}

TEST_F(loop_actor_thread_test, last_handle_dropped_elsewhere_ends_it_there) {
  places seen;
  struct quiet : witness {
    using witness::witness;
    behavior make_behavior() override {
      return {[](int x) { return x; }};
    }
  };
  auto a = spawn_on<quiet>(loop(), seen);
  EXPECT_EQ(ask(a, 1), 1);
  // The loop lets go of it a little later than it answers.
  auto raw = caf::actor_cast<caf::actor_control_block*>(a);
  while (raw->strong_refs > 1)
    std::this_thread::yield();
  EXPECT_EQ(seen.here, 1);
  a = nullptr;
  EXPECT_EQ(seen.elsewhere, 2) << "the constructor and on_exit";
  EXPECT_EQ(loop().residents(), 0u);
}

// -- across threads -----------------------------------------------------------

/// Notes what is lost or out of order in numbered messages of many senders.
struct ledger {
  explicit ledger(std::size_t senders, int each) : next(senders), last(each) {}

  void take(std::size_t from, int number) {
    if (next[from] != number)
      ++wrong;
    next[from] = number + 1;
    if (++total == static_cast<int>(next.size()) * last)
      complete.set_value();
  }

  std::vector<int> next;
  int last;
  int total = 0;
  int wrong = 0;
  std::promise<void> complete;
};

TEST_F(loop_actor_thread_test, nothing_is_lost_and_each_sender_is_in_order) {
  constexpr std::size_t threads = 4;
  constexpr int each = 5'000;
  ledger book{threads * 2, each};
  auto a = spawn_on(loop(), [&](loop_actor*) -> behavior {
    return {[&](std::size_t from, int number) { book.take(from, number); }};
  });
  auto done = book.complete.get_future();
  std::vector<std::thread> senders;
  for (std::size_t t = 0; t < threads; ++t)
    senders.emplace_back([&, t] {
      for (int i = 0; i < each; ++i) {
        anon_send(a, t, i);
        if (i % 64 == 0) // let the loop fall asleep now and then
          std::this_thread::yield();
      }
    });
  for (std::size_t t = threads; t < threads * 2; ++t)
    sys.spawn([=](caf::event_based_actor* self) {
      for (int i = 0; i < each; ++i)
        self->send(a, t, i);
    });
  EXPECT_EQ(done.wait_for(for_ever), std::future_status::ready);
  for (auto& t : senders)
    t.join();
  EXPECT_EQ(book.wrong, 0);
}

TEST_F(loop_actor_thread_test, wake_ups_are_not_lost) {
  // One message at a time: each finds the loop asleep or on its way there.
  auto a = spawn_on(loop(), [](loop_actor*) -> behavior {
    return {[](int x) { return x + 1; }};
  });
  caf::scoped_actor self{sys};
  for (int i = 0; i < 5'000; ++i)
    self->request(a, for_ever, i)
        .receive([&](int x) { ASSERT_EQ(x, i + 1); },
                 [&](caf::error& x) { FAIL() << sys.render(x); });
}

TEST_F(loop_actor_thread_test, actors_on_two_loops_talk) {
  auto make = [](loop_actor* self) -> behavior {
    return {[self](const caf::actor& peer, int x) {
      auto promise = self->make_response_promise<int>();
      if (x == 0)
        promise.deliver(0);
      else
        self->request(peer, caf::infinite, caf::actor{self}, x - 1)
            .then([promise](int y) mutable { promise.deliver(y + 1); });
      return promise;
    }};
  };
  auto a = spawn_on(loop(0), make);
  auto b = spawn_on(loop(1), make);
  caf::scoped_actor self{sys};
  self->request(a, for_ever, b, 2'000)
      .receive([](int x) { EXPECT_EQ(x, 2'000); },
               [&](caf::error& x) { FAIL() << sys.render(x); });
}

// -- the end ------------------------------------------------------------------

/// Passes messages on for ever.
behavior chatter(loop_actor* self) {
  auto peer = std::make_shared<caf::actor>();
  return {[peer](const caf::actor& x) { *peer = x; },
          [peer, self](int x) { self->send(*peer, x + 1); },
          [](const std::string&) {}};
}

TEST_F(loop_actor_thread_test, busy_loops_stop_in_bounded_time) {
  std::vector<caf::actor> actors;
  std::vector<std::atomic<bool>> ended(4);
  for (std::size_t i = 0; i < ended.size(); ++i) {
    actors.push_back(spawn_on(loop(i % 2), chatter));
    actors.back()->attach_functor(
        [&ended, i](const caf::error&) { ended[i] = true; });
  }
  for (std::size_t i = 0; i < actors.size(); ++i)
    anon_send(actors[i], actors[(i + 1) % actors.size()]);
  for (auto& a : actors)
    anon_send(a, 0);
  std::atomic<bool> stop{false};
  std::thread outside{[&] {
    while (!stop) {
      for (auto& a : actors)
        anon_send(a, "and one from elsewhere");
      std::this_thread::yield();
    }
  }};
  while (loop(0).residents() < 2 || loop(1).residents() < 2)
    std::this_thread::yield();
  auto start = std::chrono::steady_clock::now();
  loops->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - start, limits::stop_drain);
  for (auto& x : ended)
    EXPECT_TRUE(x);
  loops.reset(); // while somebody still sends
  stop = true;
  outside.join();
}

TEST_F(loop_actor_thread_test, loops_end_while_actors_are_spawned_and_sent_to) {
  for (int round = 0; round < 50; ++round) {
    caf::actor a;
    {
      loop_group own{sys, {1, std::chrono::microseconds{round % 2 * 20}}};
      a = spawn_on(own.at(0), [](loop_actor* self) -> behavior {
        return {[self](int x) {
          if (x == 7)
            self->quit();
          return x;
        }};
      });
      // Those end with an error when `a` is gone.
      for (int i = 0; i < 4; ++i)
        sys.spawn([a, i](caf::event_based_actor* self) -> behavior {
          self->send(a, i * 7);
          return {[self, a](int x) { self->send(a, x); }};
        });
      auto pushy = sys.spawn([&own](caf::event_based_actor* self) {
        for (int i = 0; i < 10; ++i) {
          auto b = spawn_on(own.at(0), [](loop_actor*) -> behavior {
            return {[](int x) { return x; }};
          });
          self->request(b, for_ever, 1).then([](int) {}, [](caf::error&) {});
        }
      });
      if (round % 3 == 0)
        std::this_thread::yield();
      // Spawning needs a loop that is there; sending does not.
      caf::scoped_actor self{sys};
      self->wait_for(pushy);
    }
    anon_send(a, 1);
  }
}

TEST_F(loop_actor_thread_test, requests_are_answered_when_the_loop_ends) {
  // Each one is answered by the actor or by its end.
  std::atomic<int> open{0};
  std::atomic<int> answered{0};
  std::promise<void> all;
  auto a = spawn_on(loop(), [](loop_actor*) -> behavior {
    return {[](int x) { return x; }};
  });
  constexpr int count = 10'000;
  sys.spawn([&, a](caf::event_based_actor* self) {
    auto one = [&] {
      if (++answered == count)
        all.set_value();
    };
    for (int i = 0; i < count; ++i) {
      ++open;
      self->request(a, caf::infinite, i)
          .then([one](int) { one(); }, [one](caf::error&) { one(); });
    }
  });
  while (open < count / 10)
    std::this_thread::yield();
  loops.reset();
  EXPECT_EQ(all.get_future().wait_for(for_ever), std::future_status::ready);
}

} // namespace
} // namespace sluice::runtime

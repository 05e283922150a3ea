// How an actor starts and ends. Every test runs on CAF's actor and on ours, see
// on_both_kinds.h; those at the end are of ours only.

#include "runtime/loop_actor.h"

#include "tests/runtime/on_both_kinds.h"

#include <caf/stateful_actor.hpp>

#include <stdexcept>

namespace sluice::runtime {
namespace {

template <class Self>
using loop_actor_life_test = on_both_kinds<Self>;

TYPED_TEST_SUITE(loop_actor_life_test, actor_kinds, kind_names);

TYPED_TEST(loop_actor_life_test, actor_without_a_behavior_ends_at_once) {
  auto a = this->spawn_kind([&](TypeParam*) { this->note("made"); });
  this->watch_end(a);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"made", "ended: none"}));
}

TYPED_TEST(loop_actor_life_test, quit_in_make_behavior) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->quit(exit_reason::user_shutdown);
    return {[&](int) { this->note("?"); }};
  });
  this->watch_end(a);
  this->ask(a, 1);
  this->settle();
  auto seen = this->noted();
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (lines{"ended: exit_reason(user_shutdown)",
                         "error system_error(request_receiver_down)"}));
}

TYPED_TEST(loop_actor_life_test, exception_in_make_behavior) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_exception_handler([](std::exception_ptr&) -> caf::error {
      return caf::sec::invalid_argument;
    });
    throw std::runtime_error("oops");
  });
  this->watch_end(a);
  this->ask(a, 1);
  this->settle();
  auto seen = this->noted();
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (lines{"ended: system_error(invalid_argument)",
                         "error system_error(request_receiver_down)"}));
}

TYPED_TEST(loop_actor_life_test, lazy_actor_is_made_by_its_first_message) {
  auto a =
      this->template spawn_kind<caf::lazy_init>([&](TypeParam*) -> behavior {
        this->note("made");
        return {[&](int x) { this->note(to_string(x)); }};
      });
  this->settle();
  EXPECT_EQ(this->noted(), lines{});
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), (lines{"made", "1"}));
}

TYPED_TEST(loop_actor_life_test, lazy_actor_that_nobody_needs_is_never_made) {
  auto a =
      this->template spawn_kind<caf::lazy_init>([&](TypeParam*) -> behavior {
        this->note("made");
        return {[](int) {}};
      });
  this->watch_end(a);
  a = nullptr;
  EXPECT_EQ(this->noted(), lines{"ended: exit_reason(unreachable)"});
  this->settle();
  EXPECT_EQ(this->noted(), lines{});
}

TYPED_TEST(loop_actor_life_test, dropping_the_last_handle_is_the_end) {
  auto a =
      this->spawn_kind([](TypeParam*) -> behavior { return {[](int) {}}; });
  this->settle();
  this->watch_end(a);
  a = nullptr;
  EXPECT_EQ(this->noted(), lines{"ended: exit_reason(unreachable)"});
}

TYPED_TEST(loop_actor_life_test, messages_under_way_keep_the_actor) {
  auto a = this->spawn_kind([&](TypeParam*) -> behavior {
    return {[&](int x) { this->note(to_string(x)); }};
  });
  this->settle();
  anon_send(a, 1);
  a = nullptr;
  this->settle();
  EXPECT_EQ(this->noted(), lines{"1"});
}

TYPED_TEST(loop_actor_life_test, spawns_ordinary_actors_and_watches_them) {
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_down_handler(
        [&](caf::down_msg& x) { this->note("down " + this->text(x.reason)); });
    return {[&, self](int x) {
      auto child = self->template spawn<caf::monitored>(
          [](caf::event_based_actor* child_self) -> behavior {
            return {[child_self](int y) {
              child_self->quit();
              return y * 2;
            }};
          });
      self->request(child, caf::infinite, x).then([&](int y) {
        this->note(to_string(y));
      });
    }};
  });
  anon_send(a, 21);
  this->settle();
  auto seen = this->noted();
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (lines{"42", "down none"}));
}

TYPED_TEST(loop_actor_life_test, spawns_pinned_actors_and_is_linked_to_them) {
  auto& where = *this->loop;
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    return {[&, self](int) {
      auto child = spawn_on(where, [](loop_actor* child_self) -> behavior {
        return {[child_self](int) {
          child_self->quit(exit_reason::user_shutdown);
        }};
      });
      self->link_to(child);
      self->send(child, 1);
    }};
  });
  this->watch_end(a);
  anon_send(a, 1);
  this->settle();
  EXPECT_EQ(this->noted(), lines{"ended: exit_reason(user_shutdown)"});
}

TYPED_TEST(loop_actor_life_test, behavior_is_destroyed_at_the_end) {
  auto held = std::make_shared<int>(0);
  auto a = this->spawn_kind([&](TypeParam* self) -> behavior {
    self->set_exit_handler([held](caf::exit_msg&) {});
    return {[held, self](int) { self->quit(); }};
  });
  this->settle();
  auto alive = held.use_count();
  anon_send(a, 1);
  this->settle();
  EXPECT_LT(held.use_count(), alive);
}

// -- ours ---------------------------------------------------------------------

class pinned : public loop_actor {
public:
  pinned(caf::actor_config& cfg, event_loop& l, lines& log)
      : loop_actor(cfg, l), log_(log) {}

  ~pinned() override { log_.push_back("destroyed"); }

  const char* name() const override { return "pinned"; }

  void on_exit() override { log_.push_back("on_exit"); }

protected:
  void on_start() override { log_.push_back("on_start"); }

  void on_terminate() override {
    log_.push_back("on_terminate " + std::to_string(bool{ending_reason()}));
  }

  void on_caught_up() override {
    log_.push_back("on_caught_up");
    if (quit_when_idle)
      quit(exit_reason::user_shutdown);
  }

  bool intercept(caf::mailbox_element& x) override {
    if (!x.content().match_elements<double>())
      return false;
    log_.push_back("intercepted");
    auto value = x.content().get_as<double>(0);
    if (value < 0)
      quit(exit_reason::user_shutdown);
    return value == 0;
  }

  behavior make_behavior() override {
    log_.push_back("made");
    return {[this](int x) {
      log_.push_back(std::to_string(x));
      quit_when_idle = x == 99;
      if (x == 0)
        quit();
    }};
  }

private:
  lines& log_;
  bool quit_when_idle = false;
};

class loop_actor_hook_test : public on_both_kinds<loop_actor> {
protected:
  caf::actor spawn_pinned() { return spawn_on<pinned>(*loop, log); }
};

TEST_F(loop_actor_hook_test, hooks_run_in_the_documented_order) {
  auto a = spawn_pinned();
  anon_send(a, 1);
  settle();
  EXPECT_EQ(noted(), (lines{"on_start", "made", "1", "on_caught_up"}));
  anon_send(a, 0);
  settle();
  EXPECT_EQ(noted(), (lines{"0", "on_terminate 0", "on_exit"}));
  a = nullptr;
  EXPECT_EQ(noted(), lines{"destroyed"});
}

TEST_F(loop_actor_hook_test, dropped_actor_runs_on_exit_only) {
  auto a = spawn_pinned();
  settle();
  noted();
  a = nullptr;
  EXPECT_EQ(noted(), (lines{"on_exit", "destroyed"}));
  EXPECT_EQ(loop->residents(), 0u);
}

TEST_F(loop_actor_hook_test, ending_reason_is_known_to_on_terminate) {
  auto a = spawn_pinned();
  settle();
  noted();
  anon_send_exit(a, exit_reason::user_shutdown);
  settle();
  EXPECT_EQ(noted(), (lines{"on_terminate 1", "on_exit"}));
}

TEST_F(loop_actor_hook_test, caught_up_may_end_the_actor) {
  auto a = spawn_pinned();
  watch_end(a);
  anon_send(a, 99);
  settle();
  EXPECT_EQ(noted(),
            (lines{"on_start", "made", "99", "on_caught_up", "on_terminate 1",
                   "on_exit", "ended: exit_reason(user_shutdown)"}));
}

TEST_F(loop_actor_hook_test, intercepted_message_is_not_seen_by_the_behavior) {
  auto a = spawn_pinned();
  settle();
  noted();
  anon_send(a, 0.0);
  settle();
  EXPECT_EQ(noted(), (lines{"intercepted", "on_caught_up"}));
}

TEST_F(loop_actor_hook_test, sender_survives_a_message_that_ends_the_receiver) {
  auto a = spawn_pinned();
  auto sender = sys.spawn([&](caf::event_based_actor* self) -> behavior {
    return {[&, self](double x) { self->send(a, x); },
            [&](int) { note("alive"); }};
  });
  anon_send(sender, -1.0);
  settle();
  anon_send(sender, 1);
  settle();
  EXPECT_EQ(noted().back(), "alive");
  ask(a, 1);
  settle();
  EXPECT_EQ(noted(), lines{"error system_error(request_receiver_down)"});
}

TEST_F(loop_actor_hook_test, pinned_actors_are_residents_until_they_end) {
  EXPECT_EQ(loop->residents(), 0u);
  auto a = spawn_pinned();
  auto b = spawn_kind<caf::lazy_init>(
      [](loop_actor*) -> behavior { return {[](int) {}}; });
  EXPECT_EQ(loop->residents(), 2u);
  anon_send(a, 0);
  settle();
  EXPECT_EQ(loop->residents(), 1u);
  b = nullptr;
  EXPECT_EQ(loop->residents(), 0u);
}

TEST_F(loop_actor_hook_test, functions_take_arguments) {
  auto a = spawn_on(
      *loop,
      [&](loop_actor*, int x, const std::string& y) -> behavior {
        note(y + to_string(x));
        return {[](int) {}};
      },
      42, "the answer is ");
  settle();
  EXPECT_EQ(noted(), lines{"the answer is 42"});
}

TEST_F(loop_actor_hook_test, system_spawns_pinned_actors_as_well) {
  auto a = sys.spawn<pinned>(std::ref(*loop), std::ref(log));
  settle();
  EXPECT_EQ(noted(), (lines{"on_start", "made", "on_caught_up"}));
  a = nullptr;
}

struct counter_state {
  static inline const char* name = "counter";
  int count = 0;
  std::shared_ptr<int> held;
};

TEST_F(loop_actor_hook_test, may_be_a_stateful_actor) {
  using counter = caf::stateful_actor<counter_state, loop_actor>;
  auto held = std::make_shared<int>(0);
  caf::actor_config cfg{loop.get()};
  cfg.init_fun = make_init_function<counter>([&](counter* self) -> behavior {
    self->state.held = held;
    return {[self](int x) { return self->state.count += x; },
            [self](double) { self->quit(); }};
  });
  caf::actor a =
      sys.spawn_impl<counter, caf::no_spawn_options>(cfg, std::ref(*loop));
  ask(a, 1);
  ask(a, 2);
  settle();
  EXPECT_EQ(noted(), (lines{"reply 1", "reply 3"}));
  EXPECT_STREQ(
      caf::actor_cast<caf::abstract_actor*>(a) != nullptr
          ? static_cast<counter*>(caf::actor_cast<caf::abstract_actor*>(a))
                ->name()
          : "",
      "counter");
  anon_send(a, 0.5);
  settle();
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(loop_actor_hook_test, exception_in_make_behavior_is_named) {
  auto a = spawn_kind(
      [&](loop_actor*) -> behavior { throw std::runtime_error("oops"); });
  watch_end(a);
  settle();
  EXPECT_EQ(noted(), lines{"ended: a handler threw: oops"});
}

} // namespace
} // namespace sluice::runtime

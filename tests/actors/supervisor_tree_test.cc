// All kinds of actors as children, also supervisors.

#include "actors/flow_actor.h"
#include "runtime/loop_actor.h"
#include "tests/actors/supervised_world.h"

namespace sluice::actors {
namespace {

using supervisor_tree_test = supervised_world;

// -- all kinds of children ----------------------------------------------------

TEST_F(supervisor_tree_test, actors_of_every_kind_can_be_children) {
  auto plain = [](auto* self) -> caf::behavior {
    return {[self](const word&) { self->quit(caf::exit_reason::unknown); }};
  };
  auto with = [](std::string name, child_factory f) {
    return child_spec{.name = std::move(name), .start = std::move(f)};
  };
  std::vector<child_spec> all{
      with("plain",
           [=](auto* p) -> caf::actor {
             return p->spawn(
                 [=](caf::event_based_actor* x) { return plain(x); });
           }),
      with("flow",
           [=](auto* p) -> caf::actor {
             return p->spawn([=](flow_actor* x) { return plain(x); });
           }),
      with("pinned",
           [=, this](auto*) -> caf::actor {
             return runtime::spawn_on(
                 run.loop(), [=](runtime::loop_actor* x) { return plain(x); });
           }),
      with("pinned flow",
           [=, this](auto*) -> caf::actor {
             return runtime::spawn_on(
                 run.loop(), [=](pinned_flow_actor* x) { return plain(x); });
           }),
  };
  auto how = options();
  how.limits.restarts = 10;
  auto top = start(how, all);
  for (auto& x : all)
    say(top, x.name, "fail");
  run.during(1s);
  EXPECT_EQ(list(top), (strings{"plain running 2", "flow running 2",
                                "pinned running 2", "pinned flow running 2"}));
  // Two that are paused: the exit passes.
  for (auto x : {"flow", "pinned flow"})
    runtime::send_signal(*caf::actor_cast<caf::strong_actor_ptr>(find(top, x)),
                         {runtime::pressure::applied,
                          caf::actor_cast<caf::strong_actor_ptr>(silent), 0, 0},
                         nullptr);
  forget();
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  settle();
  EXPECT_EQ(ended->size(), 1u);
  EXPECT_EQ(just(events, "down").size(), 4u);
}

TEST_F(supervisor_tree_test, supervisor_below_escalates) {
  auto inner = options(strategy::one_for_one);
  inner.limits.restarts = 1;
  inner.observers.clear();
  auto top =
      start(options(strategy::rest_for_one),
            {spec("x"), nested("low", inner, specs({"a", "b"})), spec("y")});
  auto low = find(top, "low");
  for (int i = 0; i < 2; ++i) {
    say(low, "a", "fail");
    run.during(150ms);
  }
  auto why = std::string{"supervisor 'low' gave up on child 'a' after 1 "
                         "restarts in 10000 ms; last reason: it failed"};
  ASSERT_FALSE(events->empty());
  EXPECT_EQ(events->front(), "down low " + why);
  run.during(1s);
  EXPECT_EQ(list(top),
            (strings{"x running 1", "low running 2", "y running 2"}));
  low = find(top, "low");
  EXPECT_EQ(list(low), (strings{"a running 1", "b running 1"}));
}

TEST_F(supervisor_tree_test, reasons_name_the_whole_way_up) {
  auto low = options();
  low.limits.restarts = 0;
  low.observers.clear();
  auto how = options();
  how.limits.restarts = 0;
  auto top = start(how, {nested("low", low, specs({"a"}))});
  say(find(top, "low"), "a", "fail");
  settle();
  EXPECT_EQ(*ended,
            strings{"supervisor 'top' gave up on child 'low' after 0 restarts "
                    "in 10000 ms; last reason: supervisor 'low' gave up on "
                    "child 'a' after 0 restarts in 10000 ms; last reason: it "
                    "failed"});
}

TEST_F(supervisor_tree_test, tree_ends_in_reverse_order) {
  auto inner = options();
  inner.observers.clear();
  auto top =
      start(options(),
            {spec("x"), nested("low", inner, specs({"a", "b"})), spec("y")});
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  settle();
  EXPECT_EQ(just(log, "-"), (strings{"- y", "- b", "- a", "- x"}));
}

TEST_F(supervisor_tree_test, supervisor_below_may_take_its_time) {
  auto inner = options();
  inner.observers.clear();
  auto slow = spec("a", restart::permanent, manners::stubborn);
  slow.shutdown = 60s;
  auto top = start(options(), {nested("low", inner, {slow})});
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  run.during(59s);
  EXPECT_EQ(*log, strings{"> a"});
  run.during(2s);
  EXPECT_EQ(*log, (strings{"> a", "- a"}));
  EXPECT_EQ(ended->size(), 1u);
}

TEST_F(supervisor_tree_test, killing_the_top_ends_the_tree) {
  auto inner = options();
  inner.observers.clear();
  auto top =
      start(options(), {spec("x"), nested("low", inner, specs({"a", "b"}))});
  caf::anon_send_exit(top, caf::exit_reason::kill);
  settle();
  EXPECT_EQ(just(log, "-").size(), 3u);
}

} // namespace
} // namespace sluice::actors

// What a supervisor is asked for at run time.

#include "runtime/limits.h"
#include "tests/actors/supervised_world.h"

#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>

namespace sluice::actors {
namespace {

class supervisor_commands_test : public supervised_world {
public:
  /// The request's answer, which may come later.
  template <class T, class M>
  std::shared_ptr<caf::expected<T>> later(const caf::actor& whom, M what) {
    auto result = std::make_shared<caf::expected<T>>(caf::sec::none);
    send_request(whom, std::move(what), result);
    settle();
    return result;
  }

  template <class T>
  static bool failed(const caf::expected<T>& x, errc code) {
    return !x && is(x.error(), code);
  }

  template <class T>
  static bool waits(const caf::expected<T>& x) {
    return !x && x.error() == caf::sec::none;
  }
};

// -- settings -----------------------------------------------------------------

TEST_F(supervisor_commands_test, wrong_settings_end_it_at_once) {
  auto nameless = spec("");
  auto empty = spec("a");
  empty.start = nullptr;
  auto hasty = spec("a");
  hasty.shutdown = -1s;
  for (auto& x : {nameless, empty, hasty}) {
    start(options(), {spec("b"), x});
    EXPECT_EQ(ended->back().find("child_spec"), 0u) << ended->back();
  }
  auto how = options();
  how.backoff.jitter = 2;
  start(how, {});
  EXPECT_EQ(ended->back().find("backoff"), 0u);
  how = options();
  how.limits.window = 0s;
  start(how, {});
  EXPECT_EQ(ended->back().find("restart_limits"), 0u);
  start(options(), specs({"a", "b", "a"}));
  EXPECT_EQ(ended->back(), "supervisor 'top': child 'a' is there already");
  EXPECT_EQ(ended->size(), 6u);
  EXPECT_EQ(*log, strings{}) << "no child was started";
}

TEST_F(supervisor_commands_test, children_are_limited) {
  std::vector<child_spec> many;
  auto limit = runtime::limits::supervisor_children_max;
  for (std::size_t i = 0; i < limit; ++i)
    many.push_back(spec(std::to_string(i)));
  auto top = start(options(), many);
  EXPECT_EQ(list(top).size(), limit);
  EXPECT_TRUE(failed(ask<caf::actor>(top, add_child{spec("a")}),
                     errc::too_many_children));
  many.push_back(spec("a"));
  start(options(), many);
  EXPECT_EQ(ended->back(), "supervisor 'top': child 'a' is one too many");
}

// -- find and list ------------------------------------------------------------

TEST_F(supervisor_commands_test, handle_of_a_child_is_that_of_its_incarnation) {
  auto top = start(options(), specs({"a"}));
  auto first = find(top, "a");
  EXPECT_TRUE(
      failed(ask<caf::actor>(top, find_child{"x"}), errc::unknown_child));
  say(top, "a", "fail");
  settle();
  auto none = ask<caf::actor>(top, find_child{"a"});
  ASSERT_TRUE(failed(none, errc::child_not_running));
  EXPECT_EQ(runtime::to_text(none.error()),
            "supervisor 'top': child 'a' is waiting");
  run.during(1s);
  auto second = find(top, "a");
  EXPECT_TRUE(second);
  EXPECT_NE(second, first);
}

TEST_F(supervisor_commands_test, list_tells_all_there_is_to_know) {
  auto top = start(options(), {spec("a"), spec("b", restart::transient)});
  say(top, "b", "fail");
  settle();
  auto all = ask<std::vector<child_info>>(top, list_children{});
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  auto& a = (*all)[0];
  auto& b = (*all)[1];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.handle, find(top, "a"));
  EXPECT_FALSE(a.last_reason);
  EXPECT_EQ(b.type, restart::transient);
  EXPECT_EQ(b.state, child_state::waiting);
  EXPECT_FALSE(b.handle);
  EXPECT_EQ(b.starts, 1u);
  EXPECT_TRUE(is(b.last_reason, errc::handler_failed));
}

// -- add ----------------------------------------------------------------------

TEST_F(supervisor_commands_test, added_child_is_the_last_and_supervised) {
  auto top = start(options(strategy::one_for_all), specs({"a"}));
  auto b = ask<caf::actor>(top, add_child{spec("b")});
  ASSERT_TRUE(b);
  EXPECT_EQ(*b, find(top, "b"));
  caf::anon_send(*b, word{"fail"});
  run.during(1s);
  EXPECT_EQ(list(top), (strings{"a running 2", "b running 2"}));
}

TEST_F(supervisor_commands_test, child_that_cannot_be_added_changes_nothing) {
  auto top = start(options(strategy::one_for_all), specs({"a"}));
  auto bad = spec("b");
  bad.start = [](auto*) { return caf::actor{}; };
  EXPECT_TRUE(
      failed(ask<caf::actor>(top, add_child{bad}), errc::child_start_failed));
  EXPECT_TRUE(failed(ask<caf::actor>(top, add_child{spec("a")}),
                     errc::duplicate_child));
  EXPECT_TRUE(
      failed(ask<caf::actor>(top, add_child{spec("")}), errc::bad_setting));
  run.during(1s);
  EXPECT_EQ(list(top), strings{"a running 1"});
  EXPECT_EQ(*events, strings{});
}

TEST_F(supervisor_commands_test, added_child_waits_for_those_before) {
  auto top = start(options(strategy::rest_for_one), specs({"a"}));
  say(top, "a", "fail");
  settle();
  auto b = later<caf::actor>(top, add_child{spec("b")});
  EXPECT_TRUE(waits(*b));
  EXPECT_EQ(list(top), (strings{"a waiting 1", "b waiting 0"}));
  run.during(1s);
  EXPECT_TRUE(*b);
  EXPECT_EQ(just(log, "+"), (strings{"+ a", "+ b"}));
}

// -- stop and remove ----------------------------------------------------------

TEST_F(supervisor_commands_test, stopped_child_stays_on_the_list) {
  auto top = start(options(strategy::one_for_all), specs({"a", "b"}));
  EXPECT_TRUE(command(top, stop_child{"a"}));
  EXPECT_EQ(*log, (strings{"> a", "- a"}));
  run.during(10s);
  EXPECT_EQ(list(top), (strings{"a stopped 1", "b running 1"}));
  EXPECT_TRUE(command(top, stop_child{"a"})) << "it is not running";
  EXPECT_TRUE(failed(command(top, stop_child{"x"}), errc::unknown_child));
}

TEST_F(supervisor_commands_test, stopped_temporary_child_is_gone) {
  auto top = start(options(), {spec("a", restart::temporary)});
  EXPECT_TRUE(command(top, stop_child{"a"}));
  EXPECT_EQ(list(top), strings{});
}

TEST_F(supervisor_commands_test, removed_child_frees_its_name) {
  auto top = start(options(), specs({"a", "b"}));
  EXPECT_TRUE(command(top, remove_child{"a"}));
  EXPECT_EQ(list(top), strings{"b running 1"});
  EXPECT_TRUE(failed(command(top, remove_child{"a"}), errc::unknown_child));
  EXPECT_TRUE(ask<caf::actor>(top, add_child{spec("a")}));
  EXPECT_EQ(list(top), (strings{"b running 1", "a running 1"}));
}

TEST_F(supervisor_commands_test, child_in_backoff_can_be_stopped_and_removed) {
  auto top = start(options(), specs({"a", "b"}));
  say(top, "a", "fail");
  say(top, "b", "fail");
  settle();
  EXPECT_TRUE(command(top, stop_child{"a"}));
  EXPECT_TRUE(command(top, remove_child{"b"}));
  run.during(10s);
  EXPECT_EQ(list(top), strings{"a stopped 1"});
  EXPECT_EQ(just(log, "+"), strings{});
}

TEST_F(supervisor_commands_test, answer_to_a_stop_waits_for_the_end) {
  auto top = start(options(),
                   {spec("a", restart::permanent, manners::slow), spec("b")});
  auto done = later<bool>(top, stop_child{"a"});
  auto gone = later<bool>(top, remove_child{"a"});
  EXPECT_TRUE(command(top, stop_child{"b"})) << "it has its own time";
  EXPECT_TRUE(waits(*done));
  EXPECT_EQ(list(top), (strings{"a stopping 1", "b stopped 1"}));
  run.during(1s);
  EXPECT_TRUE(*done);
  EXPECT_TRUE(*gone);
  EXPECT_EQ(list(top), strings{"b stopped 1"});
}

TEST_F(supervisor_commands_test, stuck_child_is_named_and_keeps_its_place) {
  auto top = start(options(),
                   {spec("a", restart::permanent, manners::deaf), spec("b")});
  auto done = later<bool>(top, stop_child{"a"});
  run.during(7s);
  EXPECT_TRUE(failed(*done, errc::child_stuck));
  EXPECT_EQ(list(top), (strings{"a stuck 1", "b running 1"}));
  EXPECT_TRUE(failed(command(top, stop_child{"a"}), errc::child_stuck));
  EXPECT_TRUE(
      failed(ask<caf::actor>(top, restart_child{"a"}), errc::child_stuck));
  EXPECT_TRUE(failed(ask<caf::actor>(top, add_child{spec("a")}),
                     errc::duplicate_child));
  caf::anon_send_exit(silent, caf::exit_reason::kill);
  settle();
  EXPECT_EQ(list(top), (strings{"a stopped 1", "b running 1"}));
  EXPECT_TRUE(ended->empty());
}

// -- restart ------------------------------------------------------------------

TEST_F(supervisor_commands_test, stopped_and_finished_children_can_be_started) {
  auto top = start(options(strategy::one_for_all),
                   {spec("a"), spec("b"), spec("c", restart::transient)});
  EXPECT_TRUE(command(top, stop_child{"b"}));
  say(top, "c", "done");
  settle();
  auto b = ask<caf::actor>(top, restart_child{"b"});
  ASSERT_TRUE(b);
  EXPECT_EQ(*b, find(top, "b"));
  EXPECT_TRUE(ask<caf::actor>(top, restart_child{"c"}));
  EXPECT_EQ(list(top), (strings{"a running 1", "b running 2", "c running 2"}));
  EXPECT_TRUE(
      failed(ask<caf::actor>(top, restart_child{"x"}), errc::unknown_child));
}

TEST_F(supervisor_commands_test, restart_does_not_wait_for_the_backoff) {
  for (auto how :
       {strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one}) {
    auto with = options(how);
    with.backoff.first = 10s;
    auto top = start(with, specs({"a", "b"}));
    say(top, "a", "fail");
    settle();
    EXPECT_TRUE(ask<caf::actor>(top, restart_child{"a"}));
    auto rest = how == strategy::one_for_one ? "b running 1" : "b running 2";
    EXPECT_EQ(list(top), (strings{"a running 2", rest}));
  }
}

TEST_F(supervisor_commands_test, restart_of_a_running_child_takes_its_group) {
  auto with = options(strategy::rest_for_one);
  with.limits.restarts = 0;
  auto top = start(with, specs({"a", "b", "c"}));
  EXPECT_TRUE(ask<caf::actor>(top, restart_child{"b"}));
  EXPECT_EQ(*log, (strings{"> c", "- c", "> b", "- b", "+ b", "+ c"}));
  EXPECT_EQ(list(top), (strings{"a running 1", "b running 2", "c running 2"}));
  EXPECT_EQ(just(events, "restarting"), strings{}) << "it is no failure";
}

TEST_F(supervisor_commands_test, restart_makes_the_attempts_start_again) {
  auto top = start(options(), specs({"a"}));
  for (int i = 0; i < 2; ++i) {
    say(top, "a", "fail");
    run.during(1s);
  }
  EXPECT_EQ(just(events, "restarting").back(), "restarting a 200ms 2");
  EXPECT_TRUE(ask<caf::actor>(top, restart_child{"a"}));
  say(top, "a", "fail");
  settle();
  EXPECT_EQ(events->back(), "restarting a 100ms 1");
}

TEST_F(supervisor_commands_test, temporary_child_can_be_restarted_on_demand) {
  auto top = start(options(), {spec("a", restart::temporary)});
  EXPECT_TRUE(ask<caf::actor>(top, restart_child{"a"}));
  EXPECT_EQ(list(top), strings{"a running 2"});
}

TEST_F(supervisor_commands_test, restart_that_fails_says_why_and_is_retried) {
  auto a = spec("a");
  a.start =
      [n = 0, inner = a.start](
          caf::event_based_actor* p) mutable -> caf::expected<caf::actor> {
    return ++n == 2 ? caf::actor{} : inner(p);
  };
  auto top = start(options(), {a});
  EXPECT_TRUE(failed(ask<caf::actor>(top, restart_child{"a"}),
                     errc::child_start_failed));
  EXPECT_EQ(events->back(), "restarting a 100ms 1");
  run.during(1s);
  EXPECT_EQ(list(top), strings{"a running 2"});
}

TEST_F(supervisor_commands_test, restart_is_undone_by_a_stop) {
  auto top = start(options(), {spec("a", restart::permanent, manners::slow)});
  auto again = later<caf::actor>(top, restart_child{"a"});
  EXPECT_TRUE(waits(*again));
  auto done = later<bool>(top, stop_child{"a"});
  EXPECT_TRUE(failed(*again, errc::child_not_running));
  run.during(2s);
  EXPECT_TRUE(*done);
  EXPECT_EQ(list(top), strings{"a stopped 1"});
}

TEST_F(supervisor_commands_test, stop_is_followed_by_a_restart) {
  auto top = start(options(), {spec("a", restart::permanent, manners::slow)});
  auto done = later<bool>(top, stop_child{"a"});
  auto again = later<caf::actor>(top, restart_child{"a"});
  run.during(2s);
  EXPECT_TRUE(*done);
  EXPECT_TRUE(*again);
  EXPECT_EQ(*log, (strings{"> a", "- a", "+ a"}));
}

TEST_F(supervisor_commands_test, child_that_is_being_removed_is_unknown) {
  auto top = start(options(), {spec("a", restart::permanent, manners::slow)});
  auto done = later<bool>(top, remove_child{"a"});
  EXPECT_TRUE(
      failed(ask<caf::actor>(top, restart_child{"a"}), errc::unknown_child));
  EXPECT_TRUE(failed(ask<caf::actor>(top, add_child{spec("a")}),
                     errc::duplicate_child));
  run.during(1s);
  EXPECT_TRUE(*done);
}

// -- while it ends ------------------------------------------------------------

TEST_F(supervisor_commands_test, supervisor_that_ends_starts_nothing) {
  auto top = start(options(),
                   {spec("a", restart::permanent, manners::slow), spec("b")});
  auto again = later<caf::actor>(top, restart_child{"a"});
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  settle();
  EXPECT_TRUE(failed(*again, errc::supervisor_stopping));
  EXPECT_TRUE(failed(ask<caf::actor>(top, add_child{spec("c")}),
                     errc::supervisor_stopping));
  EXPECT_TRUE(failed(ask<caf::actor>(top, restart_child{"b"}),
                     errc::supervisor_stopping));
  auto done = later<bool>(top, stop_child{"a"});
  EXPECT_EQ(list(top), (strings{"a stopping 1", "b stopped 1"}));
  run.during(1s);
  EXPECT_TRUE(*done);
}

TEST_F(supervisor_commands_test, killed_supervisor_still_answers) {
  auto top =
      start(options(), {spec("a", restart::permanent, manners::stubborn),
                        spec("b", restart::permanent, manners::stubborn)});
  auto again = later<caf::actor>(top, restart_child{"a"});
  auto done = later<bool>(top, stop_child{"b"});
  caf::anon_send_exit(top, caf::exit_reason::kill);
  settle();
  EXPECT_TRUE(failed(*again, errc::supervisor_stopping));
  EXPECT_TRUE(failed(*done, errc::supervisor_stopping));
}

TEST_F(supervisor_commands_test, command_without_a_request_is_not_answered) {
  auto top = start(options(), specs({"a"}));
  auto replies = std::make_shared<strings>();
  auto sender = run.system().spawn([=, this](caf::event_based_actor* self) {
    self->set_default_handler([=](caf::scheduled_actor*, caf::message_view& x) {
      replies->push_back(to_string(x.content()));
      return caf::result<caf::message>{caf::message{}};
    });
    self->set_error_handler(
        [=](caf::error& x) { replies->push_back(runtime::to_text(x)); });
    self->send(top, stop_child{"a"});
    self->send(top, stop_child{"x"});
    self->send(top, add_child{spec("b")});
    return caf::behavior{[](double) {}};
  });
  settle();
  EXPECT_EQ(*replies, strings{});
  EXPECT_EQ(list(top), (strings{"a stopped 1", "b running 1"}));
  caf::anon_send_exit(sender, caf::exit_reason::kill);
}

// -- observers ----------------------------------------------------------------

TEST_F(supervisor_commands_test, observers_come_and_go) {
  auto top = start(options(), specs({"a"}));
  auto told = std::make_shared<strings>();
  auto other = spawn_observer(told);
  EXPECT_TRUE(command(top, observe{other}));
  EXPECT_TRUE(command(top, observe{other})) << "said twice, meant once";
  EXPECT_TRUE(command(top, observe{caf::actor{}}));
  say(top, "a", "fail");
  settle();
  EXPECT_EQ(*told, (strings{"down a it failed", "restarting a 100ms 1"}));
  EXPECT_EQ(*events, *told);
  EXPECT_TRUE(command(top, unobserve{other}));
  run.during(1s);
  EXPECT_EQ(told->size(), 2u);
  EXPECT_EQ(events->size(), 3u);
  EXPECT_TRUE(command(top, observe{other}));
  caf::anon_send_exit(other, caf::exit_reason::kill);
  settle();
  say(top, "a", "fail");
  run.during(1s);
  EXPECT_EQ(list(top), strings{"a running 3"}) << "an observer is no child";
}

TEST_F(supervisor_commands_test, observer_that_has_ended_is_let_go) {
  auto top = start(options(), {});
  auto other = run.system().spawn(test_observer, events);
  auto weak = caf::actor_cast<caf::weak_actor_ptr>(other);
  EXPECT_TRUE(command(top, observe{other}));
  caf::anon_send_exit(std::exchange(other, {}), caf::exit_reason::kill);
  settle();
  EXPECT_FALSE(weak.lock());
}

TEST_F(supervisor_commands_test, ended_supervisor_holds_nothing) {
  auto watcher = run.system().spawn(test_observer, events);
  auto weak = caf::actor_cast<caf::weak_actor_ptr>(watcher);
  auto how = options();
  how.observers = {std::exchange(watcher, {})};
  auto held = std::make_shared<int>(1);
  auto a = spec("a");
  a.start = [held, inner = a.start](auto* p) { return inner(p); };
  auto top = start(std::move(how), {std::move(a)});
  a.start = nullptr;
  EXPECT_GT(held.use_count(), 1);
  EXPECT_TRUE(weak.lock());
  caf::anon_send_exit(top, caf::exit_reason::user_shutdown);
  settle();
  ASSERT_EQ(ended->size(), 1u);
  EXPECT_EQ(held.use_count(), 1) << "the factory";
  EXPECT_FALSE(weak.lock()) << "the observer";
}

TEST_F(supervisor_commands_test, child_that_observes_is_still_a_child) {
  auto top = start(options(), specs({"a"}));
  auto a = spec("watcher");
  auto told = std::make_shared<strings>();
  a.start = [=](caf::event_based_actor* p) -> caf::actor {
    return p->spawn(test_observer, told);
  };
  auto watcher = ask<caf::actor>(top, add_child{a});
  ASSERT_TRUE(watcher);
  EXPECT_TRUE(command(top, observe{*watcher}));
  EXPECT_TRUE(command(top, unobserve{*watcher}));
  caf::anon_send_exit(*watcher, caf::exit_reason::kill);
  run.during(1s);
  EXPECT_EQ(list(top), (strings{"a running 1", "watcher running 2"}));
  EXPECT_EQ(just(events, "restarting").size(), 1u);
}

// -- messages -----------------------------------------------------------------

TEST_F(supervisor_commands_test, messages_can_be_serialized) {
  caf::actor_system_config cfg;
  add_supervisor_types(cfg);
  child_info info;
  info.name = "a";
  info.type = restart::transient;
  info.state = child_state::stuck;
  info.starts = 3;
  info.last_reason = caf::sec::runtime_error;
  child_restarting event{"top", "a", 7s, 2};
  std::vector<char> bytes;
  caf::binary_serializer out{run.system(), bytes};
  ASSERT_FALSE(out(info, event));
  child_info info2;
  child_restarting event2;
  caf::binary_deserializer in{run.system(), bytes};
  ASSERT_FALSE(in(info2, event2));
  EXPECT_EQ(info2.name, "a");
  EXPECT_EQ(info2.type, restart::transient);
  EXPECT_EQ(info2.state, child_state::stuck);
  EXPECT_EQ(info2.starts, 3u);
  EXPECT_EQ(info2.last_reason, caf::sec::runtime_error);
  EXPECT_EQ(event2.delay, 7s);
  EXPECT_EQ(event2.attempt, 2u);
}

} // namespace
} // namespace sluice::actors

// Names for actors: whose they are, and when they go.

#include "actors/registry.h"

#include "runtime/error.h"
#include "tests/support/sim_runtime.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace sluice::actors {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;

class registry_test : public ::testing::Test {
public:
  testing::sim_world world{1, testing::sim_settings::calm()};
  testing::sim_runtime run{world};
  registry names{run.system()};

  ~registry_test() override {
    for (auto& x : all_)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    run.during(10ms);
  }

  caf::actor make_actor() {
    all_.push_back(run.system().spawn(
        [](caf::event_based_actor*) { return caf::behavior{[](int) {}}; }));
    return all_.back();
  }

  /// "ok", or the error's text.
  template <class T>
  std::string ask(T what) {
    auto result = std::make_shared<std::string>("no answer");
    run.system().spawn([=,
                        server = names.server()](caf::event_based_actor* self) {
      auto failed = [=](const caf::error& x) { *result = runtime::to_text(x); };
      if constexpr (std::is_same_v<T, whereis_name>)
        self->request(server, caf::infinite, what)
            .then([=](const caf::actor&) { *result = "ok"; }, failed);
      else
        self->request(server, caf::infinite, what)
            .then([=] { *result = "ok"; }, failed);
    });
    run.during(1ms);
    return *result;
  }

  void kill(const caf::actor& x) {
    caf::anon_send_exit(x, caf::exit_reason::kill);
    run.during(1ms);
  }

private:
  std::vector<caf::actor> all_;
};

TEST_F(registry_test, name_is_found_from_registering_to_unregistering) {
  auto x = make_actor();
  EXPECT_FALSE(names.whereis("x"));
  EXPECT_EQ(ask(register_name{"x", x}), "ok");
  EXPECT_EQ(names.whereis("x"), x);
  EXPECT_EQ(ask(whereis_name{"x"}), "ok");
  EXPECT_EQ(ask(unregister_name{"x", x}), "ok");
  EXPECT_FALSE(names.whereis("x"));
}

TEST_F(registry_test, name_belongs_to_one_actor_at_a_time) {
  auto x = make_actor();
  auto y = make_actor();
  EXPECT_EQ(ask(register_name{"name", x}), "ok");
  EXPECT_EQ(ask(register_name{"name", x}), "ok") << "it is its own";
  EXPECT_EQ(ask(register_name{"name", y}),
            "\"name\" is the name of another actor");
  EXPECT_EQ(ask(unregister_name{"name", y}), "ok");
  EXPECT_EQ(names.whereis("name"), x) << "only its owner gives it up";
}

TEST_F(registry_test, names_of_an_actor_go_when_it_ends) {
  auto x = make_actor();
  auto y = make_actor();
  ask(register_name{"a", x});
  ask(register_name{"b", x});
  ask(register_name{"c", y});
  EXPECT_EQ(names.list().size(), 3u);
  kill(x);
  EXPECT_FALSE(names.whereis("a"));
  EXPECT_FALSE(names.whereis("b"));
  EXPECT_EQ(names.whereis("c"), y);
  EXPECT_EQ(ask(register_name{"a", y}), "ok");
}

TEST_F(registry_test, actor_that_has_ended_keeps_no_name) {
  auto x = make_actor();
  kill(x);
  EXPECT_EQ(ask(register_name{"x", x}), "ok");
  run.during(1ms);
  EXPECT_FALSE(names.whereis("x"));
}

TEST_F(registry_test, unknown_name_is_named_in_the_error) {
  EXPECT_EQ(ask(whereis_name{"nobody"}), "nobody is registered as \"nobody\"");
}

TEST_F(registry_test, bad_names_are_refused) {
  auto x = make_actor();
  EXPECT_EQ(ask(register_name{"", x}),
            "a name has from 1 to 255 bytes; this one has 0");
  EXPECT_EQ(ask(register_name{std::string(256, 'x'), x}),
            "a name has from 1 to 255 bytes; this one has 256");
  EXPECT_EQ(ask(register_name{std::string(255, 'x'), x}), "ok");
  EXPECT_EQ(ask(register_name{"x", caf::actor{}}),
            "no actor to register as \"x\"");
}

TEST_F(registry_test, observers_hear_of_names_with_their_prefix) {
  auto log = std::make_shared<strings>();
  auto observer = run.system().spawn([=](caf::event_based_actor*) {
    return caf::behavior{
        [=](const name_up& x) { log->push_back("up " + x.name); },
        [=](const name_down& x) { log->push_back("down " + x.name); },
    };
  });
  auto x = make_actor();
  ask(register_name{"kv/1", x});
  ask(register_name{"other", x});
  caf::anon_send(names.server(), watch_names{"kv/", observer});
  run.during(1ms);
  EXPECT_EQ(*log, (strings{"up kv/1"})) << "what is there is told at once";
  auto y = make_actor();
  ask(register_name{"kv/2", y});
  kill(x);
  EXPECT_EQ(*log, (strings{"up kv/1", "up kv/2", "down kv/1"}));
  kill(observer);
  kill(y); // tells nobody
}

TEST_F(registry_test, copies_look_into_the_same_names) {
  auto copy = names;
  auto x = make_actor();
  ask(register_name{"x", x});
  EXPECT_EQ(copy.whereis("x"), x);
  EXPECT_EQ(registry{run.system()}.whereis("x"), nullptr);
}

} // namespace
} // namespace sluice::actors

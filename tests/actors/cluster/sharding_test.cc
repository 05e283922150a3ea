#include "tests/actors/cluster/sharding_world.h"

#include <atomic>
#include <future>
#include <map>

namespace sluice::testing {

/// No system knows it.
struct stranger {
  int value = 0;
};

} // namespace sluice::testing

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::testing::stranger)

namespace sluice::testing {
namespace {

using cluster::to_entity;
using runtime::errc;

/// What became of numbered requests.
class score {
public:
  void sent(std::uint64_t number) {
    std::lock_guard guard{mutex_};
    answers_[number] = 0;
  }
  void answered(std::uint64_t number) {
    std::lock_guard guard{mutex_};
    ++answers_[number];
  }
  void failed(std::uint64_t number, const caf::error& err) {
    std::lock_guard guard{mutex_};
    ++answers_[number];
    errors_.push_back(std::to_string(number) + ": " + runtime::to_text(err));
  }
  std::map<std::uint64_t, int> answers() const {
    std::lock_guard guard{mutex_};
    return answers_;
  }
  std::vector<std::string> errors() const {
    std::lock_guard guard{mutex_};
    return errors_;
  }

  std::atomic<bool> stop = false;

private:
  mutable std::mutex mutex_;
  std::map<std::uint64_t, int> answers_;
  std::vector<std::string> errors_;
};

constexpr std::uint64_t load_keys = 40;

/// Keeps 16 requests under way until it is told to stop.
caf::behavior load(caf::event_based_actor* self, const caf::actor& region,
                   std::uint64_t first, const std::shared_ptr<score>& all) {
  struct status {
    std::uint64_t next;
    int under_way = 0;
    std::function<void()> go_on;
  };
  auto now = std::make_shared<status>(status{first, 0, {}});
  now->go_on = [=, here = std::weak_ptr<status>{now}] {
    auto x = here.lock();
    while (!all->stop && x->under_way < 16) {
      auto number = x->next++;
      ++x->under_way;
      all->sent(number);
      auto key = "load" + std::to_string(number % load_keys);
      self->request(region, 60s, to_entity{key, caf::make_message(number)})
          .then(
              [=](std::uint64_t) {
                all->answered(number);
                --x->under_way;
                x->go_on();
              },
              [=](const caf::error& err) {
                all->failed(number, err);
                --x->under_way;
                x->go_on();
              });
    }
    if (x->under_way == 0)
      self->quit();
  };
  now->go_on();
  return {[=](caf::unit_t) { static_cast<void>(now); }};
}

class sharding_test : public sharding_world {};

TEST_F(sharding_test, entity_is_one_actor_whoever_asks) {
  auto all = start_nodes(3);
  std::uint64_t number = 0;
  for (auto round = 0; round < 3; ++round)
    for (auto& x : all)
      for (auto key : {"a", "b", "c", "d", "e", "f"}) {
        auto y = x->add(key, ++number);
        ASSERT_TRUE(y.value) << y.text();
      }
  for (auto key : {"a", "b", "c", "d", "e", "f"})
    EXPECT_EQ(all[0]->add(key, 100).value, 10u);
  std::uint64_t entities = 0;
  for (auto& x : all) {
    auto counts = x->counts();
    entities += counts.entities;
    EXPECT_EQ(counts.delivered + counts.asked + counts.waiting, 0u);
    EXPECT_EQ(counts.failed, 0u);
  }
  EXPECT_EQ(entities, 6u);
}

TEST_F(sharding_test, entities_keep_their_state_when_nodes_come_and_go) {
  auto all = start_nodes(2);
  auto told = std::make_shared<score>();
  std::vector<caf::actor> loads;
  for (std::size_t i = 0; i < 2; ++i)
    loads.push_back(all[i]->system().spawn(load, all[i]->counters->region(),
                                           (i + 1) * 10'000'000, told));
  ASSERT_TRUE(eventually([&] { return told->answers().size() > 500; }));
  add_node(all, "tcp://127.0.0.1:0");
  ASSERT_TRUE(all[2]->log->wait_for("gained"));
  ASSERT_TRUE(settles(all));
  ASSERT_TRUE(eventually([&] { return all[2]->counts().entities > 0; }));
  auto joined = told->answers().size();
  ASSERT_TRUE(
      eventually([&] { return told->answers().size() > joined + 500; }));
  EXPECT_FALSE(all[2]->leave());
  auto handed = all[2]->counts();
  EXPECT_EQ(handed.entities, 0u);
  EXPECT_EQ(handed.shards, 0u);
  EXPECT_GT(handed.handed_over, 0u);
  EXPECT_EQ(handed.states_lost, 0u);
  all.pop_back();
  auto left = told->answers().size();
  ASSERT_TRUE(eventually([&] { return told->answers().size() > left + 500; }));
  told->stop = true;
  for (auto& x : loads) {
    caf::scoped_actor self{all[0]->system()};
    self->wait_for(x);
  }
  loads.clear();
  // Each was answered once, and no entity has refused one that it had before.
  for (auto& x : told->errors())
    ADD_FAILURE() << x;
  auto answers = told->answers();
  for (auto& [number, times] : answers)
    EXPECT_EQ(times, 1) << number;
  // And nothing was forgotten.
  std::uint64_t sum = 0;
  for (std::uint64_t i = 0; i < load_keys; ++i) {
    auto x = all[0]->add("load" + std::to_string(i), 1);
    ASSERT_TRUE(x.value) << x.text();
    sum += *x.value - 1;
  }
  EXPECT_EQ(sum, answers.size());
}

TEST_F(sharding_test, request_in_flight_is_awaited_before_its_shard_moves) {
  options.stop_max = options.hold_max = 60s;
  auto all = start_nodes(2);
  auto key = key_at(*all[1]);
  auto slow =
      std::async(std::launch::async, [&] { return all[0]->say(key, "slow"); });
  ASSERT_TRUE(eventually([&] { return all[1]->counts().delivered == 1; }));
  auto leaving =
      std::async(std::launch::async, [&] { return all[1]->leave(); });
  // All other entities and shards have gone; a new request for this one waits.
  ASSERT_TRUE(eventually([&] { return all[1]->counts().shards == 1; }));
  auto later =
      std::async(std::launch::async, [&] { return all[0]->add(key, 1); });
  ASSERT_TRUE(eventually([&] {
    return all[0]->counts().waiting + all[1]->counts().waiting == 1;
  }));
  EXPECT_EQ(all[1]->counts().delivered, 1u);
  all[1]->open();
  EXPECT_EQ(slow.get().value, 4'711u);
  EXPECT_FALSE(leaving.get());
  auto x = later.get();
  EXPECT_EQ(x.value, 2u) << x.text();
}

TEST_F(sharding_test, request_that_is_not_answered_in_time_fails_and_moves) {
  options.stop_max = 200ms;
  options.hand_over_max = 200ms;
  auto all = start_nodes(2);
  auto key = key_at(*all[1]);
  auto slow =
      std::async(std::launch::async, [&] { return all[0]->say(key, "slow"); });
  ASSERT_TRUE(eventually([&] { return all[1]->counts().delivered == 1; }));
  EXPECT_FALSE(all[1]->leave());
  auto x = slow.get();
  EXPECT_TRUE(x.failed_with(errc::entity_silent)) << x.text();
  // The entity itself was not stuck: its state is there.
  EXPECT_EQ(all[0]->add(key, 1).value, 2u);
}

TEST_F(sharding_test, entity_that_is_silent_is_given_up_for_one_request) {
  options.answer_max = 200ms;
  auto all = start_nodes(2);
  for (auto& owner : all) {
    auto key = key_at(*owner);
    auto x = all[0]->say(key, "slow");
    EXPECT_TRUE(x.failed_with(errc::entity_silent)) << x.text();
    owner->open(); // too late, and goes nowhere
    EXPECT_EQ(all[0]->add(key, 1).value, 2u);
    EXPECT_EQ(owner->counts().delivered, 0u);
  }
}

TEST_F(sharding_test, entity_that_does_not_hand_over_begins_anew) {
  options.hand_over_max = 200ms;
  auto all = start_nodes(2);
  auto key = key_at(*all[1]);
  ASSERT_TRUE(all[0]->say(key, "stick").value);
  EXPECT_FALSE(all[1]->leave());
  EXPECT_EQ(all[1]->counts().states_lost, 1u);
  EXPECT_EQ(all[0]->add(key, 1).value, 1u);
}

TEST_F(sharding_test,
       requests_at_a_node_that_is_lost_fail_and_later_ones_do_not) {
  auto all = start_nodes(3);
  auto key = key_at(*all[2]);
  auto slow =
      std::async(std::launch::async, [&] { return all[0]->say(key, "slow"); });
  ASSERT_TRUE(eventually([&] { return all[2]->counts().delivered == 1; }));
  all[2]->node->stop();
  auto x = slow.get();
  EXPECT_TRUE(x.failed_with(errc::owner_lost)) << x.text();
  // Its state was lost with it.
  auto y = all[0]->add(key, 1);
  EXPECT_EQ(y.value, 1u) << y.text();
  // This node may hear of the loss a moment later.
  EXPECT_TRUE(eventually([&] { return all[1]->add(key, 2).value == 2; }));
  // Without a lease nothing is delivered there.
  auto before = all[2]->counts().spawned;
  caf::anon_send(all[2]->counters->region(),
                 to_entity{key, caf::make_message(std::uint64_t{3})});
  EXPECT_TRUE(eventually([&] { return all[2]->counts().waiting == 1; }));
  EXPECT_EQ(all[2]->counts().spawned, before);
}

TEST_F(sharding_test, kept_state_survives_its_node_with_two_copies) {
  options.copies = 2;
  auto all = start_nodes(3);
  auto key = key_at(*all[2]);
  ASSERT_TRUE(all[0]->add(key, 1).value);
  auto kept = all[0]->say(key, "keep");
  ASSERT_TRUE(kept.value) << kept.text();
  ASSERT_TRUE(all[0]->add(key, 2).value); // is not kept
  auto slow =
      std::async(std::launch::async, [&] { return all[0]->say(key, "slow"); });
  ASSERT_TRUE(eventually([&] { return all[2]->counts().delivered == 1; }));
  all[2]->node->stop();
  EXPECT_TRUE(slow.get().failed_with(errc::owner_lost));
  auto x = all[0]->add(key, 3);
  EXPECT_EQ(x.value, 3u) << x.text();
}

TEST_F(sharding_test, message_of_an_unknown_type_is_refused) {
  auto all = start_nodes(2);
  auto key = key_at(*all[1]);
  auto x = all[0]->ask(key, caf::make_message(stranger{1}));
  EXPECT_TRUE(x.failed_with(errc::not_serializable)) << x.text();
  EXPECT_EQ(all[0]->add(key, 1).value, 2u);
}

TEST_F(sharding_test, message_that_is_too_long_is_refused) {
  auto all = start_nodes(2);
  auto key = key_at(*all[1]);
  std::string text(runtime::limits::sharding_message_bytes_max, 'x');
  auto x = all[0]->ask(key, caf::make_message(text));
  EXPECT_TRUE(x.failed_with(errc::message_too_long)) << x.text();
  x = all[0]->ask(std::string(1'000, 'k'), caf::make_message(1));
  EXPECT_TRUE(x.failed_with(errc::bad_setting)) << x.text();
}

TEST_F(sharding_test, error_of_an_entity_is_passed_on) {
  auto all = start_nodes(2);
  for (auto& owner : all) {
    auto key = key_at(*owner);
    auto x = all[0]->add(key, 0);
    EXPECT_EQ(x.error, caf::sec::invalid_argument) << x.text();
  }
}

TEST_F(sharding_test, entity_that_ends_without_an_answer_is_noticed) {
  auto all = start_nodes(2);
  for (auto& owner : all) {
    auto key = key_at(*owner);
    auto x = all[0]->say(key, "end");
    EXPECT_TRUE(x.failed_with(errc::entity_ended)) << x.text();
    EXPECT_EQ(all[0]->add(key, 1).value, 1u); // another one
  }
}

TEST_F(sharding_test, idle_entity_comes_back_with_its_state) {
  options.idle_after = 50ms;
  auto all = start_nodes(1);
  ASSERT_EQ(all[0]->add("a", 1).value, 1u);
  ASSERT_TRUE(eventually([&] { return all[0]->counts().entities == 0; }));
  EXPECT_EQ(all[0]->counts().states, 1u);
  EXPECT_EQ(all[0]->add("a", 2).value, 2u);
  EXPECT_EQ(all[0]->counts().spawned, 2u);
}

TEST_F(sharding_test, requests_wait_up_to_a_number_and_a_time) {
  options.role = "nobody";
  options.waiting_max = 3;
  options.hold_max = 1s;
  nodes all;
  add_node(all, "tcp://127.0.0.1:0");
  ASSERT_TRUE(all[0]->log->wait_for("gained"));
  std::vector<std::future<outcome>> asked;
  for (std::uint64_t i = 0; i < 4; ++i)
    asked.push_back(
        std::async(std::launch::async, [&, i] { return all[0]->add("a", i); }));
  auto refused = 0;
  for (auto& x : asked) {
    auto y = x.get();
    auto is_refused = y.failed_with(errc::too_many_waiting);
    refused += is_refused;
    EXPECT_TRUE(is_refused || y.failed_with(errc::no_owner)) << y.text();
  }
  EXPECT_EQ(refused, 1);
  EXPECT_EQ(all[0]->counts().waiting, 0u);
}

TEST_F(sharding_test, requests_and_entities_above_their_bounds_are_refused) {
  options.under_way_max = 1;
  options.entities_max = 2;
  auto all = start_nodes(1);
  auto slow =
      std::async(std::launch::async, [&] { return all[0]->say("a", "slow"); });
  ASSERT_TRUE(eventually([&] { return all[0]->counts().delivered == 1; }));
  auto x = all[0]->add("b", 1);
  EXPECT_TRUE(x.failed_with(errc::too_many_waiting)) << x.text();
  all[0]->open();
  EXPECT_EQ(slow.get().value, 4'711u);
  EXPECT_EQ(all[0]->add("b", 1).value, 1u);
  x = all[0]->add("c", 1);
  EXPECT_TRUE(x.failed_with(errc::too_many_waiting)) << x.text();
}

TEST_F(sharding_test, role_says_who_has_entities) {
  options.role = "shop";
  seeds_ = endpoints(2);
  nodes all;
  add_node(all, seeds_[0], {"shop"});
  add_node(all, seeds_[1]);
  for (auto& x : all)
    ASSERT_TRUE(x->log->wait_for("gained"));
  for (std::uint64_t i = 0; i < 20; ++i)
    EXPECT_EQ(all[1]->add("key" + std::to_string(i), 1).value, 1u);
  EXPECT_EQ(all[0]->counts().spawned, 20u);
  EXPECT_EQ(all[1]->counts().shards, 0u);
  EXPECT_FALSE(all[1]->leave()); // it has nothing to wait for
}

TEST_F(sharding_test, name_belongs_to_one_region_of_a_node) {
  auto all = start_nodes(1);
  auto again = cluster::sharding::start(all[0]->system(), *all[0]->node,
                                        options, counter);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), static_cast<std::uint8_t>(errc::name_taken))
      << runtime::to_text(again.error());
  options.name.clear();
  EXPECT_EQ(options.check().code(),
            static_cast<std::uint8_t>(errc::bad_setting));
}

} // namespace
} // namespace sluice::testing

// One message to many, and what becomes of those who are slow.

#include "actors/topic.h"

#include "runtime/error.h"
#include "tests/actors/peer_connection.h"
#include "tests/support/sim_runtime.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace sluice::actors {
namespace {

using namespace std::chrono_literals;
using numbers = std::vector<int>;
using runtime::backpressure;
using runtime::pressure;

struct heard {
  numbers got;
  std::vector<std::string> said;
};

using ears = std::shared_ptr<heard>;

caf::behavior plain_reader(caf::event_based_actor*, ears log) {
  return {
      [=](int x) { log->got.push_back(x); },
      [=](const net::write&) { log->got.push_back(0); },
      [=](const unsubscribed& x) {
        log->said.push_back("dismissed, lost " + std::to_string(x.lost));
      },
      [=](const backpressure& x) { log->said.push_back(to_string(x.state)); },
  };
}

class topic_test : public ::testing::Test {
public:
  testing::sim_world world{1, testing::sim_settings::calm()};
  testing::sim_runtime run{world};
  std::vector<caf::actor> all_;
  caf::actor news = keep(run.system().spawn(
      topic, topic_options{.mailbox = {.high = 8, .low = 4}}));

  ~topic_test() override {
    for (auto& x : all_)
      caf::anon_send_exit(x, caf::exit_reason::kill);
    run.during(10ms);
  }

  caf::actor keep(caf::actor x) {
    all_.push_back(x);
    return x;
  }

  caf::actor make_reader(const ears& log) {
    return keep(run.system().spawn(plain_reader, log));
  }

  void settle() { run.during(1ms); }

  /// What `who` says to the topic.
  void says(const caf::actor& who, pressure state) {
    runtime::send_signal(*caf::actor_cast<caf::strong_actor_ptr>(news),
                         {state, caf::actor_cast<caf::strong_actor_ptr>(who), 0,
                          runtime::next_signal_sequence()},
                         nullptr);
    settle();
  }

  std::string add(const caf::actor& who, subscription how) {
    auto result = std::make_shared<std::string>("no answer");
    run.system().spawn([=, to = news](caf::event_based_actor* self) {
      self->request(to, caf::infinite, subscribe{who, how})
          .then([=] { *result = "ok"; },
                [=](const caf::error& x) { *result = runtime::to_text(x); });
    });
    settle();
    return *result;
  }

  void say(int first, int last) {
    for (auto i = first; i <= last; ++i) {
      caf::anon_send(news, publish{caf::make_message(i)});
      settle();
    }
  }

  topic_counts counts() {
    auto result = std::make_shared<topic_counts>();
    run.system().spawn([=, to = news](caf::event_based_actor* self) {
      self->request<caf::message_priority::high>(to, caf::infinite,
                                                 count_topic{})
          .then([=](const topic_counts& x) { *result = x; });
    });
    settle();
    return *result;
  }
};

ears make_ears() {
  return std::make_shared<heard>();
}

TEST_F(topic_test, everybody_gets_everything_in_order) {
  auto a = make_ears();
  auto b = make_ears();
  EXPECT_EQ(add(make_reader(a), {}), "ok");
  say(1, 2);
  EXPECT_EQ(add(make_reader(b), {}), "ok");
  say(3, 4);
  EXPECT_EQ(a->got, (numbers{1, 2, 3, 4}));
  EXPECT_EQ(b->got, (numbers{3, 4}));
  auto sum = counts();
  EXPECT_EQ(sum.published, 4u);
  ASSERT_EQ(sum.subscribers.size(), 2u);
  EXPECT_EQ(sum.subscribers[0].delivered, 4u);
  EXPECT_EQ(sum.subscribers[1].delivered, 2u);
}

TEST_F(topic_test, subscriber_that_leaves_or_ends_gets_nothing_more) {
  auto a = make_ears();
  auto reader = make_reader(a);
  add(reader, {});
  say(1, 1);
  caf::anon_send(news, unsubscribe{reader});
  settle();
  say(2, 2);
  EXPECT_EQ(a->got, numbers{1});
  add(reader, {});
  caf::anon_send_exit(reader, caf::exit_reason::kill);
  settle();
  EXPECT_TRUE(counts().subscribers.empty());
}

TEST_F(topic_test, bad_subscriptions_are_refused) {
  EXPECT_EQ(add(caf::actor{}, {}), "no actor to subscribe");
  EXPECT_EQ(add(make_reader(make_ears()), {.queue_messages = 0}),
            "a subscription's queue_messages is 0: at least 1");
  EXPECT_TRUE(counts().subscribers.empty());
}

TEST_F(topic_test, drop_oldest_keeps_the_newest_for_the_slow) {
  auto slow = make_ears();
  auto quick = make_ears();
  auto reader = make_reader(slow);
  add(reader, {.policy = slow_policy::drop_oldest, .queue_messages = 2});
  add(make_reader(quick), {});
  say(1, 1);
  says(reader, pressure::applied);
  say(2, 6);
  EXPECT_EQ(slow->got, numbers{1});
  EXPECT_EQ(counts().subscribers[0].queued, 2u);
  EXPECT_TRUE(counts().subscribers[0].under_pressure);
  says(reader, pressure::released);
  say(7, 7);
  EXPECT_EQ(slow->got, (numbers{1, 5, 6, 7}));
  EXPECT_EQ(quick->got, (numbers{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(counts().subscribers[0].dropped, 3u);
  EXPECT_EQ(counts().subscribers[1].dropped, 0u);
}

TEST_F(topic_test, drop_newest_keeps_the_oldest_for_the_slow) {
  auto slow = make_ears();
  auto reader = make_reader(slow);
  add(reader, {.policy = slow_policy::drop_newest, .queue_messages = 2});
  says(reader, pressure::applied);
  say(1, 5);
  says(reader, pressure::released);
  say(6, 6);
  EXPECT_EQ(slow->got, (numbers{1, 2, 6}));
  EXPECT_EQ(counts().subscribers[0].dropped, 3u);
}

TEST_F(topic_test, disconnect_dismisses_the_slow_and_says_what_was_lost) {
  auto slow = make_ears();
  auto quick = make_ears();
  auto reader = make_reader(slow);
  add(reader, {.policy = slow_policy::disconnect, .queue_messages = 2});
  add(make_reader(quick), {});
  says(reader, pressure::applied);
  say(1, 5);
  EXPECT_EQ(slow->got, numbers{});
  EXPECT_EQ(slow->said, std::vector<std::string>{"dismissed, lost 3"});
  EXPECT_EQ(quick->got, (numbers{1, 2, 3, 4, 5}));
  auto sum = counts();
  EXPECT_EQ(sum.dismissed, 1u);
  EXPECT_EQ(sum.subscribers.size(), 1u);
  // It may come back when it can.
  says(reader, pressure::released);
  EXPECT_EQ(add(reader, {}), "ok");
  say(6, 6);
  EXPECT_EQ(slow->got, numbers{6});
}

TEST_F(topic_test, pause_holds_the_publishers) {
  auto slow = make_ears();
  auto publisher = make_ears();
  auto from = make_reader(publisher);
  auto reader = make_reader(slow);
  add(reader, {.policy = slow_policy::pause});
  says(reader, pressure::applied);
  for (int i = 1; i <= 10; ++i)
    caf::send_as(from, news, publish{caf::make_message(i)});
  settle();
  EXPECT_EQ(slow->got, numbers{});
  EXPECT_EQ(publisher->said, std::vector<std::string>{"applied"});
  says(reader, pressure::released);
  EXPECT_EQ(slow->got, (numbers{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(publisher->said, (std::vector<std::string>{"applied", "released"}));
}

TEST_F(topic_test, pause_ends_when_the_slow_one_leaves_or_ends) {
  for (auto dies : {false, true}) {
    auto quick = make_ears();
    auto other = make_reader(quick);
    auto reader = make_reader(make_ears());
    add(reader, {.policy = slow_policy::pause});
    add(other, {});
    says(reader, pressure::applied);
    say(1, 2);
    EXPECT_EQ(quick->got, numbers{});
    if (dies) { // as every source of signals does it
      says(reader, pressure::released);
      caf::anon_send_exit(reader, caf::exit_reason::kill);
    } else {
      caf::anon_send<caf::message_priority::high>(news, unsubscribe{reader});
    }
    settle();
    EXPECT_EQ(quick->got, (numbers{1, 2})) << dies;
    caf::anon_send(news, unsubscribe{other});
    settle();
  }
}

TEST_F(topic_test, who_subscribes_under_pressure_is_slow_from_the_start) {
  auto slow = make_ears();
  auto reader = make_reader(slow);
  add(reader, {.policy = slow_policy::drop_oldest});
  says(reader, pressure::applied);
  caf::anon_send(news, unsubscribe{reader});
  settle();
  add(reader, {.policy = slow_policy::drop_oldest, .queue_messages = 5});
  say(1, 2);
  EXPECT_EQ(slow->got, numbers{});
  says(reader, pressure::released);
  EXPECT_EQ(slow->got, (numbers{1, 2}));
}

TEST_F(topic_test, new_subscription_replaces_the_old_one) {
  auto slow = make_ears();
  auto reader = make_reader(slow);
  add(reader, {.policy = slow_policy::drop_newest, .queue_messages = 4});
  says(reader, pressure::applied);
  say(1, 4);
  add(reader, {.policy = slow_policy::drop_oldest, .queue_messages = 2});
  EXPECT_EQ(counts().subscribers.size(), 1u);
  EXPECT_EQ(counts().subscribers[0].queued, 2u);
  says(reader, pressure::released);
  EXPECT_EQ(slow->got, (numbers{3, 4}));
}

TEST_F(topic_test, what_was_kept_comes_first_when_it_is_to_be_waited_for) {
  auto slow = make_ears();
  auto reader = make_reader(slow);
  add(reader, {.policy = slow_policy::drop_oldest});
  says(reader, pressure::applied);
  say(1, 2);
  add(reader, {.policy = slow_policy::pause});
  EXPECT_EQ(slow->got, (numbers{1, 2}));
  say(3, 3);
  EXPECT_EQ(slow->got, (numbers{1, 2})) << "the topic waits";
  says(reader, pressure::released);
  EXPECT_EQ(slow->got, (numbers{1, 2, 3}));
}

TEST_F(topic_test, what_was_kept_for_one_who_leaves_is_counted) {
  auto reader = make_reader(make_ears());
  add(reader, {.policy = slow_policy::drop_oldest});
  says(reader, pressure::applied);
  say(1, 3);
  caf::anon_send(news, unsubscribe{reader});
  settle();
  EXPECT_EQ(counts().dropped, 3u);
}

TEST_F(topic_test, subscriber_that_does_not_know_a_message_harms_nobody) {
  auto a = make_ears();
  add(make_reader(a), {});
  add(keep(run.system().spawn([](caf::event_based_actor* self) {
        self->set_default_handler(
            [](caf::scheduled_actor*, caf::message_view&) {
              return caf::result<caf::message>{caf::sec::unexpected_message};
            });
        return caf::behavior{[](const std::string&) {}};
      })),
      {});
  say(1, 2);
  EXPECT_EQ(a->got, (numbers{1, 2}));
  EXPECT_EQ(counts().subscribers.size(), 2u);
}

TEST_F(topic_test, subscribers_share_one_content) {
  // An actor that tells where in memory it found the bytes.
  std::vector<const char*> places;
  auto bytes = runtime::byte_slice::copy(std::string(1024, 'x'));
  for (int i = 0; i < 10; ++i)
    add(keep(run.system().spawn([&](caf::event_based_actor*) {
          return caf::behavior{
              [&](const net::write& x) { places.push_back(x.bytes.data()); }};
        })),
        {});
  caf::anon_send(news, publish{caf::make_message(net::write{bytes})});
  settle();
  EXPECT_EQ(places, std::vector<const char*>(10, bytes.data()));
}

TEST_F(topic_test, connection_that_does_not_read_misses_some_and_holds_nobody) {
  peer_connection connection{run, peer_connection::peer::does_not_read};
  auto quick = make_ears();
  add(connection.broker(),
      {.policy = slow_policy::drop_oldest, .queue_messages = 3});
  add(make_reader(quick), {});
  auto bytes = runtime::byte_slice::copy(std::string(60'000, 'x'));
  int sent = 0;
  for (; sent < 100; ++sent) {
    caf::anon_send(news, publish{caf::make_message(net::write{bytes})});
    settle();
  }
  auto sum = counts();
  EXPECT_EQ(quick->got.size(), 100u);
  EXPECT_TRUE(sum.subscribers[0].under_pressure);
  EXPECT_EQ(sum.subscribers[0].queued, 3u);
  EXPECT_GT(sum.subscribers[0].dropped, 50u);
  EXPECT_EQ(sum.rejected, 0u);
  connection.abort();
  EXPECT_EQ(counts().subscribers.size(), 1u);
}

} // namespace
} // namespace sluice::actors

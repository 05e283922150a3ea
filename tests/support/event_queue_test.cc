#include "tests/support/event_queue.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;

constexpr runtime::time_point start{1h};

struct event_queue_test : ::testing::Test {
  event_queue::action note(char x) {
    return [this, x] { ran += x; };
  }

  event_queue queue{start};
  std::string ran;
};

TEST_F(event_queue_test, events_run_in_the_order_of_their_times) {
  queue.at(start + 3s, note('c'));
  queue.at(start + 1s, note('a'));
  queue.at(start + 2s, note('b'));
  EXPECT_EQ(queue.next(), start + 1s);
  while (queue.run_one()) {
  }
  EXPECT_EQ(ran, "abc");
  EXPECT_EQ(queue.now(), start + 3s);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.next(), std::nullopt);
}

TEST_F(event_queue_test, events_of_one_time_run_in_the_order_of_queueing) {
  for (char x : std::string{"abcdefgh"})
    queue.at(start + 1s, note(x));
  while (queue.run_one()) {
  }
  EXPECT_EQ(ran, "abcdefgh");
}

TEST_F(event_queue_test, cancelled_event_does_not_run) {
  auto a = queue.at(start + 1s, note('a'));
  queue.at(start + 1s, note('b'));
  queue.cancel(a);
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_TRUE(queue.run_one());
  EXPECT_FALSE(queue.run_one());
  EXPECT_EQ(ran, "b");
  queue.cancel(a); // no effect
}

TEST_F(event_queue_test, event_in_the_past_runs_now) {
  queue.move_to(start + 5s);
  queue.at(start + 1s, note('a'));
  EXPECT_EQ(queue.next(), start + 5s);
  queue.run_one();
  EXPECT_EQ(queue.now(), start + 5s);
}

TEST_F(event_queue_test, event_may_queue_and_cancel_others) {
  auto b = queue.at(start + 2s, note('b'));
  queue.at(start + 1s, [&] {
    queue.cancel(b);
    queue.at(start, note('c'));
  });
  while (queue.run_one()) {
  }
  EXPECT_EQ(ran, "c");
}

TEST_F(event_queue_test, time_does_not_go_back) {
  queue.move_to(start + 2s);
  queue.move_to(start + 1s);
  EXPECT_EQ(queue.now(), start + 2s);
}

} // namespace
} // namespace sluice::testing

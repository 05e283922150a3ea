#include "net/deadlines.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;

class deadlines_test : public ::testing::Test, public deadline_owner {
public:
  void on_deadline(timeout which, std::uint64_t token) override {
    fired.push_back(to_string(which) + " " + std::to_string(token));
    if (token == again)
      mine.arm(wheel, which, token, now + 10ms);
  }

  void arm(timeout which, runtime::duration after, std::uint64_t token = 0) {
    mine.arm(wheel, which, token, now + after);
  }

  std::vector<std::string> advance(runtime::duration by) {
    now += by;
    wheel.advance(now);
    return std::exchange(fired, {});
  }

  using names = std::vector<std::string>;

  runtime::time_point now{1h};
  runtime::timer_wheel wheel{now};
  deadlines mine{*this};
  names fired;
  std::uint64_t again = 999;
};

TEST_F(deadlines_test, deadline_passes_once_with_its_kind_and_token) {
  arm(timeout::idle, 10ms);
  arm(timeout::user, 20ms, 7);
  EXPECT_EQ(advance(5ms), names{});
  EXPECT_EQ(advance(10ms), names{"idle 0"});
  EXPECT_EQ(advance(10ms), names{"user 7"});
  EXPECT_EQ(advance(1h), names{});
}

TEST_F(deadlines_test, is_armed_until_it_fires_or_is_cancelled) {
  EXPECT_FALSE(mine.armed(timeout::read, 0));
  arm(timeout::read, 10ms);
  arm(timeout::idle, 10ms);
  EXPECT_TRUE(mine.armed(timeout::read, 0));
  EXPECT_FALSE(mine.armed(timeout::read, 1));
  mine.cancel(timeout::read, 0);
  EXPECT_FALSE(mine.armed(timeout::read, 0));
  EXPECT_EQ(advance(20ms), names{"idle 0"});
  EXPECT_FALSE(mine.armed(timeout::idle, 0));
}

TEST_F(deadlines_test, second_arming_replaces_the_first) {
  arm(timeout::idle, 10ms);
  arm(timeout::idle, 50ms);
  EXPECT_EQ(advance(20ms), names{});
  EXPECT_EQ(advance(40ms), names{"idle 0"});
}

TEST_F(deadlines_test, kinds_and_tokens_do_not_disturb_each_other) {
  for (std::uint64_t token = 0; token < 5; ++token)
    arm(timeout::user, 10ms, token);
  arm(timeout::drain, 10ms, 0);
  mine.cancel(timeout::user, 2);
  EXPECT_EQ(advance(20ms).size(), 5u);
}

TEST_F(deadlines_test, cancelling_what_is_not_set_does_nothing) {
  arm(timeout::user, 10ms, 1);
  mine.cancel(timeout::user, 2);
  mine.cancel(timeout::idle, 1);
  EXPECT_EQ(advance(20ms), names{"user 1"});
}

TEST_F(deadlines_test, place_of_one_that_fired_serves_another) {
  arm(timeout::user, 10ms, 1);
  EXPECT_EQ(advance(20ms), names{"user 1"});
  arm(timeout::user, 10ms, 2);
  EXPECT_FALSE(mine.armed(timeout::user, 1));
  EXPECT_TRUE(mine.armed(timeout::user, 2));
  EXPECT_EQ(advance(20ms), names{"user 2"});
}

TEST_F(deadlines_test, may_be_armed_again_while_it_fires) {
  again = 4;
  arm(timeout::user, 10ms, 4);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(advance(15ms), names{"user 4"});
}

TEST_F(deadlines_test, dying_takes_its_deadlines_along) {
  {
    deadlines brief{*this};
    brief.arm(wheel, timeout::idle, 0, now + 10ms);
  }
  EXPECT_EQ(advance(20ms), names{});
}

} // namespace
} // namespace sluice::net

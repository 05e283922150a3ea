#include "actors/restart_policy.h"

#include "actors/exit_reasons.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace sluice::actors {
namespace {

using namespace std::chrono_literals;
using runtime::duration;
using runtime::errc;
using runtime::time_point;

constexpr auto highest = std::numeric_limits<std::uint64_t>::max();

time_point at(duration x) {
  return time_point{} + x;
}

// -- restart_window -----------------------------------------------------------

TEST(restart_window_test, one_more_than_allowed_is_refused) {
  restart_window x{{.restarts = 2, .window = 10s}};
  EXPECT_TRUE(x.note(at(1s)));
  EXPECT_TRUE(x.note(at(1s)));
  EXPECT_FALSE(x.note(at(2s)));
  EXPECT_EQ(x.count(at(2s)), 2u);
}

TEST(restart_window_test, what_is_as_old_as_the_window_does_not_count) {
  restart_window x{{.restarts = 1, .window = 10s}};
  EXPECT_TRUE(x.note(at(1s)));
  EXPECT_FALSE(x.note(at(11s) - 1ns));
  EXPECT_TRUE(x.note(at(11s)));
}

TEST(restart_window_test, refused_restart_is_not_counted) {
  restart_window x{{.restarts = 1, .window = 10s}};
  EXPECT_TRUE(x.note(at(0s)));
  EXPECT_FALSE(x.note(at(9s)));
  EXPECT_TRUE(x.note(at(10s)));
}

TEST(restart_window_test, no_restart_allowed_refuses_the_first) {
  restart_window x{{.restarts = 0, .window = 10s}};
  EXPECT_FALSE(x.note(at(0s)));
}

TEST(restart_window_test, any_sequence_agrees_with_counting_by_hand) {
  testing::for_each_seed(500, [](std::uint64_t seed) {
    testing::random_source random{seed};
    restart_limits limits{.restarts = random.below(6),
                          .window = random.between(1ms, 50ms)};
    restart_window x{limits};
    std::vector<time_point> counted;
    auto now = at(0s);
    for (int i = 0; i < 100; ++i) {
      now += random.between(duration{0}, duration{20ms});
      std::size_t recent = 0;
      for (auto t : counted)
        recent += now - t < limits.window ? 1 : 0;
      ASSERT_EQ(x.count(now), recent);
      ASSERT_EQ(x.note(now), recent < limits.restarts);
      if (recent < limits.restarts)
        counted.push_back(now);
    }
  });
}

// -- backoff ------------------------------------------------------------------

TEST(backoff_test, wait_grows_by_the_factor_up_to_max) {
  backoff x{.first = 100ms, .factor = 3, .max = 2s, .jitter = 0};
  EXPECT_EQ(backoff_delay(x, 1, 0), 100ms);
  EXPECT_EQ(backoff_delay(x, 2, 0), 300ms);
  EXPECT_EQ(backoff_delay(x, 3, 0), 900ms);
  EXPECT_EQ(backoff_delay(x, 4, 0), 2s);
  EXPECT_EQ(backoff_delay(x, highest & 0xffffffff, 0), 2s);
}

TEST(backoff_test, jitter_takes_its_part_of_the_wait_at_most) {
  backoff x{.first = 10s, .jitter = 0.25};
  EXPECT_EQ(backoff_delay(x, 1, 0), 10s);
  EXPECT_EQ(backoff_delay(x, 1, highest / 2 + 1), 8'750ms);
  EXPECT_GE(backoff_delay(x, 1, highest), 7'500ms);
  EXPECT_LT(backoff_delay(x, 1, highest), 7'500ms + 1us);
}

TEST(backoff_test, no_wait_stays_none) {
  backoff x{.first = 0s, .max = 10s};
  EXPECT_EQ(backoff_delay(x, 1, 7), 0s);
  EXPECT_EQ(backoff_delay(x, 1'000'000, 7), 0s);
}

TEST(backoff_test, factor_of_one_keeps_the_wait) {
  backoff x{.first = 2s, .factor = 1, .jitter = 0};
  EXPECT_EQ(backoff_delay(x, 4'000'000'000u, 0), 2s);
}

TEST(backoff_test, longest_max_is_not_exceeded) {
  backoff x{.first = 1ns, .factor = 1e300, .max = duration::max(), .jitter = 0};
  EXPECT_EQ(backoff_delay(x, 3, 0), duration::max());
}

TEST(backoff_test, any_wait_is_within_its_jitter) {
  testing::for_each_seed(2'000, [](std::uint64_t seed) {
    testing::random_source random{seed};
    auto part = static_cast<double>(random.below(101)) / 100;
    backoff x{.first = random.between(1ms, 1s),
              .factor = 1 + static_cast<double>(random.below(30)) / 10,
              .max = 60s,
              .jitter = part};
    auto plain = x;
    plain.jitter = 0;
    auto attempt = static_cast<unsigned>(random.between(1, 20));
    auto most = backoff_delay(plain, attempt, random.next());
    auto wait = backoff_delay(x, attempt, random.next());
    ASSERT_LE(wait, most);
    ASSERT_LE(most, x.max);
    ASSERT_GE(static_cast<double>(wait.count()) + 1,
              static_cast<double>(most.count()) * (1 - part));
  });
}

TEST(backoff_test, attempts_count_from_one_again_once_the_child_has_settled) {
  backoff x{.settled = 30s};
  EXPECT_EQ(next_attempt(x, 0, 0s), 1u);
  EXPECT_EQ(next_attempt(x, 1, 30s - 1ns), 2u);
  EXPECT_EQ(next_attempt(x, 2, 30s), 1u);
  auto last = std::numeric_limits<unsigned>::max();
  EXPECT_EQ(next_attempt(x, last, 0s), last);
}

// -- settings -----------------------------------------------------------------

TEST(restart_policy_test, defaults_are_in_their_ranges) {
  EXPECT_FALSE(check(restart_limits{}));
  EXPECT_FALSE(check(backoff{}));
}

TEST(restart_policy_test, settings_out_of_range_are_refused) {
  EXPECT_TRUE(is(check(restart_limits{.window = 0s}), errc::bad_setting));
  EXPECT_FALSE(check(restart_limits{.restarts = 0}));
  for (auto& x : {
           backoff{.first = -1ns},
           backoff{.first = 2s, .max = 1s},
           backoff{.factor = 0.99},
           backoff{.factor = std::numeric_limits<double>::quiet_NaN()},
           backoff{.factor = std::numeric_limits<double>::infinity()},
           backoff{.jitter = -0.01},
           backoff{.jitter = 1.01},
           backoff{.jitter = std::numeric_limits<double>::quiet_NaN()},
           backoff{.settled = -1ns},
       })
    EXPECT_TRUE(is(check(x), errc::bad_setting));
}

} // namespace
} // namespace sluice::actors

#include "tests/support/seeds.h"

#include "runtime/panic.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <vector>

namespace sluice::testing {
namespace {

// The environment of whoever runs the tests must not count here.
class seeds_test : public ::testing::Test {
protected:
  seeds_test() {
    ::unsetenv("SLUICE_SEED");
    ::unsetenv("SLUICE_SEEDS");
  }

  static std::vector<std::uint64_t> run(std::uint64_t count) {
    std::vector<std::uint64_t> result;
    for_each_seed(count, [&](std::uint64_t seed) { result.push_back(seed); });
    return result;
  }

  // What fails here must not fail this test: it runs in a child.
  static void fail_at(std::uint64_t bad) {
    std::uint64_t last = 0;
    for_each_seed(9, [&](std::uint64_t seed) {
      last = seed;
      EXPECT_NE(seed, bad);
    });
    std::fprintf(stderr, "last was %d", static_cast<int>(last));
    std::exit(0);
  }
};

using seeds_death_test = seeds_test;

TEST_F(seeds_test, seeds_count_from_one) {
  EXPECT_EQ(run(3), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(seeds_test, environment_sets_the_count) {
  ::setenv("SLUICE_SEEDS", "2", 1);
  EXPECT_EQ(run(3), (std::vector<std::uint64_t>{1, 2}));
  ::unsetenv("SLUICE_SEEDS");
}

TEST_F(seeds_test, environment_picks_one_seed) {
  EXPECT_EQ(replayed_seed(), std::nullopt);
  ::setenv("SLUICE_SEED", "18446744073709551615", 1);
  EXPECT_EQ(replayed_seed(), UINT64_MAX);
  ::setenv("SLUICE_SEED", "77", 1);
  EXPECT_EQ(run(3), (std::vector<std::uint64_t>{77}));
  ::unsetenv("SLUICE_SEED");
}

TEST_F(seeds_test, exception_passes) {
  EXPECT_THROW(
      for_each_seed(3, [](std::uint64_t) { throw std::runtime_error{"x"}; }),
      std::runtime_error);
}

TEST_F(seeds_death_test, first_failure_stops_and_prints_its_seed) {
  EXPECT_EXIT(fail_at(4), ::testing::ExitedWithCode(0),
              "replay with SLUICE_SEED=4\nlast was 4");
}

TEST_F(seeds_death_test, abort_prints_the_seed) {
  EXPECT_DEATH(
      for_each_seed(
          9, [](std::uint64_t seed) { runtime::check(seed != 5, "five"); }),
      "five\nreplay with SLUICE_SEED=5");
}

TEST_F(seeds_death_test, seed_that_is_no_number_aborts) {
  ::setenv("SLUICE_SEED", "12x", 1);
  EXPECT_DEATH(run(1), "SLUICE_SEED is not a number: 12x");
  ::unsetenv("SLUICE_SEED");
}

} // namespace
} // namespace sluice::testing

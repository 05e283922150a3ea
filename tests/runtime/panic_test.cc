#include "runtime/panic.h"

#include <gtest/gtest.h>

#include <csignal>

namespace sluice::runtime {
namespace {

TEST(panic_death_test, panic_names_the_invariant_and_aborts) {
  EXPECT_EXIT(panic("the sky is down"), testing::KilledBySignal(SIGABRT),
              "sluice: broken invariant: the sky is down\n");
}

TEST(panic_death_test, check_panics_only_if_the_condition_fails) {
  check(true, "?");
  EXPECT_DEATH(check(false, "two is three"), "broken invariant: two is three");
}

} // namespace
} // namespace sluice::runtime

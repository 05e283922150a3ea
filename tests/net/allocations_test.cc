// Whether the count of allocations counts: tests that expect little of it would
// pass without.

#include "tests/net/allocations.h"

#include "runtime/byte_slice.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace sluice::testing {
namespace {

TEST(allocations_test, what_the_library_allocates_is_counted) {
  reset_allocations();
  auto memory = runtime::slab::make(10'000);
  EXPECT_EQ(allocations().calls, 1u);
  EXPECT_GE(allocations().total_bytes, 10'000u);
  EXPECT_GE(allocations().live_bytes, 10'000u);
  memory = nullptr;
  EXPECT_EQ(allocations().live_bytes, 0u);
}

TEST(allocations_test, what_the_test_allocates_is_counted) {
  reset_allocations();
  auto memory = std::make_unique<std::array<char, 10'000>>();
  EXPECT_EQ(allocations().calls, 1u);
  EXPECT_EQ(allocations().largest_bytes, 10'000u);
}

} // namespace
} // namespace sluice::testing

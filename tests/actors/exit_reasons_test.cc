#include "actors/exit_reasons.h"

#include "runtime/limits.h"

#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace sluice::actors {
namespace {

using namespace std::chrono_literals;
using runtime::errc;

TEST(exit_reasons_test, orderly_is_no_reason_and_a_shutdown) {
  EXPECT_TRUE(is_orderly({}));
  EXPECT_TRUE(is_orderly(caf::exit_reason::user_shutdown));
  EXPECT_FALSE(is_orderly(caf::exit_reason::kill));
  EXPECT_FALSE(is_orderly(runtime::make_error(errc::handler_failed, "x")));
}

TEST(exit_reasons_test, error_of_another_category_is_none_of_ours) {
  auto same_number = static_cast<caf::sec>(errc::child_stuck);
  EXPECT_FALSE(is(caf::make_error(same_number), errc::child_stuck));
  EXPECT_TRUE(is(stuck("s", "c", 1s), errc::child_stuck));
  EXPECT_FALSE(is({}, errc::child_stuck));
}

TEST(exit_reasons_test, reason_for_a_failed_start_is_cut) {
  auto limit = runtime::limits::error_excerpt_bytes;
  auto x = runtime::to_text(start_failed("s", "c", std::string(1'000, 'x')));
  EXPECT_EQ(std::count(x.begin(), x.end(), 'x'), std::ptrdiff_t(limit));
}

} // namespace
} // namespace sluice::actors

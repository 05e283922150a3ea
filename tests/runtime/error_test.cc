#include "runtime/error.h"

#include <caf/sec.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <climits>

namespace sluice::runtime {
namespace {

TEST(error_test, error_carries_its_code_and_text) {
  auto x = make_error(errc::bad_endpoint, "port 70000 is out of range");
  EXPECT_TRUE(x);
  EXPECT_EQ(x.category(), error_category);
  EXPECT_EQ(x.code(), static_cast<std::uint8_t>(errc::bad_endpoint));
  EXPECT_EQ(to_text(x), "port 70000 is out of range");
}

TEST(error_test, numbers_of_the_codes_are_stable) {
  EXPECT_EQ(static_cast<int>(errc::bad_endpoint), 1);
  EXPECT_EQ(static_cast<int>(errc::unknown_host), 2);
  EXPECT_EQ(static_cast<int>(errc::lookup_overflow), 3);
  EXPECT_EQ(static_cast<int>(errc::system_error), 4);
  EXPECT_EQ(static_cast<int>(errc::connect_failed), 5);
  EXPECT_EQ(static_cast<int>(errc::frame_too_long), 6);
  EXPECT_EQ(static_cast<int>(errc::malformed_frame), 7);
  EXPECT_EQ(static_cast<int>(errc::handler_failed), 8);
  EXPECT_EQ(static_cast<int>(errc::connection_closed), 9);
  EXPECT_EQ(static_cast<int>(errc::bad_setting), 10);
  EXPECT_EQ(static_cast<int>(errc::truncated_frame), 11);
}

TEST(error_test, errors_are_compared_by_code) {
  auto x = make_error(errc::unknown_host, "a");
  EXPECT_EQ(x, make_error(errc::unknown_host, "b"));
  EXPECT_NE(x, make_error(errc::connect_failed, "a"));
  EXPECT_NE(x, caf::make_error(caf::sec::invalid_argument));
}

TEST(error_test, text_of_an_errno_has_its_name) {
  EXPECT_EQ(errno_text(ECONNREFUSED), "Connection refused (ECONNREFUSED)");
  EXPECT_EQ(errno_text(-ECONNREFUSED), "Connection refused (ECONNREFUSED)");
  EXPECT_EQ(errno_text(EAGAIN), "Resource temporarily unavailable (EAGAIN)");
}

TEST(error_test, unknown_errno_is_named_by_its_number) {
  EXPECT_EQ(errno_text(99'999), "unknown error 99999");
  EXPECT_EQ(errno_text(-99'999), "unknown error 99999");
  EXPECT_EQ(errno_text(INT_MAX), "unknown error 2147483647");
  EXPECT_EQ(errno_text(INT_MIN), "unknown error 2147483648");
}

TEST(error_test, system_error_says_what_failed) {
  auto x = make_system_error(EADDRINUSE, "bind to tcp://127.0.0.1:80");
  EXPECT_EQ(x.code(), static_cast<std::uint8_t>(errc::system_error));
  EXPECT_EQ(to_text(x), "bind to tcp://127.0.0.1:80: Address already in use "
                        "(EADDRINUSE)");
}

TEST(error_test, errors_of_others_are_rendered_by_caf) {
  EXPECT_EQ(to_text(caf::make_error(caf::sec::invalid_argument)),
            caf::to_string(caf::make_error(caf::sec::invalid_argument)));
  EXPECT_EQ(to_text({}), "none");
  // Our category, but not made by us.
  caf::error bare{4, error_category};
  EXPECT_EQ(to_text(bare), caf::to_string(bare));
}

} // namespace
} // namespace sluice::runtime

#include "net/stream_options.h"

#include "runtime/error.h"

#include <gtest/gtest.h>

#include <functional>

namespace sluice::net {
namespace {

bool is(const caf::error& x, runtime::errc code) {
  return x.category() == runtime::error_category
         && x.code() == static_cast<std::uint8_t>(code);
}

using namespace std::chrono_literals;

TEST(stream_options_test, defaults_are_good) {
  EXPECT_EQ(stream_options{}.check(), caf::none);
}

TEST(stream_options_test, zero_means_no_stall_and_no_drain) {
  stream_options x;
  x.write_stall = 0s;
  x.close_drain = 0s;
  EXPECT_EQ(x.check(), caf::none);
}

TEST(stream_options_test, cap_may_be_just_the_high_mark) {
  stream_options x;
  x.write_cap_bytes = x.write_marks.high;
  EXPECT_EQ(x.check(), caf::none);
}

struct bad_setting {
  const char* setting; // named by the error
  std::function<void(stream_options&)> spoil;
};

class stream_options_bad_test : public ::testing::TestWithParam<bad_setting> {};

TEST_P(stream_options_bad_test, bad_setting_names_itself) {
  stream_options x;
  GetParam().spoil(x);
  auto err = x.check();
  EXPECT_TRUE(is(err, runtime::errc::bad_setting));
  EXPECT_NE(runtime::to_text(err).find(GetParam().setting), std::string::npos)
      << runtime::to_text(err);
}

const bad_setting bad_settings[] = {
    {"write_marks",
     [](auto& x) {
       x.write_marks = {100, 100};
     }},
    {"low (200 bytes)",
     [](auto& x) {
       x.write_marks = {100, 200};
     }},
    {"write_cap_bytes",
     [](auto& x) { x.write_cap_bytes = x.write_marks.high - 1; }},
    {"write_cap_entries", [](auto& x) { x.write_cap_entries = 0; }},
    {"write_stall", [](auto& x) { x.write_stall = -1ns; }},
    {"connect_deadline", [](auto& x) { x.connect_deadline = 0ns; }},
    {"close_drain", [](auto& x) { x.close_drain = -1ns; }},
    {"socket buffer size", [](auto& x) { x.send_buffer_bytes = -1; }},
    {"socket buffer size", [](auto& x) { x.receive_buffer_bytes = -1; }},
};

INSTANTIATE_TEST_SUITE_P(settings, stream_options_bad_test,
                         ::testing::ValuesIn(bad_settings));

} // namespace
} // namespace sluice::net

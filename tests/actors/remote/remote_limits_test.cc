#include "actors/remote/remote_limits.h"

#include "actors/config.h"

#include <gtest/gtest.h>

namespace sluice::actors::remote {
namespace {

TEST(remote_limits_test, settings_that_nobody_made_are_the_defaults) {
  config cfg;
  auto x = remote_limits::of(cfg);
  EXPECT_EQ(x.high_bytes, runtime::limits::remote_high_bytes);
  EXPECT_EQ(x.low_bytes, runtime::limits::remote_low_bytes);
  EXPECT_EQ(x.cap_bytes, runtime::limits::remote_cap_bytes);
  EXPECT_EQ(x.cap_messages, runtime::limits::remote_cap_messages);
  EXPECT_EQ(x.message_bytes_max, runtime::limits::remote_message_bytes_max);
}

TEST(remote_limits_test, each_has_a_setting) {
  config cfg;
  cfg.set("sluice.remote-high-bytes", std::size_t{20})
      .set("sluice.remote-low-bytes", std::size_t{10})
      .set("sluice.remote-cap-bytes", std::size_t{20})
      .set("sluice.remote-cap-messages", std::size_t{4})
      .set("sluice.remote-message-bytes-max", std::size_t{5});
  auto x = remote_limits::of(cfg);
  EXPECT_EQ(x.high_bytes, 20u);
  EXPECT_EQ(x.low_bytes, 10u);
  EXPECT_EQ(x.cap_bytes, 20u);
  EXPECT_EQ(x.cap_messages, 4u);
  EXPECT_EQ(x.message_bytes_max, 5u);
}

TEST(remote_limits_test, marks_that_have_no_order_abort) {
  config cfg;
  cfg.set("sluice.remote-high-bytes", std::size_t{10})
      .set("sluice.remote-low-bytes", std::size_t{10});
  EXPECT_DEATH(remote_limits::of(cfg), "not low < high <= cap");
  cfg.set("sluice.remote-low-bytes", std::size_t{5})
      .set("sluice.remote-cap-bytes", std::size_t{9});
  EXPECT_DEATH(remote_limits::of(cfg), "not low < high <= cap");
}

} // namespace
} // namespace sluice::actors::remote

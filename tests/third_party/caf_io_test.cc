// CAF's own network layer, which bench/ measures against, can be loaded.

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <gtest/gtest.h>

namespace {

TEST(caf_io_test, middleman_loads) {
  caf::actor_system_config config;
  config.load<caf::io::middleman>();
  caf::actor_system system{config};
  EXPECT_TRUE(system.has_middleman());
}

} // namespace

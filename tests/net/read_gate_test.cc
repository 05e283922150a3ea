#include "net/read_gate.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace sluice::net {
namespace {

using runtime::pressure;

TEST(read_gate_test, is_open_at_first) {
  read_gate gate;
  gate.spend();
  EXPECT_TRUE(gate.open());
}

TEST(read_gate_test, credit_is_spent_one_by_one) {
  read_gate gate;
  gate.credit(1);
  gate.credit(1);
  gate.spend();
  EXPECT_TRUE(gate.open());
  gate.spend();
  EXPECT_FALSE(gate.open());
  gate.flow();
  EXPECT_TRUE(gate.open());
  gate.pause();
  EXPECT_FALSE(gate.open());
  gate.credit(1);
  EXPECT_TRUE(gate.open());
}

TEST(read_gate_test, credit_without_bound_does_not_wrap) {
  read_gate gate;
  gate.pause();
  for (int i = 0; i < 3; ++i)
    gate.credit(std::numeric_limits<std::uint64_t>::max());
  gate.spend();
  EXPECT_TRUE(gate.open());
}

TEST(read_gate_test, each_reason_to_wait_counts_alone) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor a{system};
  caf::scoped_actor b{system};
  read_gate gate;
  auto signal = [&](caf::scoped_actor& by, pressure state) {
    gate.heed({state, caf::actor_cast<caf::strong_actor_ptr>(by), 0, 0});
  };
  signal(a, pressure::applied);
  signal(b, pressure::applied);
  signal(a, pressure::stalled);
  signal(a, pressure::released);
  EXPECT_FALSE(gate.open()) << "b is still pressed";
  signal(b, pressure::released);
  EXPECT_TRUE(gate.open());
  gate.self_pressed(true);
  EXPECT_FALSE(gate.open());
  gate.awaiting(true);
  gate.self_pressed(false);
  EXPECT_FALSE(gate.open());
  gate.awaiting(false);
  EXPECT_TRUE(gate.open());
}

} // namespace
} // namespace sluice::net

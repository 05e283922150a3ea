// The sums that the table keeps of what queues told, and what a valve says of
// itself. Time is that of CAF's test clock.

#include "runtime/pressure_table.h"

#include "runtime/valve.h"
#include "tests/runtime/signal_probe.h"

#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <gtest/gtest.h>

#include <memory>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

class pressure_table_test : public ::testing::Test {
public:
  pressure_table_test()
      : system(config.set("scheduler.policy", caf::atom("testing"))) {}

  ~pressure_table_test() override { gate.end(source.ptr(), nullptr); }

  void pass(duration x) {
    dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())
        .advance_time(x);
  }

  void tell(signal_probe& x) { gate.tell(x.ptr(), source.ptr(), nullptr); }

  /// The table is that of the process: what was added since the test began.
  std::uint64_t applied() { return of_kind().applied - before.applied; }
  std::uint64_t released() { return of_kind().released - before.released; }
  std::uint64_t stalled() { return of_kind().stalled - before.stalled; }
  std::uint64_t held() { return of_kind().held.count() - before.held.count(); }
  double held_seconds() {
    return of_kind().held.sum_seconds() - before.held.sum_seconds();
  }

  static pressure_totals of_kind() {
    return pressure_table::instance()
        .totals()[static_cast<std::size_t>(pressure_kind::process)];
  }

  caf::actor_system_config config;
  caf::actor_system system;
  signal_probe source{system};
  signal_probe anna{system};
  signal_probe bert{system};
  valve gate{{.high = 100, .low = 50}, pressure_kind::process};
  pressure_totals before = of_kind();
};

TEST_F(pressure_table_test, each_applied_and_released_is_counted_and_timed) {
  gate.rise(100);
  tell(anna);
  pass(1s);
  tell(bert);
  tell(bert); // is told once
  pass(2s);
  EXPECT_EQ(applied(), 2u);
  EXPECT_EQ(released(), 0u);
  EXPECT_EQ(held(), 0u);
  gate.fall(50, source.ptr(), nullptr);
  EXPECT_EQ(released(), 2u);
  EXPECT_EQ(held(), 2u);
  EXPECT_NEAR(held_seconds(), 3.0 + 2.0, 1e-6);
}

TEST_F(pressure_table_test, stalled_counts_those_that_are_told) {
  gate.stall(source.ptr(), nullptr);
  EXPECT_EQ(stalled(), 0u);
  gate.rise(100);
  tell(anna);
  tell(bert);
  gate.stall(source.ptr(), nullptr);
  gate.stall(source.ptr(), nullptr);
  EXPECT_EQ(stalled(), 4u);
}

TEST_F(pressure_table_test, other_kinds_are_not_touched) {
  auto others = pressure_table::instance()
                    .totals()[static_cast<std::size_t>(pressure_kind::outlet)];
  gate.rise(100);
  tell(anna);
  auto now = pressure_table::instance()
                 .totals()[static_cast<std::size_t>(pressure_kind::outlet)];
  EXPECT_EQ(now.applied, others.applied);
}

TEST_F(pressure_table_test, valve_says_how_long_it_held_anybody) {
  auto record = [this] { return gate.record(system); };
  EXPECT_EQ(record().times, 0u);
  EXPECT_FALSE(record().now);
  gate.rise(100);
  EXPECT_EQ(record().times, 0u) << "nobody was told";
  tell(anna);
  pass(1s);
  tell(bert);
  pass(1s);
  EXPECT_TRUE(record().now);
  EXPECT_EQ(record().times, 1u);
  EXPECT_EQ(record().total, 2s) << "what goes on is counted, too";
  gate.fall(50, source.ptr(), nullptr);
  pass(5s);
  EXPECT_FALSE(record().now);
  EXPECT_EQ(record().total, 2s);
  gate.rise(100);
  tell(anna);
  pass(500ms);
  gate.end(source.ptr(), nullptr);
  EXPECT_EQ(record().times, 2u);
  EXPECT_EQ(record().total, 2'500ms);
}

} // namespace
} // namespace sluice::runtime

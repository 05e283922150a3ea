// Which receivers are under pressure, by what they say.

#include "actors/pressure_tracker.h"

#include "net/config.h"

#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::actors {
namespace {

using runtime::backpressure;
using runtime::pressure;

class pressure_tracker_test : public ::testing::Test {
public:
  bool heed(pressure state, const caf::scoped_actor& source,
            std::uint64_t sequence) {
    return tracker.heed(backpressure{
        state, caf::actor_cast<caf::strong_actor_ptr>(source), 0, sequence});
  }

  net::config config;
  caf::actor_system system{config};
  caf::scoped_actor a{system};
  caf::scoped_actor b{system};
  std::vector<std::string> crossings;
  pressure_tracker tracker{[this](const caf::actor_addr& who, bool on) {
    crossings.push_back((who == a.address() ? "a " : "b ")
                        + std::string{on ? "on" : "off"});
  }};
};

using strings = std::vector<std::string>;

TEST_F(pressure_tracker_test, each_crossing_is_called_back_once) {
  EXPECT_FALSE(tracker.any());
  EXPECT_TRUE(heed(pressure::applied, a, 1));
  EXPECT_FALSE(heed(pressure::applied, a, 2));
  EXPECT_FALSE(heed(pressure::stalled, a, 3));
  EXPECT_TRUE(heed(pressure::applied, b, 4));
  EXPECT_EQ(tracker.size(), 2u);
  EXPECT_TRUE(heed(pressure::released, a, 5));
  EXPECT_FALSE(heed(pressure::released, a, 6));
  EXPECT_FALSE(tracker.holds(a.address()));
  EXPECT_TRUE(tracker.holds(b.address()));
  EXPECT_EQ(crossings, (strings{"a on", "b on", "a off"}));
}

TEST_F(pressure_tracker_test, stale_signal_changes_nothing) {
  heed(pressure::applied, a, 7);
  heed(pressure::released, a, 8);
  EXPECT_FALSE(heed(pressure::applied, a, 7));
  EXPECT_FALSE(tracker.any());
}

TEST_F(pressure_tracker_test, stalled_counts_as_applied) {
  EXPECT_TRUE(heed(pressure::stalled, a, 1));
  EXPECT_TRUE(tracker.holds(a.address()));
}

TEST_F(pressure_tracker_test, who_is_forgotten_holds_no_more) {
  heed(pressure::applied, a, 1);
  heed(pressure::applied, b, 2);
  tracker.forget(a.address());
  tracker.forget(a.address());
  EXPECT_EQ(tracker.size(), 1u);
  EXPECT_FALSE(tracker.holds(a.address()));
  EXPECT_EQ(crossings, (strings{"a on", "b on"})) << "that is no crossing";
}

TEST_F(pressure_tracker_test, signal_without_a_source_is_ignored) {
  EXPECT_FALSE(tracker.heed(backpressure{}));
  EXPECT_FALSE(tracker.any());
}

TEST_F(pressure_tracker_test, works_without_a_callback) {
  pressure_tracker quiet;
  EXPECT_TRUE(quiet.heed(backpressure{
      pressure::applied, caf::actor_cast<caf::strong_actor_ptr>(a), 0, 1}));
  EXPECT_TRUE(quiet.any());
}

} // namespace
} // namespace sluice::actors

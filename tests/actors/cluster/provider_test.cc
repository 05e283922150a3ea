#include "actors/cluster/provider.h"

#include "tests/actors/cluster/cluster_nodes.h"

namespace sluice::testing {
namespace {

using runtime::time_point;

TEST(membership_lease_test, ended_lease_may_be_held_again) {
  cluster::membership_lease x;
  EXPECT_FALSE(x.holds(time_point{}));
  x.hold_until(time_point{10s});
  EXPECT_TRUE(x.holds(time_point{10s} - 1ns));
  EXPECT_FALSE(x.holds(time_point{10s}));
  x.end();
  EXPECT_FALSE(x.holds(time_point{}));
  x.hold_until(time_point{20s});
  EXPECT_TRUE(x.holds(time_point{10s}));
  EXPECT_EQ(x.until(), time_point{20s});
}

TEST(membership_lease_test, closed_lease_is_over_for_good) {
  cluster::membership_lease x;
  x.hold_until(time_point{10s});
  x.close();
  EXPECT_FALSE(x.holds(time_point{}));
  x.hold_until(time_point{20s});
  x.end();
  x.hold_until(time_point{20s});
  EXPECT_FALSE(x.holds(time_point{}));
}

/// A node whose provider says nothing, holds the lease, and writes down what
/// the node tells it.
class provider_test : public cluster_nodes {
protected:
  provider_test() {
    place_.options.name = "a";
    place_.options.provider = [this](runtime::event_loop&,
                                     cluster::provider_setup setup) {
      setup.lease->hold_until(time_point::max());
      return system_.spawn([told = told_] {
        return caf::behavior{
            [=](const cluster::member_unreachable& x) {
              told->add("unreachable " + x.who.name + " "
                        + std::to_string(x.who.incarnation));
            },
        };
      });
    };
    start(place_);
  }

  std::shared_ptr<event_log> told_ = std::make_shared<event_log>();
  place place_;
};

TEST_F(provider_test, node_passes_on_who_is_unreachable) {
  cluster::member_unreachable what{{"b", 7, "tcp://b:1", "", {}}};
  caf::anon_send(place_.node->actor(), what);
  EXPECT_TRUE(told_->wait_for("unreachable b 7"));
}

TEST_F(provider_test, lease_is_over_when_the_node_has_been_stopped) {
  list(place_); // the provider has been made
  auto lease = place_.node->lease();
  EXPECT_TRUE(lease->holds(loops_.at(0).now()));
  place_.node->stop();
  EXPECT_FALSE(lease->holds(time_point{}));
}

} // namespace
} // namespace sluice::testing

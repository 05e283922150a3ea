// What a node counts of its cluster.

#include "tests/actors/cluster/cluster_nodes.h"

#include <caf/scoped_actor.hpp>

namespace sluice::testing {
namespace {

using cluster::change_kind;

class membership_report_test : public cluster_nodes {
protected:
  cluster::membership_report report(const place& x) {
    cluster::membership_report result;
    caf::scoped_actor self{system_};
    self->request(x.node->actor(), 30s, cluster::report_membership{})
        .receive([&](cluster::membership_report& y) { result = std::move(y); },
                 [&](caf::error& y) { FAIL() << runtime::to_text(y); });
    return result;
  }

  static std::uint64_t heard(const cluster::membership_report& x,
                             change_kind what) {
    return x.changes.at(static_cast<std::size_t>(what));
  }
};

TEST_F(membership_report_test, members_and_what_became_of_them_are_counted) {
  auto nodes = start_all(3);
  for (auto& x : nodes)
    for (auto name : {"n1", "n2", "n3"})
      ASSERT_TRUE(x.log->wait_for(std::string{"joined "} + name));
  ASSERT_TRUE(nodes[0].log->wait_for("gained"));
  auto first = report(nodes[0]);
  EXPECT_EQ(first.node, "n1");
  EXPECT_EQ(first.state, cluster::node_state::member);
  EXPECT_EQ(first.members, 3u);
  EXPECT_EQ(first.suspected, 0u);
  EXPECT_EQ(first.changes.size(), cluster::change_kinds);
  EXPECT_GE(heard(first, change_kind::joined), 3u);
  EXPECT_EQ(heard(first, change_kind::down), 0u);
  EXPECT_GE(first.gained, 1u);
  EXPECT_EQ(first.lost, 0u);
  nodes[2].node.reset();
  ASSERT_TRUE(nodes[0].log->wait_for("down n3"));
  auto second = report(nodes[0]);
  EXPECT_EQ(second.members, 2u);
  EXPECT_EQ(heard(second, change_kind::down), 1u);
}

} // namespace
} // namespace sluice::testing

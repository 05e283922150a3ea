// Actors on two nodes that send to each other: neither waits for the other for
// ever.

#include "tests/actors/remote/remote_case.h"

namespace sluice::actors::remote::testing {
namespace {

using peer_atom = caf::atom_constant<caf::atom("peer")>;

/// Gets its peer, and then answers each number above zero with the next lower
/// one, twice as long as it may. Both sides overload each other.
behavior player(flow_actor* self, const mailbox_limits& limits,
                const log_ptr& log, std::uint64_t total) {
  self->limit_mailbox(limits);
  auto peer = std::make_shared<actor>();
  auto handled = std::make_shared<std::uint64_t>(0);
  return {
      [=](peer_atom, const actor& x) { *peer = x; },
      [=](std::uint64_t n, const std::string& payload) {
        if (++*handled == total)
          log->add("all");
        if (n > 0) {
          self->send(*peer, n - 1, payload);
          self->send(*peer, n - 1, payload);
        }
      },
      [=](const rejected_message&) { log->add("rejected"); },
  };
}

TEST(two_way_test, overloaded_actors_of_two_nodes_do_not_wait_for_each_other) {
  // The one throw becomes 2^16 messages, far more than the marks of both.
  constexpr std::uint64_t generations = 15;
  constexpr std::uint64_t all = (1u << (generations + 1)) - 1; // both sides
  mailbox_limits limits{8, 4, 1'000'000};
  for (int round = 0; round < 5; ++round) {
    node here;
    node there;
    auto log = make_log();
    // Generations take turns: even ones here, odd ones there.
    std::uint64_t even = 0;
    for (std::uint64_t g = 0; g <= generations; g += 2)
      even += std::uint64_t{1} << g;
    auto left = here.spawn(player, limits, log, even);
    auto right = there.spawn(player, limits, log, all - even);
    auto to_right = here.connect(there.publish(right));
    auto to_left = there.connect(here.publish(left));
    caf::anon_send(left, peer_atom::value, to_right);
    caf::anon_send(right, peer_atom::value, to_left);
    caf::anon_send(left, generations, std::string(100, 'x'));
    ASSERT_TRUE(log->await("all", 2));
    EXPECT_EQ(log->count("rejected"), 0u);
  }
}

} // namespace
} // namespace sluice::actors::remote::testing

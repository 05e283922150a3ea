// What the pollers and the table of descriptors do, on the simulated kernel
// and on the real one.

#include "tests/support/kernel.h"
#include "tests/support/sim_address.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sluice::testing {
namespace {

using runtime::interest;

struct recorder final : runtime::io_handler {
  void on_ready(runtime::readiness what) override { seen = flags_text(what); }

  std::string seen;
};

class poller_agreement_test : public kernel_test {
protected:
  /// What one wait says to `handler`, "" if nothing.
  std::string wait() {
    handler.seen.clear();
    std::array<runtime::ready_event, 8> events;
    auto n = poller->wait(events, runtime::duration{0});
    for (std::size_t i = 0; i < n; ++i)
      events[i].handler->on_ready(events[i].what);
    return handler.seen;
  }

  std::unique_ptr<runtime::poller> poller = the_kernel().make_poller();
  recorder handler;
};

TEST_P(poller_agreement_test, readiness_is_told_again_until_it_ends) {
  auto [a, b] = connected_pair();
  ASSERT_FALSE(poller->add(b, interest::read, handler));
  EXPECT_EQ(wait(), "");
  send(a, "xy");
  EXPECT_TRUE(the_kernel().until([&] { return wait() == "in"; }));
  EXPECT_EQ(recv(b, 1), "x");
  EXPECT_EQ(wait(), "in");
  EXPECT_EQ(recv(b, 1), "y");
  EXPECT_EQ(wait(), "");
  poller->remove(b);
}

TEST_P(poller_agreement_test, only_what_interests_is_told) {
  auto [a, b] = connected_pair();
  send(a, "x");
  ASSERT_TRUE(becomes(b, "in out"));
  ASSERT_FALSE(poller->add(b, interest::none, handler));
  EXPECT_EQ(wait(), "");
  ASSERT_FALSE(poller->modify(b, interest::write, handler));
  EXPECT_EQ(wait(), "out");
  ASSERT_FALSE(poller->modify(b, interest::read, handler));
  EXPECT_EQ(wait(), "in");
  ASSERT_FALSE(poller->modify(b, interest::both, handler));
  EXPECT_EQ(wait(), "in out");
  poller->remove(b);
  EXPECT_EQ(wait(), "");
}

TEST_P(poller_agreement_test, fin_is_silent_without_interest_but_reset_is_not) {
  auto [a, b] = connected_pair();
  ASSERT_FALSE(poller->add(b, interest::none, handler));
  api().shutdown_write(a);
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(wait(), "");
  close(a, true);
  EXPECT_TRUE(the_kernel().until([&] { return wait() == "err hup"; }));
  poller->remove(b);
}

TEST_P(poller_agreement_test, misuse_is_an_error) {
  auto fd = open(AF_INET, SOCK_STREAM);
  EXPECT_TRUE(poller->modify(fd, interest::read, handler));
  EXPECT_FALSE(poller->add(fd, interest::read, handler));
  EXPECT_TRUE(poller->add(fd, interest::read, handler));
  poller->remove(fd);
  poller->remove(fd);
  EXPECT_TRUE(poller->modify(fd, interest::read, handler));
  EXPECT_TRUE(poller->add(-1, interest::read, handler));
}

TEST_P(poller_agreement_test, room_for_one_event_shows_all_in_turn) {
  auto [a, b] = connected_pair();
  recorder first, second;
  ASSERT_FALSE(poller->add(a, interest::write, first));
  ASSERT_FALSE(poller->add(b, interest::write, second));
  for (int i = 0; i < 100; ++i) {
    std::array<runtime::ready_event, 1> event;
    ASSERT_EQ(poller->wait(event, runtime::duration{0}), 1u);
    event[0].handler->on_ready(event[0].what);
  }
  EXPECT_EQ(first.seen, "out");
  EXPECT_EQ(second.seen, "out");
  poller->remove(a);
  poller->remove(b);
}

TEST_P(poller_agreement_test, wake_ends_one_wait) {
  poller->wake();
  poller->wake();
  EXPECT_EQ(wait(), "");
}

// -- descriptors --------------------------------------------------------------

TEST_P(poller_agreement_test, smallest_free_descriptor_is_next) {
  auto a = open(AF_INET, SOCK_STREAM);
  auto b = open(AF_INET, SOCK_STREAM);
  auto c = open(AF_INET, SOCK_STREAM);
  EXPECT_LT(a, b);
  EXPECT_LT(b, c);
  close(a);
  close(b);
  EXPECT_EQ(open(AF_INET, SOCK_DGRAM), a);
  EXPECT_EQ(open(AF_INET, SOCK_DGRAM), b);
}

TEST_P(poller_agreement_test, closed_descriptor_is_bad) {
  auto fd = open(AF_INET, SOCK_STREAM);
  close(fd);
  EXPECT_EQ(recv(fd), "(EBADF)");
  EXPECT_EQ(send(fd, "x"), "(EBADF)");
  EXPECT_EQ(error(fd), "(EBADF)");
  int server = -1;
  EXPECT_EQ(accept(fd, server), "(EBADF)");
  EXPECT_EQ(result_text(api().connect(fd, at("127.0.0.1", 1))), "(EBADF)");
}

TEST_P(poller_agreement_test, accept_without_descriptors_keeps_connections) {
  auto listener = listen();
  the_kernel().set_descriptors_exhausted(true);
  int server = -1;
  // Even if there is nothing to accept.
  EXPECT_EQ(accept(listener, server), "(EMFILE)");
  EXPECT_EQ(result_text(api().open(AF_INET, SOCK_STREAM)), "(EMFILE)");
  the_kernel().set_descriptors_exhausted(false);
  auto client = open(AF_INET, SOCK_STREAM);
  api().connect(client, address_of(listener));
  ASSERT_TRUE(becomes(listener, "in"));
  the_kernel().set_descriptors_exhausted(true);
  EXPECT_EQ(accept(listener, server), "(EMFILE)");
  the_kernel().set_descriptors_exhausted(false);
  EXPECT_EQ(flags(listener), "in");
  EXPECT_EQ(accept(listener, server), "accepted");
}

TEST_P(poller_agreement_test, unknown_kinds_of_sockets_are_refused) {
  EXPECT_EQ(result_text(api().open(12345, SOCK_STREAM)), "(EAFNOSUPPORT)");
}

SLUICE_ON_BOTH_KERNELS(poller_agreement_test);

} // namespace
} // namespace sluice::testing

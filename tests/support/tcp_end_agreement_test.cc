// How TCP connections carry bytes and how they end, on the simulated kernel
// and on the real one.

#include "tests/support/kernel.h"
#include "tests/support/sim_address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice::testing {
namespace {

class tcp_end_agreement_test : public kernel_test {};

// -- bytes --------------------------------------------------------------------

TEST_P(tcp_end_agreement_test, bytes_arrive_in_order_and_in_any_pieces) {
  auto [a, b] = connected_pair();
  EXPECT_EQ(send(a, "hello "), "6");
  EXPECT_EQ(send(a, "world"), "5");
  EXPECT_TRUE(becomes(b, "in out"));
  std::string all;
  ASSERT_TRUE(the_kernel().until([&] {
    if (auto piece = recv(b, 4); piece != "(EAGAIN)")
      all += piece;
    return all.size() == 11;
  }));
  EXPECT_EQ(all, "hello world");
  EXPECT_EQ(recv(b), "(EAGAIN)");
  EXPECT_EQ(flags(b), "out");
}

TEST_P(tcp_end_agreement_test, parts_are_gathered) {
  auto [a, b] = connected_pair();
  std::string first = "one ", second = "two";
  std::vector<iovec> parts{{first.data(), first.size()},
                           {nullptr, 0},
                           {second.data(), second.size()}};
  EXPECT_EQ(api().send(a, parts), 7);
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv(b), "one two");
}

TEST_P(tcp_end_agreement_test, more_than_1024_parts_are_refused) {
  auto [a, b] = connected_pair();
  char byte = 'x';
  std::vector<iovec> parts(1025, iovec{&byte, 1});
  EXPECT_EQ(result_text(api().send(a, parts)), "(EMSGSIZE)");
  parts.pop_back();
  EXPECT_EQ(api().send(a, parts), 1024);
}

TEST_P(tcp_end_agreement_test, nothing_to_send_and_no_room_are_no_errors) {
  auto [a, b] = connected_pair();
  EXPECT_EQ(send(a, ""), "0");
  EXPECT_EQ(send(a, "x"), "1");
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(api().recv(b, {}), 0);
  EXPECT_EQ(recv(b), "x");
}

TEST_P(tcp_end_agreement_test, full_buffers_say_again_until_the_peer_reads) {
  auto [a, b] = connected_pair();
  // Once full, bytes still move from our buffer to the peer's.
  std::size_t sent = 0;
  EXPECT_TRUE(the_kernel().until([&] {
    auto more = fill(a);
    sent += more;
    return more == 0 && flags(a) == "";
  }));
  EXPECT_EQ(send(a, "x"), "(EAGAIN)");
  std::size_t received = 0;
  EXPECT_TRUE(the_kernel().until([&] {
    received += drain(b);
    return flags(a) == "out";
  }));
  EXPECT_TRUE(the_kernel().until([&] {
    received += drain(b);
    return received == sent;
  }));
}

// -- FIN ----------------------------------------------------------------------

TEST_P(tcp_end_agreement_test, fin_is_the_end_of_the_stream) {
  auto [a, b] = connected_pair();
  send(a, "bye");
  EXPECT_EQ(api().shutdown_write(a), 0);
  EXPECT_TRUE(becomes(b, "in out"));
  ASSERT_TRUE(the_kernel().until([&, b = b] { return recv(b, 3) == "bye"; }));
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv(b), "(end)");
  EXPECT_EQ(recv(b), "(end)");
  EXPECT_EQ(flags(b), "in out");
}

TEST_P(tcp_end_agreement_test, after_a_half_close_the_peer_may_go_on) {
  auto [a, b] = connected_pair();
  api().shutdown_write(a);
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv(b), "(end)");
  EXPECT_EQ(send(b, "still here"), "10");
  EXPECT_TRUE(becomes(a, "in out"));
  EXPECT_EQ(recv(a), "still here");
  EXPECT_EQ(recv(a), "(EAGAIN)");
}

TEST_P(tcp_end_agreement_test, writing_after_the_own_half_close_is_epipe) {
  auto [a, b] = connected_pair();
  EXPECT_EQ(api().shutdown_write(a), 0);
  EXPECT_EQ(api().shutdown_write(a), 0);
  EXPECT_EQ(flags(a), "out");
  EXPECT_EQ(send(a, "x"), "(EPIPE)");
  EXPECT_EQ(recv(a), "(EAGAIN)");
}

TEST_P(tcp_end_agreement_test, shut_in_both_directions_is_hung_up) {
  auto [a, b] = connected_pair();
  send(b, "rest");
  ASSERT_TRUE(becomes(a, "in out"));
  api().shutdown_write(a);
  ASSERT_TRUE(becomes(b, "in out"));
  api().shutdown_write(b);
  EXPECT_TRUE(becomes(a, "in out hup"));
  EXPECT_TRUE(becomes(b, "in out hup"));
  EXPECT_EQ(recv(a), "rest");
  EXPECT_EQ(recv(a), "(end)");
  EXPECT_EQ(send(a, "x"), "(EPIPE)");
  EXPECT_EQ(error(a), "0");
  EXPECT_EQ(result_text(api().shutdown_write(a)), "(ENOTCONN)");
  runtime::socket_address peer;
  EXPECT_EQ(result_text(api().peer_address(a, peer)), "(ENOTCONN)");
}

TEST_P(tcp_end_agreement_test, close_lets_the_peer_read_everything) {
  auto [a, b] = connected_pair();
  send(a, "last words");
  close(a);
  std::string all;
  EXPECT_TRUE(the_kernel().until([&, b = b] {
    auto piece = recv(b);
    if (piece != "(EAGAIN)" && piece != "(end)")
      all += piece;
    return piece == "(end)";
  }));
  EXPECT_EQ(all, "last words");
  EXPECT_EQ(flags(b), "in out");
}

// -- RST ----------------------------------------------------------------------

TEST_P(tcp_end_agreement_test, reset_fails_in_every_flag) {
  auto [a, b] = connected_pair();
  close(a, true);
  EXPECT_TRUE(becomes(b, "in out err hup"));
  EXPECT_EQ(recv(b), "(ECONNRESET)");
  EXPECT_EQ(recv(b), "(end)");
  EXPECT_EQ(send(b, "x"), "(EPIPE)");
  EXPECT_EQ(flags(b), "in out hup");
  EXPECT_EQ(result_text(api().shutdown_write(b)), "(ENOTCONN)");
  runtime::socket_address peer;
  EXPECT_EQ(result_text(api().peer_address(b, peer)), "(ENOTCONN)");
}

TEST_P(tcp_end_agreement_test, reset_is_told_by_send_too) {
  auto [a, b] = connected_pair();
  close(a, true);
  ASSERT_TRUE(becomes(b, "in out err hup"));
  EXPECT_EQ(send(b, "x"), "(ECONNRESET)");
  EXPECT_EQ(send(b, "x"), "(EPIPE)");
  EXPECT_EQ(recv(b), "(end)");
}

TEST_P(tcp_end_agreement_test, bytes_before_a_reset_are_still_read) {
  auto [a, b] = connected_pair();
  send(a, "data");
  ASSERT_TRUE(becomes(b, "in out"));
  close(a, true);
  ASSERT_TRUE(becomes(b, "in out err hup"));
  EXPECT_EQ(recv(b), "data");
  EXPECT_EQ(recv(b), "(ECONNRESET)");
}

TEST_P(tcp_end_agreement_test, close_with_unread_bytes_is_a_reset) {
  auto [a, b] = connected_pair();
  send(b, "never read");
  ASSERT_TRUE(becomes(a, "in out"));
  close(a);
  EXPECT_TRUE(becomes(b, "in out err hup"));
  EXPECT_EQ(error(b), "(ECONNRESET)");
}

TEST_P(tcp_end_agreement_test, first_write_to_a_closed_peer_succeeds) {
  auto [a, b] = connected_pair();
  close(a);
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(recv(b), "(end)");
  EXPECT_EQ(send(b, "x"), "1");
  EXPECT_TRUE(becomes(b, "in out err hup"));
  // The FIN had come: EPIPE, and not ECONNRESET.
  EXPECT_EQ(send(b, "x"), "(EPIPE)");
  EXPECT_EQ(recv(b), "(end)");
  EXPECT_EQ(send(b, "x"), "(EPIPE)");
}

TEST_P(tcp_end_agreement_test, error_behind_a_fin_hides_from_recv) {
  auto [a, b] = connected_pair();
  close(a);
  ASSERT_TRUE(becomes(b, "in out"));
  EXPECT_EQ(send(b, "x"), "1");
  EXPECT_TRUE(becomes(b, "in out err hup"));
  EXPECT_EQ(recv(b), "(end)");
  EXPECT_EQ(error(b), "(EPIPE)");
  EXPECT_EQ(error(b), "0");
}

TEST_P(tcp_end_agreement_test, bytes_to_a_half_closed_then_closed_peer_reset) {
  auto [a, b] = connected_pair();
  api().shutdown_write(a);
  ASSERT_TRUE(becomes(b, "in out"));
  api().shutdown_write(b);
  EXPECT_TRUE(becomes(a, "in out hup"));
  close(a, true); // both are done: there is nothing left to reset
  EXPECT_EQ(flags(b), "in out hup");
  EXPECT_EQ(error(b), "0");
}

SLUICE_ON_BOTH_KERNELS(tcp_end_agreement_test);

} // namespace
} // namespace sluice::testing

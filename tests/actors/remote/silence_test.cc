// Nodes that say nothing, or nothing that makes sense.

#include "tests/actors/remote/remote_case.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::actors::remote::testing {
namespace {

using namespace std::chrono_literals;

node_options impatient(bool stock = false) {
  node_options x;
  x.stock = stock;
  x.times = {{"middleman.heartbeat-interval", 50ms},
             {"middleman.connection-timeout", 400ms}};
  return x;
}

/// A connection that knows no protocol.
class raw_peer {
public:
  explicit raw_peer(std::uint16_t port)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    timeval limit{deadline.count(), 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto end = reinterpret_cast<const sockaddr*>(&to);
    EXPECT_EQ(::connect(socket_, end, sizeof(to)), 0);
  }

  ~raw_peer() { ::close(socket_); }

  void send(const std::string& bytes) {
    // The node may have ended the connection meanwhile.
    ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }

  /// Reads until the node ends the connection; false if it does not in time.
  bool await_end() {
    char buffer[4096];
    for (;;) {
      auto n = ::recv(socket_, buffer, sizeof(buffer), 0);
      if (n == 0 || (n < 0 && errno == ECONNRESET))
        return true;
      if (n < 0)
        return false;
    }
  }

private:
  int socket_;
};

TEST(silence_test, node_that_falls_silent_counts_as_lost) {
  node here{impatient()};
  node there{impatient()};
  auto sent = make_log();
  auto received = make_log();
  auto sink = there.spawn(gated, mailbox_limits{8, 4, 1'000}, received, 100);
  auto to = here.connect(there.publish(sink));
  auto from = here.spawn(shouting, to, sent, 10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{100});
  sent->await("applied");
  held_network held{there};
  sent->await("down");
  sent->await("released", sent->count("applied"));
}

TEST(silence_test, node_with_cafs_own_middleman_may_be_silent) {
  // CAF sends no heartbeats unless it is told to.
  node here{impatient()};
  node there{{.stock = true, .limits = {}, .times = {}}};
  auto sent = make_log();
  auto received = make_log();
  auto sink = there.spawn(counting, received, 1);
  auto to = here.connect(there.publish(sink));
  auto from = here.spawn(shouting, to, sent, 10);
  caf::scoped_actor self{here.system()};
  // This is how long it is tried, not how long something is waited for: three
  // times what another node may be silent.
  self->receive([](int) {}, caf::after(1'200ms) >> [] {});
  EXPECT_EQ(sent->count("down"), 0u);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{1});
  received->await("all 1");
}

TEST(silence_test, handshake_has_a_deadline) {
  node here{impatient()};
  auto log = make_log();
  raw_peer peer{here.publish(here.spawn(counting, log, 1))};
  EXPECT_TRUE(peer.await_end());
}

TEST(silence_test, garbage_ends_its_connection_and_no_other) {
  node here;
  node there;
  auto sent = make_log();
  auto received = make_log();
  auto port = there.publish(there.spawn(counting, received, 1));
  auto to = here.connect(port);
  raw_peer peer{port};
  peer.send(std::string(200, '\xff'));
  EXPECT_TRUE(peer.await_end());
  auto from = here.spawn(shouting, to, sent, 10);
  caf::anon_send(from, std::uint64_t{1}, std::uint64_t{1});
  received->await("all 1");
}

TEST(silence_test, message_over_the_bound_is_not_allocated_for) {
  node here{{.stock = false,
             .limits = {{"sluice.remote-message-bytes-max", 1'000'000}},
             .times = {}}};
  auto log = make_log();
  raw_peer peer{here.publish(here.spawn(counting, log, 1))};
  // A header of BASP: a client's handshake of 0x7f000000 bytes.
  caf::io::basp::header fields{
      caf::io::basp::message_type::client_handshake, 0, 0x7f000000, 0, 0, 0};
  std::vector<char> bytes;
  caf::binary_serializer sink{here.system(), bytes};
  ASSERT_FALSE(sink(fields));
  peer.send({bytes.begin(), bytes.end()});
  peer.send(std::string(1'000, 'x'));
  EXPECT_TRUE(peer.await_end());
  EXPECT_EQ(here.counts().oversized, 1u);
}

TEST(silence_test, heartbeats_are_on_unless_they_are_turned_off) {
  auto interval = [](node& x) {
    return caf::get_or(x.system().config(), "middleman.heartbeat-interval",
                       caf::timespan{-1});
  };
  node by_default;
  EXPECT_EQ(interval(by_default), caf::timespan{5s});
  node_options off;
  off.times = {{"middleman.heartbeat-interval", caf::timespan{0}}};
  node without{off};
  EXPECT_EQ(interval(without), caf::timespan{0});
}

} // namespace
} // namespace sluice::actors::remote::testing

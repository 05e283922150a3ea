// datagram_broker on the real kernel's sockets.

#include "net/datagram_broker.h"

#include "net/datagram.h"
#include "runtime/error.h"
#include "tests/net/driven_loop.h"

#include <caf/send.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using runtime::limits::datagram_bytes_max;
using strings = std::vector<std::string>;

byte_slice bytes(std::string_view text) {
  return byte_slice::copy(text);
}

/// A node of a test: a socket and what its behavior was told.
struct node {
  caf::actor actor;
  endpoint local;
  datagram_broker* self = nullptr;
  strings log;
  std::vector<byte_slice> received;
  std::vector<endpoint> from;
  std::string error; // of *closed*
  std::function<void(datagram_broker&)> job;
};

class datagram_broker_test : public testing::driven_loop {
protected:
  ~datagram_broker_test() override { stop_loop(); }

  node& open(std::string_view where, datagram_options options = {}) {
    nodes_.push_back(std::make_unique<node>());
    auto& x = *nodes_.back();
    auto result = open_datagram(
        loop, where, [&x](datagram_broker* self) { return behave(x, self); },
        std::move(options));
    EXPECT_TRUE(result) << (result ? "" : runtime::to_text(result.error()));
    if (result) {
      x.actor = result->actor;
      x.local = result->local;
    }
    return x;
  }

  node& open_to(const endpoint& peer, std::string_view where = "") {
    datagram_options options;
    options.connect_to = to_string(peer);
    return open(where, options);
  }

  std::string error_of(std::string_view where, datagram_options options = {}) {
    auto result = open_datagram(
        loop, where, [](datagram_broker*) { return caf::behavior{[](int) {}}; },
        std::move(options));
    return result ? "none" : runtime::to_text(result.error());
  }

  static std::string error_text(const closed& why) {
    return why.error ? runtime::to_text(why.error) : "";
  }

  static caf::behavior behave(node& x, datagram_broker* self) {
    x.self = self;
    auto note = [&x](std::string text) { x.log.push_back(std::move(text)); };
    return {
        [=, &x](const datagram& d) {
          auto text = d.bytes.size() > 20 ? std::to_string(d.bytes.size())
                                          : d.bytes.str();
          note("datagram " + text + (d.truncated ? " truncated" : ""));
          x.received.push_back(d.bytes);
          x.from.push_back(d.from);
        },
        [=](const undelivered& u) {
          note(std::string{"undelivered "} + ::strerrorname_np(u.os_error) + " "
               + to_string(u.to));
        },
        [=](const rejected& r) {
          note("rejected " + to_string(r.reason)
               + (r.os_error != 0
                      ? std::string{" "} + ::strerrorname_np(r.os_error)
                      : ""));
        },
        [=](const written& w) { note("written " + std::to_string(w.token)); },
        [=](const connected& c) { note("connected " + to_string(c.remote)); },
        [=](const backpressure& p) { note(to_string(p.state)); },
        [=](const timed_out& t) { note("timed_out " + to_string(t.which)); },
        [=, &x](const closed& c) {
          note("closed " + to_string(c.reason));
          x.error = error_text(c);
        },
        [&x, self](caf::ok_atom) { std::exchange(x.job, {})(*self); },
    };
  }

  /// Runs `f` in a handler of the broker.
  void in(node& x, std::function<void(datagram_broker&)> f) {
    x.job = std::move(f);
    caf::anon_send(x.actor, caf::ok_atom::value);
    EXPECT_TRUE(until([&] { return !x.job; }));
  }

  void send(node& x, std::string_view text, const endpoint& to = {}) {
    in(x, [=](datagram_broker& self) { self.send_datagram(text, to); });
  }

  strings next(node& x, std::size_t count) {
    EXPECT_TRUE(until([&] { return x.log.size() >= count; }));
    return std::exchange(x.log, {});
  }

  bool comes(node& x, const std::string& line) {
    return until([&] {
      return std::find(x.log.begin(), x.log.end(), line) != x.log.end();
    });
  }

  std::string name(std::string_view suffix) {
    auto test = ::testing::UnitTest::GetInstance()->current_test_info();
    return "unixgram://@" + std::string{test->name()}
           + std::to_string(::getpid()) + std::string{suffix};
  }

  static bool balanced(const datagram_broker& x) {
    auto& c = x.counts();
    auto q = x.queued();
    return c.accepted.datagrams
               == c.written.datagrams + q.datagrams + c.returned.datagrams
           && c.accepted.bytes == c.written.bytes + q.bytes + c.returned.bytes;
  }

private:
  std::vector<std::unique_ptr<node>> nodes_;
};

// -- there and back -----------------------------------------------------------

TEST_F(datagram_broker_test, datagram_arrives_with_its_sender) {
  for (auto where : {"udp://127.0.0.1:0", "udp://[::1]:0"}) {
    auto& server = open(where);
    auto& client = open(where);
    EXPECT_NE(server.local.port(), 0);
    send(client, "hello", server.local);
    EXPECT_EQ(next(server, 1), strings{"datagram hello"});
    EXPECT_EQ(server.from.front(), client.local);
    send(server, "back", server.from.front());
    EXPECT_EQ(next(client, 1), strings{"datagram back"});
  }
}

TEST_F(datagram_broker_test, boundaries_are_kept) {
  auto& server = open("udp://127.0.0.1:0");
  auto& client = open("udp://127.0.0.1:0");
  in(client, [&](datagram_broker& self) {
    for (auto text : {"one", "", "three"})
      EXPECT_TRUE(self.send_datagram(text, server.local));
  });
  EXPECT_EQ(next(server, 3),
            (strings{"datagram one", "datagram ", "datagram three"}));
  EXPECT_EQ(client.self->counts().written.datagrams, 3u);
  EXPECT_EQ(client.self->counts().written.bytes, 8u);
  EXPECT_EQ(server.self->counts().received.datagrams, 3u);
}

TEST_F(datagram_broker_test, unix_sockets_talk_by_name) {
  auto& server = open(name("server"));
  auto& client = open(name("client"));
  send(client, "hello", server.local);
  EXPECT_EQ(next(server, 1), strings{"datagram hello"});
  EXPECT_EQ(server.from.front(), client.local);
}

TEST_F(datagram_broker_test, path_of_a_unix_socket_goes_with_it) {
  // Not TempDir(): a socket's path has at most 107 bytes (unix(7)).
  auto path = "/tmp/sluice_datagram_" + std::to_string(::getpid());
  auto& server = open("unixgram://" + path);
  settle();
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0);
  caf::anon_send(server.actor, net::close{});
  EXPECT_EQ(next(server, 1), strings{"closed closed"});
  EXPECT_NE(::stat(path.c_str(), &status), 0);
}

TEST_F(datagram_broker_test, longest_datagram_arrives_whole) {
  auto& server = open("udp://127.0.0.1:0");
  auto& client = open("udp://127.0.0.1:0");
  std::string text(datagram_bytes_max, 'x');
  send(client, text, server.local);
  EXPECT_EQ(next(server, 1), strings{"datagram 65507"});
  EXPECT_EQ(server.received.front().view(), text);
}

TEST_F(datagram_broker_test, longer_one_comes_back) {
  auto& client = open("udp://127.0.0.1:0");
  in(client, [&](datagram_broker& self) {
    std::string text(datagram_bytes_max + 1, 'x');
    EXPECT_FALSE(self.send_datagram(text, client.local));
  });
  EXPECT_EQ(next(client, 1), strings{"rejected too_large"});
}

TEST_F(datagram_broker_test, datagram_the_system_finds_too_long_comes_back) {
  datagram_options options;
  options.send_buffer_bytes = 1;
  auto& server = open(name("server"));
  auto& client = open(name("client"), options);
  send(client, std::string(60'000, 'x'), server.local);
  EXPECT_EQ(next(client, 1), strings{"rejected too_large EMSGSIZE"});
}

TEST_F(datagram_broker_test, cut_datagram_says_so) {
  datagram_options options;
  options.receive_bytes_max = 3;
  auto& server = open("udp://127.0.0.1:0", options);
  auto& client = open("udp://127.0.0.1:0");
  send(client, "long", server.local);
  send(client, "fit", server.local);
  EXPECT_EQ(next(server, 2),
            (strings{"datagram lon truncated", "datagram fit"}));
  EXPECT_EQ(server.self->counts().truncated, 1u);
}

TEST_F(datagram_broker_test, small_datagrams_that_are_kept_share_memory) {
  auto& server = open("udp://127.0.0.1:0");
  auto& client = open("udp://127.0.0.1:0");
  in(client, [&](datagram_broker& self) {
    for (int i = 0; i < 10; ++i)
      self.send_datagram(bytes("0123456789"), server.local);
  });
  next(server, 10);
  for (std::size_t i = 1; i < server.received.size(); ++i)
    EXPECT_TRUE(server.received[i - 1].adjoins(server.received[i])) << i;
}

// -- a peer -------------------------------------------------------------------

TEST_F(datagram_broker_test, connected_socket_needs_no_receiver) {
  auto& server = open("udp://127.0.0.1:0");
  auto& client = open_to(server.local);
  EXPECT_EQ(next(client, 1), strings{"connected " + to_string(server.local)});
  EXPECT_NE(client.local.port(), 0);
  send(client, "hello");
  EXPECT_EQ(next(server, 1), strings{"datagram hello"});
  EXPECT_EQ(server.from.front(), client.local);
}

TEST_F(datagram_broker_test, connected_socket_hears_only_its_peer) {
  auto& server = open("udp://127.0.0.1:0");
  auto& stranger = open("udp://127.0.0.1:0");
  auto& client = open_to(server.local, "udp://127.0.0.1:0");
  next(client, 1);
  send(stranger, "boo", client.local);
  send(server, "friend", client.local);
  EXPECT_EQ(next(client, 1), strings{"datagram friend"});
}

TEST_F(datagram_broker_test, name_of_the_peer_is_looked_up) {
  auto& server = open("udp://127.0.0.1:0");
  auto port = std::to_string(server.local.port());
  datagram_options options;
  options.connect_to = "udp://localhost:" + port;
  auto& client = open("udp://127.0.0.1:0", options);
  send(client, "early"); // waits for the look-up
  EXPECT_EQ(next(client, 1), strings{"connected udp://127.0.0.1:" + port});
  EXPECT_EQ(next(server, 1), strings{"datagram early"});
  EXPECT_TRUE(balanced(*client.self));
}

TEST_F(datagram_broker_test, unknown_peer_closes_and_returns_what_waited) {
  datagram_options options;
  options.connect_to = "udp://nobody.invalid:1";
  auto& client = open("", options);
  send(client, "early");
  ASSERT_TRUE(comes(client, "closed lookup_failed"));
  EXPECT_EQ(client.log, (strings{"rejected closed", "closed lookup_failed"}));
  EXPECT_EQ(client.error, "look-up of udp://nobody.invalid:1: no such host");
}

TEST_F(datagram_broker_test, refusal_is_an_event_and_not_the_end) {
  auto& server = open("udp://127.0.0.1:0");
  auto local = server.local;
  auto& client = open_to(local);
  next(client, 1);
  caf::anon_send(server.actor, net::close{});
  next(server, 1);
  send(client, "anybody?");
  EXPECT_EQ(next(client, 1),
            strings{"undelivered ECONNREFUSED " + to_string(local)});
  // Two at once: the second finds the refusal of the first.
  in(client, [](datagram_broker& self) {
    EXPECT_TRUE(self.send_datagram("one"));
    EXPECT_TRUE(self.send_datagram("two"));
  });
  for (auto& line : next(client, 2))
    EXPECT_TRUE(line.starts_with("undelivered ECONNREFUSED")) << line;
  EXPECT_EQ(client.self->counts().written.datagrams, 3u);
  auto& again = open(to_string(local));
  send(client, "hello");
  EXPECT_EQ(next(again, 1), strings{"datagram hello"});
}

// -- what comes back ----------------------------------------------------------

TEST_F(datagram_broker_test, host_name_as_a_receiver_comes_back) {
  auto& client = open("udp://127.0.0.1:0");
  in(client, [](datagram_broker& self) {
    EXPECT_FALSE(
        self.send_datagram("x", *endpoint::parse("udp://localhost:1")));
  });
  EXPECT_EQ(next(client, 1), strings{"rejected bad_endpoint"});
}

TEST_F(datagram_broker_test, receiver_of_another_kind_comes_back) {
  auto& client = open("udp://127.0.0.1:0");
  for (auto where : {"tcp://127.0.0.1:1", "unixgram://@x", "udp://[::1]:1",
                     "udp://127.0.0.1:0"}) {
    send(client, "x", *endpoint::parse(where));
    EXPECT_TRUE(next(client, 1).front().starts_with("rejected bad_endpoint"))
        << where;
  }
  send(client, "x"); // no receiver at all
  EXPECT_EQ(next(client, 1), strings{"rejected bad_endpoint"});
  EXPECT_EQ(client.self->counts().accepted.datagrams, 0u);
}

TEST_F(datagram_broker_test, nobody_at_a_unix_name_is_unreachable) {
  auto& client = open(name(""));
  send(client, "x", *endpoint::parse("unixgram:///nowhere/at/all"));
  EXPECT_EQ(next(client, 1), strings{"rejected unreachable ENOENT"});
  send(client, "x", *endpoint::parse(name("other")));
  EXPECT_EQ(next(client, 1), strings{"rejected unreachable ECONNREFUSED"});
  auto& other = open(name("other"));
  send(client, "y", other.local);
  EXPECT_EQ(next(other, 1), strings{"datagram y"});
}

TEST_F(datagram_broker_test, broadcast_needs_to_be_allowed) {
  auto& client = open("udp://127.0.0.1:0");
  auto everybody = *endpoint::parse("udp://255.255.255.255:9");
  send(client, "x", everybody);
  EXPECT_EQ(next(client, 1), strings{"rejected unreachable EACCES"});
}

// -- commands -----------------------------------------------------------------

class datagram_command_test : public datagram_broker_test {
protected:
  /// An actor that sends commands and notes what comes back.
  caf::actor writer() {
    return runtime::spawn_on(loop, [this](runtime::loop_actor*) {
      return caf::behavior{
          [this](const rejected& r) {
            note("rejected " + to_string(r.reason) + " " + r.bytes.str() + " "
                 + std::to_string(r.token) + " " + to_string(r.to));
          },
          [this](const written& w) {
            note("written " + std::to_string(w.token));
          },
          [this](const backpressure& p) { note(to_string(p.state)); },
      };
    });
  }

  strings next(std::size_t count) {
    EXPECT_TRUE(until([=, this] { return log.size() >= count; }));
    return noted();
  }
};

TEST_F(datagram_command_test, sender_hears_that_its_datagram_was_taken) {
  auto& server = open("udp://127.0.0.1:0");
  auto& client = open("udp://127.0.0.1:0");
  auto from = writer();
  caf::send_as(from, client.actor,
               net::send_datagram{bytes("a"), server.local, 7});
  EXPECT_EQ(next(1), strings{"written 7"});
  EXPECT_EQ(datagram_broker_test::next(server, 1), strings{"datagram a"});
  EXPECT_EQ(client.log, strings{});
}

TEST_F(datagram_command_test, sender_gets_back_what_cannot_be_sent) {
  auto& client = open("udp://127.0.0.1:0");
  auto from = writer();
  auto to = *endpoint::parse("udp://example.org:1");
  caf::send_as(from, client.actor, net::send_datagram{bytes("a"), to, 7});
  EXPECT_EQ(next(1), strings{"rejected bad_endpoint a 7 udp://example.org:1"});
}

TEST_F(datagram_command_test, sender_gets_back_what_came_too_late) {
  auto& server = open("udp://127.0.0.1:0");
  auto& client = open("udp://127.0.0.1:0");
  auto from = writer();
  settle();
  caf::anon_send(client.actor, net::close{close_mode::abort});
  caf::send_as(from, client.actor,
               net::send_datagram{bytes("a"), server.local, 0});
  EXPECT_EQ(next(1),
            strings{"rejected shut_down a 0 " + to_string(server.local)});
  settle();
  caf::send_as(from, client.actor,
               net::send_datagram{bytes("b"), server.local, 0});
  EXPECT_EQ(next(1), strings{"rejected closed b 0 " + to_string(server.local)});
}

TEST_F(datagram_command_test, flood_in_the_mailbox_is_bounded) {
  auto& server = open("udp://127.0.0.1:0");
  auto& client = open("udp://127.0.0.1:0");
  auto from = writer();
  settle();
  auto data = bytes(std::string(10'000, 'x'));
  auto cap = client.self->options().write_cap_bytes;
  std::size_t fit = cap / datagram_queue::charge_of(data.size());
  // None has its turn before all are there.
  for (std::size_t i = 0; i < fit + 5; ++i)
    caf::send_as(from, client.actor, net::send_datagram{data, server.local, 0});
  ASSERT_TRUE(until([&] { return log.size() >= 6; }));
  auto told = noted();
  // By its own send, while there was room still.
  EXPECT_EQ(told.front(), "applied");
  for (auto& line : std::span{told}.subspan(1))
    EXPECT_TRUE(line.starts_with("rejected overflow")) << line;
  EXPECT_TRUE(
      until([&] { return client.self->counts().accepted.datagrams == fit; }));
  settle();
  EXPECT_EQ(noted(), strings{"released"});
  caf::send_as(from, client.actor,
               net::send_datagram{bytes("y"), server.local, 3});
  EXPECT_EQ(next(1), strings{"written 3"});
}

TEST_F(datagram_command_test, credit_bounds_what_is_delivered) {
  auto& server = open("udp://127.0.0.1:0");
  auto& client = open("udp://127.0.0.1:0");
  caf::anon_send(server.actor, net::read_paused{});
  settle();
  for (auto text : {"1", "2", "3", "4"})
    send(client, text, server.local);
  settle();
  EXPECT_EQ(server.log, strings{});
  caf::anon_send(server.actor, net::read_credit{1});
  caf::anon_send(server.actor, net::read_credit{1});
  settle();
  EXPECT_EQ(std::exchange(server.log, {}),
            (strings{"datagram 1", "datagram 2"}));
  caf::anon_send(server.actor, net::read_flowing{});
  EXPECT_EQ(datagram_broker_test::next(server, 2),
            (strings{"datagram 3", "datagram 4"}));
}

// -- a receiver that does not read --------------------------------------------

class datagram_pressure_test : public datagram_broker_test {
protected:
  static constexpr std::size_t size = 1'000;
  static constexpr std::size_t charge =
      size + runtime::limits::datagram_overhead_bytes;

  static datagram_options small_marks() {
    datagram_options result;
    result.write_marks = {4 * charge, 2 * charge};
    result.write_cap_bytes = 8 * charge;
    return result;
  }

  /// Sends until one is queued; then `count` are queued.
  void fill(node& x, std::size_t count, const endpoint& to = {}) {
    settle(); // before the socket is watched everything is queued
    in(x, [=](datagram_broker& self) {
      std::string text(size, '.');
      while (self.queued().datagrams < count)
        ASSERT_TRUE(self.send_datagram(text, to));
    });
  }

  node& server = open(name("server"));

  void pause() {
    caf::anon_send(server.actor, net::read_paused{});
    settle();
  }

  void resume() { caf::anon_send(server.actor, net::read_flowing{}); }
};

TEST_F(datagram_pressure_test, senders_are_told_at_the_marks) {
  pause();
  auto options = small_marks();
  options.connect_to = to_string(server.local);
  auto& client = open("", options);
  next(client, 1);
  fill(client, 3);
  settle();
  EXPECT_EQ(client.log, strings{});
  fill(client, 5);
  EXPECT_EQ(next(client, 1), strings{"applied"});
  resume();
  EXPECT_EQ(next(client, 1), strings{"released"});
  EXPECT_TRUE(until([&] { return client.self->queued().datagrams == 0; }));
  EXPECT_TRUE(balanced(*client.self));
  EXPECT_TRUE(until([&] {
    return server.log.size() == client.self->counts().written.datagrams;
  }));
}

TEST_F(datagram_pressure_test, unconnected_sender_finds_out_by_trying_again) {
  pause();
  auto& client = open(name("client"), small_marks());
  fill(client, 5, server.local);
  EXPECT_EQ(next(client, 1), strings{"applied"});
  resume();
  EXPECT_EQ(next(client, 1), strings{"released"});
  EXPECT_TRUE(until([&] { return client.self->queued().datagrams == 0; }));
}

TEST_F(datagram_pressure_test, full_receiver_holds_up_no_other) {
  pause();
  auto& other = open(name("other"));
  auto& client = open(name("client"), small_marks());
  fill(client, 3, server.local);
  send(client, "hello", other.local);
  EXPECT_EQ(next(other, 1), strings{"datagram hello"});
  EXPECT_EQ(client.self->queued().datagrams, 3u);
}

TEST_F(datagram_pressure_test, loop_sleeps_while_a_receiver_is_full) {
  pause();
  auto& client = open(name("client"), small_marks());
  fill(client, 3, server.local);
  settle();
  auto before = loop.stats().iterations;
  auto end = time.now() + 50ms;
  until([&] { return time.now() > end; });
  // One try each limits::datagram_retry, and the test's own wake-ups.
  EXPECT_LT(loop.stats().iterations - before, 150u);
  EXPECT_EQ(client.self->queued().datagrams, 3u);
}

TEST_F(datagram_pressure_test, oldest_make_room_by_default) {
  pause();
  auto& client = open(name("client"), small_marks());
  fill(client, 8, server.local);
  client.log.clear();
  in(client, [this](datagram_broker& self) {
    EXPECT_TRUE(self.send_datagram(std::string(size, 'n'), server.local));
  });
  EXPECT_EQ(next(client, 1), strings{"rejected dropped_oldest"});
  EXPECT_EQ(client.self->queued().datagrams, 8u);
  EXPECT_TRUE(balanced(*client.self));
}

TEST_F(datagram_pressure_test, overflow_may_reject_or_drop_the_newest) {
  pause();
  for (auto policy : {overflow::reject, overflow::drop_newest}) {
    auto options = small_marks();
    options.on_overflow = policy;
    auto& client = open(name(policy == overflow::reject ? "a" : "b"), options);
    fill(client, 8, server.local);
    client.log.clear();
    in(client, [this](datagram_broker& self) {
      EXPECT_FALSE(self.send_datagram(std::string(size, 'n'), server.local));
    });
    EXPECT_EQ(next(client, 1),
              strings{policy == overflow::reject ? "rejected overflow"
                                                 : "rejected dropped_newest"});
    EXPECT_TRUE(balanced(*client.self));
  }
}

TEST_F(datagram_pressure_test, overflow_may_end_the_socket) {
  pause();
  auto options = small_marks();
  options.on_overflow = overflow::disconnect;
  auto& client = open(name("client"), options);
  fill(client, 8, server.local);
  client.log.clear();
  in(client, [this](datagram_broker& self) {
    EXPECT_FALSE(self.send_datagram(std::string(size, 'n'), server.local));
  });
  ASSERT_TRUE(comes(client, "closed slow_consumer"));
  EXPECT_EQ(std::count(client.log.begin(), client.log.end(), "rejected closed"),
            8);
  EXPECT_EQ(
      std::count(client.log.begin(), client.log.end(), "rejected overflow"), 1);
}

TEST_F(datagram_pressure_test, datagram_that_waited_too_long_comes_back) {
  pause();
  auto options = small_marks();
  options.expiry = 20ms;
  auto& client = open(name("client"), options);
  fill(client, 4, server.local);
  EXPECT_EQ(next(client, 8),
            (strings{"applied", "timed_out write_stall", "rejected expired",
                     "rejected expired", "rejected expired", "rejected expired",
                     "stalled", "released"}));
  EXPECT_TRUE(balanced(*client.self));
}

TEST_F(datagram_pressure_test, close_sends_what_waits) {
  pause();
  auto& client = open(name("client"), small_marks());
  fill(client, 3, server.local);
  auto written = client.self->counts().written.datagrams;
  caf::anon_send(client.actor, net::close{});
  settle();
  EXPECT_EQ(client.log, strings{});
  resume();
  EXPECT_EQ(next(client, 1), strings{"closed closed"});
  EXPECT_TRUE(until([&] { return server.log.size() == written + 3; }));
}

TEST_F(datagram_pressure_test, close_gives_up_when_the_time_is_over) {
  pause();
  auto options = small_marks();
  options.close_drain = 5ms;
  auto& client = open(name("client"), options);
  fill(client, 3, server.local);
  caf::anon_send(client.actor, net::close{});
  ASSERT_TRUE(comes(client, "closed drain_timeout"));
  EXPECT_EQ(std::count(client.log.begin(), client.log.end(), "rejected closed"),
            3);
  EXPECT_EQ(client.error, "datagram socket " + to_string(client.local)
                              + ": drain_timeout: Connection timed out "
                                "(ETIMEDOUT)");
}

TEST_F(datagram_pressure_test, end_releases_whom_it_told) {
  pause();
  for (auto how : {0, 1, 2}) {
    auto& client = open(name(std::to_string(how)), small_marks());
    strings told;
    auto writer = runtime::spawn_on(loop, [&](runtime::loop_actor*) {
      return caf::behavior{
          [&](const backpressure& p) { told.push_back(to_string(p.state)); },
          [&](const rejected&) { told.push_back("rejected"); },
      };
    });
    settle();
    fill(client, 5, server.local);
    caf::send_as(writer, client.actor,
                 net::send_datagram{bytes("x"), server.local, 0});
    settle();
    EXPECT_EQ(told, strings{"applied"});
    if (how == 0)
      in(client, [](datagram_broker& self) { self.abort(); });
    else if (how == 1)
      in(client, [](datagram_broker& self) { self.quit(); });
    else
      in(client, [](datagram_broker&) { throw std::runtime_error("no"); });
    settle();
    std::sort(told.begin(), told.end());
    EXPECT_EQ(told, (strings{"applied", "rejected", "released"})) << how;
  }
}

TEST_F(datagram_pressure_test, reading_stops_while_our_own_writes_wait) {
  pause();
  auto& client = open(name("client"), small_marks());
  auto& third = open(name("third"));
  fill(client, 5, server.local);
  send(third, "hello", client.local);
  settle();
  EXPECT_EQ(client.log, strings{"applied"});
  resume();
  EXPECT_TRUE(comes(client, "datagram hello"));
}

TEST_F(datagram_pressure_test, reading_stops_while_a_receiver_is_pressed) {
  auto& client = open(name("client"));
  caf::actor other = runtime::spawn_on(
      loop, [](runtime::loop_actor*) { return caf::behavior{[](int) {}}; });
  auto signal = [&](runtime::pressure state) {
    caf::anon_send(server.actor,
                   backpressure{state,
                                caf::actor_cast<caf::strong_actor_ptr>(other),
                                0, 0});
    settle();
  };
  settle();
  signal(runtime::pressure::applied);
  send(client, "hello", server.local);
  settle();
  EXPECT_EQ(server.log, strings{"applied"});
  signal(runtime::pressure::released);
  EXPECT_TRUE(comes(server, "datagram hello"));
}

// -- the end ------------------------------------------------------------------

TEST_F(datagram_broker_test, loop_that_stops_closes_the_socket) {
  auto& server = open("udp://127.0.0.1:0");
  settle();
  loop.request_stop();
  ASSERT_TRUE(until([this] { return loop.finished(); }));
  EXPECT_EQ(server.log, strings{"closed shut_down"});
}

TEST_F(datagram_broker_test, handler_that_throws_ends_its_own_socket) {
  auto& server = open("udp://127.0.0.1:0");
  auto& other = open("udp://127.0.0.1:0");
  in(server, [](datagram_broker&) { throw std::runtime_error("no"); });
  send(other, "hello", other.local);
  EXPECT_EQ(next(other, 1), strings{"datagram hello"});
  auto& again = open(to_string(server.local));
  EXPECT_EQ(again.local, server.local);
}

TEST_F(datagram_broker_test, timer_of_the_behavior_fires) {
  auto& server = open("udp://127.0.0.1:0");
  in(server, [](datagram_broker& self) { self.set_timer(1ms, 5); });
  EXPECT_EQ(next(server, 1), strings{"timed_out user"});
}

// -- errors when opening ------------------------------------------------------

TEST_F(datagram_broker_test, errors_name_the_endpoint) {
  auto& taken = open("udp://127.0.0.1:0");
  auto where = to_string(taken.local);
  EXPECT_EQ(error_of(where),
            "bind " + where + ": Address already in use (EADDRINUSE)");
  EXPECT_EQ(error_of("tcp://127.0.0.1:0"),
            "bad endpoint \"tcp://127.0.0.1:0\": datagrams need udp:// or "
            "unixgram://");
  EXPECT_TRUE(error_of("udp://localhost:0").starts_with("bad endpoint"));
  EXPECT_TRUE(error_of("").starts_with("bad endpoint"));
  datagram_options options;
  options.connect_to = "udp://127.0.0.1:0";
  EXPECT_EQ(error_of("", options), "bad endpoint \"udp://127.0.0.1:0\": nobody "
                                   "listens on port 0");
  options.connect_to = "unixgram://@" + std::to_string(::getpid());
  EXPECT_EQ(error_of("", options), "connect " + options.connect_to
                                       + ": Connection refused (ECONNREFUSED)");
  EXPECT_EQ(error_of("udp://*:0", options),
            "bad endpoint \"" + options.connect_to
                + "\": it is of another kind than udp://*:0");
}

TEST_F(datagram_broker_test, settings_are_checked) {
  datagram_options options;
  options.receive_bytes_max = 0;
  EXPECT_EQ(error_of("udp://*:0", options),
            "receive_bytes_max (0) is not in 1..65507");
  options = {};
  options.write_marks = {10, 10};
  EXPECT_TRUE(error_of("udp://*:0", options).starts_with("write_marks"));
  options = {};
  options.expiry = -1ms;
  EXPECT_EQ(error_of("udp://*:0", options), "expiry is negative");
}

} // namespace
} // namespace sluice::net

// Connections that a stream_broker asks for: how they start, or why not.

#include "runtime/error.h"
#include "tests/net/stream_fixture.h"

#include <gtest/gtest.h>

namespace sluice::testing {
namespace {

bool is(const caf::error& x, runtime::errc code) {
  return x.category() == runtime::error_category
         && x.code() == static_cast<std::uint8_t>(code);
}

using net::stream_broker;

class stream_broker_connect_test : public stream_fixture {
public:
  stream_broker_connect_test() {
    server.on_accept = [](sim_peer& x) { x.read_all(); };
  }

  /// What is sent is lost on the way.
  void nobody_answers() { world.network().cut(world.host(), world.host()); }

  /// The text of why it ended.
  std::string reason() { return run.system().render(how->error); }

  void expect_reason(std::initializer_list<const char*> parts) {
    ASSERT_TRUE(how);
    for (auto part : parts)
      EXPECT_NE(reason().find(part), std::string::npos) << reason();
  }

  sim_server server{world, at("127.0.0.1", 6379)};
};

TEST_F(stream_broker_connect_test, connected_comes_first_and_names_both_ends) {
  net::endpoint local;
  net::endpoint remote;
  server.on_accept = [](sim_peer& x) { x.send("welcome"); };
  dial("tcp://127.0.0.1:6379", [&](stream_broker*) -> caf::message_handler {
    return {[&](const net::connected& x) {
      local = x.local;
      remote = x.remote;
      log.push_back("connected");
    }};
  });
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"connected", "received welcome"}));
  EXPECT_EQ(to_string(remote), "tcp://127.0.0.1:6379");
  EXPECT_NE(local.port(), 0);
  pass(1min);
  EXPECT_EQ(noted(), lines{}) << "the deadline of connect is over";
}

TEST_F(stream_broker_connect_test, writes_before_connected_are_sent_then) {
  dial("tcp://127.0.0.1:6379", [](stream_broker* x) -> caf::message_handler {
    EXPECT_TRUE(x->write("from the start ", 1));
    return {};
  });
  auto& one = add_writer();
  one.write(broker, "from one", 2);
  pass(1ms);
  EXPECT_EQ(server.last().received(), "from the start from one");
  EXPECT_EQ(noted(), (lines{"connected", "written #1"}));
  EXPECT_EQ(one.noted(), lines{"written #2"});
}

TEST_F(stream_broker_connect_test, early_writes_feel_the_marks_and_the_cap) {
  nobody_answers();
  dial("tcp://127.0.0.1:6379");
  auto& one = add_writer();
  one.write(broker, std::string(high, 'x'));
  pass(1ms);
  EXPECT_EQ(one.noted(), lines{"applied"});
  one.write(broker, std::string(cap - high, 'x'));
  one.write(broker, "?");
  pass(1ms);
  EXPECT_EQ(one.noted(), lines{"rejected overflow 1"});
  pass(1min);
  EXPECT_EQ(one.returned.size(), cap + 1);
  EXPECT_EQ(how->unsent, cap);
  EXPECT_EQ(one.count("released"), 1);
}

TEST_F(stream_broker_connect_test, nobody_listens) {
  dial("tcp://127.0.0.1:6380");
  pass(1ms);
  EXPECT_EQ(noted(), lines{"closed connect_failed"});
  EXPECT_EQ(how->os_error, ECONNREFUSED);
  expect_reason({"tcp://127.0.0.1:6380", "ECONNREFUSED"});
}

TEST_F(stream_broker_connect_test, no_route) {
  dial("tcp://10.0.0.9:80");
  pass(1ms);
  EXPECT_EQ(noted(), lines{"closed connect_failed"});
  EXPECT_EQ(how->os_error, ENETUNREACH);
  expect_reason({"tcp://10.0.0.9:80", "ENETUNREACH"});
}

TEST_F(stream_broker_connect_test, no_answer_within_the_deadline) {
  options.connect_deadline = 3s;
  nobody_answers();
  dial("tcp://127.0.0.1:6379");
  watch_end(broker);
  pass(2s);
  EXPECT_EQ(noted(), lines{});
  pass(2s);
  EXPECT_EQ(noted(), (lines{"timed_out connect", "closed connect_timeout"}));
  EXPECT_EQ(how->os_error, ETIMEDOUT);
  expect_reason({"tcp://127.0.0.1:6379", "connect_timeout"});
  EXPECT_EQ(ends, lines{reason()});
}

TEST_F(stream_broker_connect_test, nobody_at_a_unix_path) {
  dial("unix:///nobody-here");
  pass(1ms);
  EXPECT_EQ(noted(), lines{"closed connect_failed"});
  EXPECT_EQ(how->os_error, ENOENT);
  expect_reason({"unix:///nobody-here", "ENOENT"});
}

TEST_F(stream_broker_connect_test, no_descriptor_is_left) {
  world.host().set_descriptor_limit(world.host().open_descriptors());
  dial("tcp://127.0.0.1:6379");
  pass(1ms);
  EXPECT_EQ(noted(), lines{"closed system_error"});
  expect_reason({"tcp://127.0.0.1:6379", "EMFILE"});
}

TEST_F(stream_broker_connect_test, close_before_connected_ends_it) {
  nobody_answers();
  dial("tcp://127.0.0.1:6379");
  pass(1ms);
  auto& one = add_writer();
  one.write(broker, "never sent");
  caf::anon_send(broker, net::close{});
  pass(1ms);
  EXPECT_EQ(noted(), lines{"closed aborted"});
  EXPECT_EQ(one.noted(), lines{"rejected closed 10"});
  EXPECT_EQ(how->unsent, 10u);
}

TEST_F(stream_broker_connect_test, exit_before_connected_leaves_nothing_open) {
  auto before = world.host().open_descriptors();
  nobody_answers();
  dial("tcp://127.0.0.1:6379");
  pass(1ms);
  EXPECT_EQ(world.host().open_descriptors(), before + 1);
  caf::anon_send_exit(broker, caf::exit_reason::kill);
  pass(1ms);
  EXPECT_EQ(self->state(), net::stream_state::closed);
  EXPECT_EQ(world.host().open_descriptors(), before);
}

TEST_F(stream_broker_connect_test, shutdown_before_connected_waits_for_it) {
  dial("tcp://127.0.0.1:6379", [](stream_broker* x) -> caf::message_handler {
    x->write("request");
    x->shutdown_write();
    return {};
  });
  pass(1ms);
  EXPECT_EQ(server.last().received(), "request");
  EXPECT_TRUE(server.last().saw_end());
  server.last().send("reply");
  server.last().close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"connected", "received reply", "closed finished"}));
}

TEST_F(stream_broker_connect_test, bad_endpoints_are_refused_with_their_name) {
  auto nothing = [](stream_broker*) -> caf::behavior { return {[](int) {}}; };
  for (auto where : {"tcp://127.0.0.1:0", "udp://127.0.0.1:80", "127.0.0.1:80",
                     "tcp://127.0.0.1:99999"}) {
    auto result = net::connect(run.loop(), where, nothing);
    ASSERT_FALSE(result) << where;
    EXPECT_TRUE(is(result.error(), runtime::errc::bad_endpoint));
    EXPECT_NE(run.system().render(result.error()).find(where),
              std::string::npos);
  }
}

TEST_F(stream_broker_connect_test, bad_setting_is_refused) {
  auto nothing = [](stream_broker*) -> caf::behavior { return {[](int) {}}; };
  net::stream_options bad;
  bad.write_cap_entries = 0;
  auto result = net::connect(run.loop(), "tcp://127.0.0.1:1", nothing, bad);
  ASSERT_FALSE(result);
  EXPECT_TRUE(is(result.error(), runtime::errc::bad_setting));
}

// -- classes ------------------------------------------------------------------

class greeter : public stream_broker {
public:
  greeter(caf::actor_config& cfg, runtime::event_loop& loop,
          net::stream_setup setup, std::string greeting)
      : stream_broker(cfg, loop, std::move(setup)),
        greeting_(std::move(greeting)) {}

protected:
  caf::behavior make_behavior() override {
    return {[this](const net::accepted&) { write(greeting_); },
            [this](const net::connected&) { write(greeting_); }};
  }

private:
  std::string greeting_;
};

TEST_F(stream_broker_connect_test, broker_may_be_a_class_of_the_users) {
  auto client = net::connect<greeter>(run.loop(), "tcp://127.0.0.1:6379",
                                      net::stream_options{}, "hello");
  ASSERT_TRUE(client);
  auto listening =
      net::listen<greeter>(run.loop(), "tcp://127.0.0.1:7000",
                           net::listen_options{}, std::string{"welcome"});
  ASSERT_TRUE(listening);
  peer.connect(at("127.0.0.1", 7000));
  pass(1ms);
  EXPECT_EQ(server.last().received(), "hello");
  EXPECT_EQ(peer.received(), "welcome");
}

} // namespace
} // namespace sluice::testing

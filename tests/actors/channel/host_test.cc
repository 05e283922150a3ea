// What a host promises that is not about a single channel: where it listens,
// what it refuses, its settings, its links, and its end.

#include "actors/channel/wire.h"
#include "runtime/limits.h"
#include "tests/actors/channel/channel_world.h"
#include "tests/support/sim_server.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice::actors::channel {
namespace {

using namespace std::chrono_literals;
using runtime::errc;
using sluice::testing::at;
using sluice::testing::sim_peer;
using sluice::testing::sim_server;
using testing::is;
using testing::says;
using testing::self_of;

class host_test : public testing::channel_world {
protected:
  using channel_world::channel_world;

  /// What the hello and the open of a host say, whose one outlet connects to
  /// `server`.
  std::pair<wire::hello, wire::open> greeting(std::uint64_t instance) {
    sim_server server{world_, at("127.0.0.1", 9000)};
    server.on_accept = [](sim_peer& x) {
      std::string bytes;
      wire::encode(wire::welcome{1, 7, 1 << 21, 100}, bytes);
      x.send(bytes);
    };
    host made{run_.loop(0), {.instance = instance}};
    auto out = made.open_outlet<std::string>(self_of(sender_),
                                             "tcp://127.0.0.1:9000", "lines");
    settle();
    EXPECT_EQ(server.peers().size(), 1u);
    auto bytes = server.last().take_received();
    auto first = take<wire::hello>(bytes);
    return {first, take<wire::open>(bytes)};
  }

  template <class T>
  static T take(std::string& bytes) {
    auto size = wire::item_size(bytes.data());
    auto frame = wire::decode(runtime::byte_slice::copy(bytes.substr(4, size)));
    bytes.erase(0, 4 + size);
    EXPECT_TRUE(frame && std::holds_alternative<T>(*frame));
    return frame ? std::get<T>(*frame) : T{};
  }
};

// -- listening and opening ----------------------------------------------------

TEST_F(host_test, listens_at_several_endpoints_and_says_which_port_was_free) {
  std::set<std::string> all{testing::endpoint};
  for (int i = 0; i < 2; ++i) {
    auto where = far_->listen("tcp://127.0.0.1:0");
    ASSERT_TRUE(where);
    all.insert(to_string(*where));
  }
  ASSERT_EQ(all.size(), 3u);
  EXPECT_FALSE(all.contains("tcp://127.0.0.1:0"));
  std::vector<inlet<std::string>> inlets;
  for (auto& where : all) {
    auto in = far_->open_inlet<std::string>(self_of(receiver_), where);
    auto out = near_->open_outlet<std::string>(self_of(sender_), where, where);
    ASSERT_TRUE(in && out);
    inlets.push_back(std::move(*in));
    outs_.push_back(std::move(*out));
  }
  ASSERT_TRUE(until([&] { return sent_->opened.size() == 3; }));
}

TEST_F(host_test, endpoint_that_cannot_be_listened_at_is_an_error) {
  EXPECT_TRUE(is(far_->listen("tcp:/x").error(), errc::bad_endpoint));
  EXPECT_TRUE(is(near_->listen(testing::endpoint).error(), errc::system_error));
}

TEST_F(host_test, name_of_an_inlet_has_a_length) {
  using runtime::limits::name_bytes_max;
  auto longest = far_->open_inlet<int>(self_of(receiver_),
                                       std::string(name_bytes_max, 'x'));
  EXPECT_TRUE(longest);
  auto over = far_->open_inlet<int>(self_of(receiver_),
                                    std::string(name_bytes_max + 1, 'x'));
  EXPECT_TRUE(is(over.error(), errc::bad_channel));
}

TEST_F(host_test, options_that_contradict_each_other_abort) {
  host_options options;
  options.ping_interval = options.silence_max;
  EXPECT_DEATH(host(run_.loop(0), options), "contradict each other");
}

// -- the end ------------------------------------------------------------------

TEST_F(host_test, stopped_host_opens_nothing) {
  near_->stop();
  EXPECT_TRUE(
      is(near_->listen("tcp://127.0.0.1:0").error(), errc::channel_closed));
  auto in = near_->open_inlet<int>(self_of(receiver_), "lines");
  EXPECT_TRUE(is(in.error(), errc::channel_closed));
  auto out = near_->open_outlet<int>(self_of(sender_), testing::endpoint, "x");
  EXPECT_TRUE(is(out.error(), errc::channel_closed));
}

TEST_F(host_test, stop_closes_what_has_never_been_open_too) {
  open_inlet(); // nobody feeds it
  open_outlet({.pending_marks = {10, 5}});
  EXPECT_FALSE(push(outs_[0], 0, 10)); // the link has not even begun
  EXPECT_TRUE(outs_[0].pressed());
  near_->stop();
  far_->stop();
  settle();
  ASSERT_EQ(sent_->closed.size(), 1u);
  EXPECT_EQ(sent_->closed[0].reason, end_reason::host_stopped);
  EXPECT_EQ(sent_->closed[0].unconfirmed, 10u);
  ASSERT_EQ(got_->in_closed.size(), 1u);
  EXPECT_EQ(got_->in_closed[0].reason, end_reason::host_stopped);
  // This is the end of the outlet: nobody is held by it.
  EXPECT_FALSE(outs_[0].pressed());
  ASSERT_FALSE(sent_->pressure.empty());
  EXPECT_EQ(sent_->pressure.back(), runtime::pressure::released);
}

TEST_F(host_test, second_stop_changes_nothing) {
  open_inlet();
  open_outlet();
  ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  for (int i = 0; i < 2; ++i) {
    near_->stop();
    far_->stop();
    settle();
    EXPECT_EQ(sent_->closed.size(), 1u);
    EXPECT_EQ(got_->in_closed.size() + got_->interrupted.size(), 1u);
  }
}

TEST_F(host_test, end_of_a_host_closes_channels_links_and_listeners) {
  open_inlet();
  auto listening = world_.host().open_descriptors();
  open_outlet();
  ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  EXPECT_EQ(world_.host().open_descriptors(), listening + 2);
  far_.reset();
  ASSERT_TRUE(until([&] { return !got_->in_closed.empty(); }));
  EXPECT_EQ(got_->in_closed[0].reason, end_reason::host_stopped);
  settle();
  EXPECT_EQ(world_.host().open_descriptors(), listening - 1);
  ASSERT_EQ(sent_->closed.size(), 1u);
  EXPECT_EQ(sent_->closed[0].reason, end_reason::host_stopped);
}

TEST_F(host_test, end_of_the_sending_host_closes_its_outlets) {
  open_inlet();
  open_outlet();
  ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  near_.reset();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::host_stopped);
}

// -- settings -----------------------------------------------------------------

TEST_F(host_test, report_says_which_faults_are_in_force) {
  host made{run_.loop(0), {}};
  EXPECT_TRUE(made.report().cuts.empty());
  EXPECT_FALSE(made.cut("tcp://127.0.0.1:9001"));
  EXPECT_FALSE(made.cut("tcp://127.0.0.1:9002"));
  EXPECT_FALSE(made.heal("tcp://127.0.0.1:9001"));
  made.slow(1000);
  EXPECT_EQ(made.report().cuts,
            std::vector<std::string>{"tcp://127.0.0.1:9002"});
  EXPECT_EQ(made.report().slow_bytes_per_second, 1000u);
  made.heal_all();
  made.slow(0);
  EXPECT_TRUE(made.report().cuts.empty());
  EXPECT_EQ(made.report().slow_bytes_per_second, 0u);
}

TEST_F(host_test, instance_names_the_streams_of_a_host) {
  auto [hello, open] = greeting(77);
  EXPECT_EQ(hello.instance, 77u);
  EXPECT_EQ(open.stream.host, 77u);
}

TEST_F(host_test, instance_is_drawn_unless_it_is_set) {
  auto first = greeting(0).second.stream.host;
  auto second = greeting(0).second.stream.host;
  EXPECT_NE(first, 0u);
  EXPECT_NE(second, 0u);
  EXPECT_NE(first, second);
}

TEST_F(host_test, link_has_no_more_channels_than_it_may) {
  constexpr auto most = runtime::limits::channels_per_link_max;
  for (std::size_t i = 0; i <= most; ++i)
    open_outlet();
  ASSERT_TRUE(until([&] { return sent_->closed.size() == most + 1; }));
  std::size_t refused = 0;
  for (auto& x : sent_->closed)
    if (x.reason == end_reason::too_many_channels) {
      ++refused;
      EXPECT_TRUE(says(x.error, std::to_string(most)));
    }
  EXPECT_EQ(refused, 1u);
}

class patient_host_test : public host_test {
protected:
  patient_host_test() : host_test({.silence_max = 0s, .instance = 1}) {}
};

// But the operating system gives up in the end.
TEST_F(patient_host_test, silence_may_last_whatever_waits_to_be_sent) {
  open_inlet();
  auto& out = open_outlet();
  ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  world_.network().cut(world_.host(), world_.host());
  EXPECT_FALSE(push(out, 0, 500, 1'000));
  run_.during(10min);
  world_.network().heal(world_.host(), world_.host());
  ASSERT_TRUE(until([&] { return got_->items.size() == 500; }));
  EXPECT_TRUE(sent_->closed.empty());
  EXPECT_TRUE(got_->interrupted.empty());
}

class hasty_host_test : public host_test {
protected:
  static constexpr std::size_t queue = 10'000;

  hasty_host_test()
      : host_test(
          {.connect_deadline = 2s, .link_queue_bytes = queue, .instance = 1}) {}
};

TEST_F(hasty_host_test, connection_has_a_deadline) {
  world_.network().cut(world_.host(), world_.host());
  auto start = world_.now();
  open_outlet();
  ASSERT_TRUE(until([&] { return !sent_->closed.empty(); }));
  EXPECT_EQ(sent_->closed[0].reason, end_reason::connect_failed);
  EXPECT_GE(world_.now() - start, 2s);
  EXPECT_LE(world_.now() - start, 2s + 100ms);
  world_.network().heal(world_.host(), world_.host());
}

TEST_F(hasty_host_test, link_takes_no_more_than_its_queue_from_an_outlet) {
  // Nothing but the link's queue holds it up: the window is large, and the
  // network takes what fits into its buffers.
  open_inlet({.window_messages = 1'000'000, .window_bytes = 10'000'000});
  auto& out = open_outlet(
      {.pending_marks = {900'000, 1}, .pending_cap_bytes = 1'000'000});
  ASSERT_TRUE(until([&] { return !sent_->opened.empty(); }));
  world_.network().cut(world_.host(), world_.host());
  constexpr std::size_t pushed = 800'000;
  EXPECT_FALSE(push(out, 0, pushed / 1'000, 994)); // CAF's length has two bytes
  settle();
  auto& kernel = world_.settings();
  auto taken = pushed - out.pending_bytes();
  EXPECT_GT(taken, 0u);
  EXPECT_LE(taken, kernel.send_buffer_bytes.max
                       + kernel.receive_buffer_bytes.max + queue
                       + runtime::limits::channel_frame_bytes);
  world_.network().heal(world_.host(), world_.host());
  ASSERT_TRUE(until([&] { return got_->items.size() == pushed / 1'000; }));
}

} // namespace
} // namespace sluice::actors::channel

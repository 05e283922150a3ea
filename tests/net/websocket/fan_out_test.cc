// One message to many WebSockets: all share its bytes, and a slow one harms
// nobody.

#include "actors/topic.h"
#include "net/listen.h"
#include "net/websocket/spawn.h"
#include "tests/net/allocations.h"
#include "tests/net/websocket/frames.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_runtime.h"
#include "tests/support/sim_server.h"

#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <deque>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;
namespace websocket = net::websocket;
using websocket::shared_message;

constexpr std::size_t buffer_bytes = 1'000;

class fan_out_test : public ::testing::Test {
public:
  void connect(std::size_t count) {
    auto behave = [this](websocket::connection* self) -> caf::behavior {
      connections.push_back(self);
      return {[](const websocket::message&) {}};
    };
    auto server = net::listen_with(
        run.loop(), "tcp://127.0.0.1:7000",
        websocket::make_successor(
            {}, std::make_shared<const websocket::options>(), behave));
    ASSERT_TRUE(server);
    listener = server->actor;
    for (std::size_t i = 0; i < count; ++i) {
      auto& peer = peers.emplace_back(world);
      peer.connect(at("127.0.0.1", 7000));
      readers.emplace_back(client_options());
    }
    pass(10ms);
    ASSERT_EQ(connections.size(), count);
  }

  /// What peer `i` got since the last call.
  lines got(std::size_t i) {
    return events(readers[i], peers[i].take_received());
  }

  void pass(runtime::duration span) {
    auto end = world.now() + span;
    world.at(end, [] {});
    ASSERT_TRUE(run.until([&] { return world.now() >= end; }, 400'000));
    run.during(0ms);
  }

  sim_world world{1, small_buffers()};
  std::deque<sim_peer> peers;
  std::deque<websocket::session> readers;
  sim_runtime run{world, 1};
  std::vector<websocket::connection*> connections; // kept by their sockets
  caf::actor listener;

private:
  static sim_settings small_buffers() {
    auto result = sim_settings::calm();
    result.send_buffer_bytes = {buffer_bytes, buffer_bytes};
    result.receive_buffer_bytes = {buffer_bytes, buffer_bytes};
    return result;
  }
};

TEST_F(fan_out_test, a_shared_message_is_copied_for_nobody) {
  constexpr std::size_t count = 50;
  constexpr std::size_t size = 20'000;
  connect(count);
  for (auto& peer : peers)
    peer.stop_reading();
  // The kernels are full: what is sent now waits.
  for (auto& x : connections)
    caf::anon_send(
        caf::actor{x},
        websocket::send{
            shared_message::text(std::string(3 * buffer_bytes, '.')), 0});
  pass(10ms);
  auto message = shared_message::text(std::string(size, 'x'));
  auto before = connections[0]->queued();
  reset_allocations();
  for (auto& x : connections)
    caf::anon_send(caf::actor{x}, websocket::send{message, 0});
  pass(1ms);
  auto taken = allocations();
  for (auto& x : connections)
    EXPECT_EQ(x->queued(), before + message.frame().size());
  EXPECT_LT(taken.total_bytes, count * 2'000) << "of " << count * size;
  EXPECT_LT(taken.largest_bytes, size);
  for (auto& peer : peers)
    peer.read_all();
  pass(1s);
  for (std::size_t i = 0; i < count; ++i)
    EXPECT_EQ(got(i).back(), "text " + std::string(size, 'x'));
}

TEST_F(fan_out_test, a_topic_publishes_to_connections) {
  connect(3);
  auto news = run.system().spawn(actors::topic, actors::topic_options{});
  for (auto& x : connections)
    caf::anon_send(news, actors::subscribe{caf::actor{x}, {}});
  pass(1ms);
  caf::anon_send(news, actors::publish{caf::make_message(
                           net::write{shared_message::text("one").frame()})});
  caf::anon_send(news, actors::publish{caf::make_message(
                           websocket::send{shared_message::binary("two"), 0})});
  pass(10ms);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(got(i), (lines{"text one", "binary two"}));
  caf::anon_send_exit(news, caf::exit_reason::user_shutdown);
  pass(1ms);
}

TEST_F(fan_out_test, a_slow_subscriber_of_a_topic_misses_the_oldest) {
  connect(2);
  peers[0].stop_reading();
  auto news = run.system().spawn(actors::topic, actors::topic_options{});
  for (auto& x : connections)
    caf::anon_send(news, actors::subscribe{caf::actor{x}, {}});
  pass(1ms);
  constexpr int count = 2'000;
  std::size_t most = 0;
  for (int i = 0; i < count; ++i) {
    auto text = std::string(1'000, 'x') + std::to_string(i);
    caf::anon_send(news, actors::publish{caf::make_message(
                             net::write{shared_message::text(text).frame()})});
    pass(1ms);
    most = std::max(most, static_cast<std::size_t>(connections[0]->queued()));
  }
  pass(1s);
  EXPECT_EQ(got(1).size(), std::size_t{count});
  EXPECT_LE(most, 2 * runtime::limits::write_high_bytes);
  peers[0].read_all();
  pass(10s);
  auto slow = got(0);
  EXPECT_LT(slow.size(), std::size_t{count} / 2);
  EXPECT_EQ(slow.back(),
            "text " + std::string(1'000, 'x') + std::to_string(count - 1));
  caf::anon_send_exit(news, caf::exit_reason::user_shutdown);
  pass(1ms);
}

} // namespace
} // namespace sluice::testing

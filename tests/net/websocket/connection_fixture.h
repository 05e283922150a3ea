#pragma once

// What the tests of WebSocket connections share: one connection on a calm
// simulated world with small buffers, a behavior that notes what it is told, a
// peer that sends frames as bytes, and other actors that send.
//
// For tests. Thread rule: the test's thread. Lifetime: the test's.

#include "net/listen.h"
#include "net/websocket/spawn.h"
#include "tests/net/websocket/frames.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_runtime.h"
#include "tests/support/sim_server.h"

#include <caf/behavior.hpp>
#include <caf/message_handler.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace sluice::testing {

using namespace std::chrono_literals;
namespace websocket = net::websocket;

inline std::string number(websocket::close_code x) {
  return std::to_string(static_cast<unsigned>(x));
}

/// An actor that sends to a connection and notes what it is told.
struct websocket_writer {
  caf::actor handle;
  lines log;
  std::string returned;

  template <class T>
  void send(const caf::actor& to, T what) {
    caf::send_as(handle, to, std::move(what));
  }
  lines noted() { return std::exchange(log, {}); }
};

class connection_fixture : public ::testing::Test {
public:
  /// What each direction of the connection holds in the kernel.
  static constexpr std::size_t buffer_bytes = 1'000;
  static constexpr std::size_t high = 4'000;
  static constexpr std::size_t low = 2'000;
  static constexpr std::size_t cap = 10'000;

  connection_fixture() {
    options.message_bytes_max = 20'000;
    options.stream.emplace();
    options.stream->write_marks = {high, low};
    options.stream->write_cap_bytes = cap;
  }

  ~connection_fixture() override { self = nullptr; }

  /// Listens for connections whose handshake is done, and lets the peer come.
  void serve() {
    auto behave = [this](websocket::connection* x) { return behavior(x); };
    websocket::opened info;
    info.path = "/live";
    info.subprotocol = "chat";
    auto server = net::listen_with(
        run.loop(), "tcp://127.0.0.1:7000",
        websocket::make_successor(
            info, std::make_shared<const websocket::options>(options), behave));
    ASSERT_TRUE(server) << run.system().render(server.error());
    listener = server->actor;
    peer.connect(at("127.0.0.1", 7000));
    pass(1ms);
    ASSERT_NE(self, nullptr);
  }

  /// Runs `f` in a handler of the connection.
  void in_connection(std::function<void(websocket::connection*)> f) {
    job_ = std::move(f);
    caf::anon_send(handle, caf::ok_atom::value);
    pass(1ms);
  }

  /// The peer sends a frame.
  void come(unsigned code, std::string payload, bool fin = true) {
    peer.send(wire_frame{code, std::move(payload), fin}.bytes());
    pass(1ms);
  }

  /// What the peer got since the last call, as a client understands it.
  lines got() { return events(client_, peer.take_received()); }

  websocket_writer& add_writer() {
    auto& result = writers.emplace_back();
    result.handle = runtime::spawn_on(
        run.loop(1), [&result](runtime::loop_actor*) -> caf::behavior {
          return {[&result](const net::rejected& x) {
                    result.log.push_back("rejected " + to_string(x.reason)
                                         + " #" + std::to_string(x.token));
                    result.returned += x.bytes.view();
                  },
                  [&result](const net::written& x) {
                    result.log.push_back("written #" + std::to_string(x.token));
                  },
                  [&result](const net::backpressure& x) {
                    result.log.push_back(runtime::to_string(x.state));
                  }};
        });
    pass(1ms);
    return result;
  }

  /// Lets `span` of virtual time pass; fails if somebody goes round in circles.
  void pass(runtime::duration span) {
    auto end = world.now() + span;
    world.at(end, [] {});
    ASSERT_TRUE(run.until([&] { return world.now() >= end; }, 400'000))
        << "time does not pass";
    run.during(0ms);
  }

  lines noted() { return std::exchange(log, {}); }

  websocket::options options;
  lines log;
  std::string returned;
  std::deque<websocket_writer> writers;
  sim_world world{1, small_buffers()};
  sim_peer peer{world};
  sim_runtime run{world, 2};
  websocket::connection* self = nullptr;
  caf::actor handle;
  caf::actor listener;
  /// Whether the behavior answers each message with itself.
  bool echo = false;

private:
  static sim_settings small_buffers() {
    auto result = sim_settings::calm();
    result.send_buffer_bytes = {buffer_bytes, buffer_bytes};
    result.receive_buffer_bytes = {buffer_bytes, buffer_bytes};
    return result;
  }

  caf::behavior behavior(websocket::connection* x) {
    self = x;
    handle = caf::actor{x};
    return {
        [this](const websocket::opened& y) {
          log.push_back("opened " + y.path + " " + y.subprotocol);
        },
        [this, x](const websocket::message& y) {
          auto text = y.kind == websocket::message_kind::text;
          log.push_back((text ? "text " : "binary ") + y.bytes.str());
          if (echo)
            x->send_message(y.kind, y.bytes);
        },
        [this](const websocket::pinged& y) {
          log.push_back("pinged " + y.payload.str());
        },
        [this](const websocket::ponged& y) {
          log.push_back("ponged " + y.payload.str());
        },
        [this](const websocket::ended& y) {
          log.push_back("ended " + number(y.code) + " " + y.reason
                        + (y.clean ? "" : " (not clean)"));
        },
        [this](const net::rejected& y) {
          log.push_back("rejected " + to_string(y.reason));
          returned += y.bytes.view();
        },
        [this](const net::written& y) {
          log.push_back("written #" + std::to_string(y.token));
        },
        [this](const net::backpressure& y) {
          log.push_back(runtime::to_string(y.state));
        },
        [this](const net::timed_out& y) {
          log.push_back("timed_out " + to_string(y.which));
        },
        [this, x](const net::closed& y) {
          log.push_back("closed " + to_string(y.reason) + " "
                        + number(x->ended_with()));
        },
        [this, x](caf::ok_atom) { job_(x); },
    };
  }

  websocket::session client_{client_options()};
  std::function<void(websocket::connection*)> job_;
};

} // namespace sluice::testing

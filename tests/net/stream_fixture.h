#pragma once

// What the tests of stream_broker share: one connection on a calm simulated
// world with small buffers, a behavior that notes what it is told, and other
// actors that write to the broker.
//
//   serve();                     // a broker listens, the peer connects to it
//   peer.send("hello");
//   pass(10ms);
//   EXPECT_EQ(noted(), (lines{"accepted", "received hello"}));
//
// For tests. Thread rule: the test's thread. Lifetime: the test's.

#include "net/listen.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_runtime.h"
#include "tests/support/sim_server.h"

#include <caf/behavior.hpp>
#include <caf/message_handler.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

using namespace std::chrono_literals;

using lines = std::vector<std::string>;

/// How an event is noted.
inline std::string text_of(const net::rejected& x) {
  auto text = "rejected " + net::to_string(x.reason) + " "
              + std::to_string(x.bytes.size());
  return x.token == 0 ? text : text + " #" + std::to_string(x.token);
}

inline std::string text_of(const net::closed& x) {
  return "closed " + net::to_string(x.reason);
}

inline std::string text_of(const net::timed_out& x) {
  auto text = "timed_out " + net::to_string(x.which);
  return x.token == 0 ? text : text + " #" + std::to_string(x.token);
}

/// Handlers that note what comes, to stand behind those of a test.
inline caf::message_handler note_writing(lines& log) {
  return {
      [&log](const net::backpressure& x) {
        log.push_back(runtime::to_string(x.state));
      },
      [&log](const net::written& x) {
        log.push_back("written #" + std::to_string(x.token));
      },
      [&log](const net::rejected& x) { log.push_back(text_of(x)); },
  };
}

/// An actor that writes to a broker and notes what it is told.
struct stream_writer {
  caf::actor handle;
  lines log;
  std::string returned; // the bytes of all *rejected*

  void write(const caf::actor& to, std::string_view text,
             std::uint64_t token = 0) {
    caf::send_as(handle, to,
                 net::write{runtime::byte_slice::copy(text), token});
  }

  lines noted() { return std::exchange(log, {}); }

  /// How often `what` was noted. A signal passes other messages, so where it
  /// stands among them says nothing.
  std::ptrdiff_t count(std::string_view what) const {
    return std::count(log.begin(), log.end(), what);
  }
};

class stream_fixture : public ::testing::Test {
public:
  using handlers = std::function<caf::message_handler(net::stream_broker*)>;

  /// What each direction of the connection holds in the kernel.
  static constexpr std::size_t buffer_bytes = 1'000;

  /// Marks and cap that are easy to reckon with.
  static constexpr std::size_t high = 4'000;
  static constexpr std::size_t low = 2'000;
  static constexpr std::size_t cap = 10'000;

  static sim_settings small_buffers() {
    auto result = sim_settings::calm();
    result.send_buffer_bytes = {buffer_bytes, buffer_bytes};
    result.receive_buffer_bytes = {buffer_bytes, buffer_bytes};
    return result;
  }

  static net::stream_options small_marks() {
    net::stream_options result;
    result.write_marks = {high, low};
    result.write_cap_bytes = cap;
    return result;
  }

  ~stream_fixture() override { self = nullptr; }

  // -- the connection ---------------------------------------------------------

  /// Listens, connects the peer and lets both know.
  void serve(handlers extra = {}) {
    auto server = net::listen(
        run.loop(), address,
        [this, extra](net::stream_broker* x) { return behave(x, extra); },
        {.stream = options, .observer = {}});
    ASSERT_TRUE(server) << run.system().render(server.error());
    listener = server->actor;
    peer.connect(address.starts_with("unix")
                     ? at(address.substr(std::string_view{"unix://"}.size()))
                     : at("127.0.0.1", 7000));
    pass(1ms);
    ASSERT_NE(self, nullptr);
  }

  /// Connects to `where`; nothing has happened yet.
  void dial(std::string_view where, handlers extra = {}) {
    auto result = net::connect(
        run.loop(), where,
        [this, extra](net::stream_broker* x) { return behave(x, extra); },
        options);
    ASSERT_TRUE(result) << run.system().render(result.error());
    broker = *result;
  }

  /// Runs `f` in a handler of the broker.
  void in_broker(std::function<void(net::stream_broker*)> f) {
    job_ = std::move(f);
    caf::anon_send(broker, caf::ok_atom::value);
    pass(1ms);
  }

  /// The peer takes nothing, and the broker's kernel is full.
  void fill(std::size_t size = 2 * buffer_bytes) {
    peer.stop_reading();
    in_broker([=](auto* x) { x->write(std::string(size, '.')); });
    ASSERT_EQ(self->queued(), 0u);
  }

  stream_writer& add_writer() {
    writers.emplace_back();
    auto& result = writers.back();
    auto behavior = [&result](runtime::loop_actor*) -> caf::behavior {
      return caf::message_handler{[&result](const net::rejected& x) {
               result.log.push_back(text_of(x));
               result.returned += x.bytes.view();
             }}
          .or_else(note_writing(result.log));
    };
    result.handle = runtime::spawn_on(run.loop(1), behavior);
    pass(1ms);
    return result;
  }

  /// Notes the end of an actor in `ends`.
  void watch_end(const caf::actor& whom) {
    watchers_.push_back(runtime::spawn_on(
        run.loop(1), [this, whom](runtime::loop_actor* x) -> caf::behavior {
          x->monitor(whom);
          x->set_down_handler([this, x](caf::down_msg& down) {
            ends.push_back(x->system().render(down.reason));
          });
          return {[](int) {}};
        }));
    pass(1ms);
  }

  // -- time -------------------------------------------------------------------

  /// Lets `span` of virtual time pass; fails if somebody goes round in circles.
  void pass(runtime::duration span) {
    auto end = world.now() + span;
    world.at(end, [] {});
    ASSERT_TRUE(run.until([&] { return world.now() >= end; }, 200'000))
        << "time does not pass";
    run.during(0ms);
  }

  /// Iterations of the loop while `span` passes.
  std::uint64_t turns_during(runtime::duration span) {
    auto before = run.loop().stats().iterations;
    pass(span);
    return run.loop().stats().iterations - before;
  }

  // -- what was noted ---------------------------------------------------------

  lines noted() { return std::exchange(log, {}); }

  /// The events that begin with `word`.
  lines noted(std::string_view word) {
    lines result;
    for (auto& x : noted())
      if (x.starts_with(word))
        result.push_back(x);
    return result;
  }

  // What a test may change before `serve` or `dial`.
  std::string address = "tcp://127.0.0.1:7000";
  net::stream_options options = small_marks();
  bool handles_half_closed = true;
  bool handles_bad_frame = true;

  lines log;
  lines ends;
  std::string received;
  std::string returned; // to the broker's own behavior
  std::optional<net::closed> how;
  std::deque<stream_writer> writers;
  sim_world world{1, small_buffers()};
  sim_peer peer{world};
  sim_runtime run{world, 2}; // the broker on the first, others on the second
  net::stream_broker* self = nullptr;
  caf::actor broker;
  caf::actor listener;

private:
  std::vector<caf::actor> watchers_;

  caf::behavior behave(net::stream_broker* x, const handlers& extra) {
    self = x;
    broker = caf::actor{x};
    caf::message_handler result;
    if (extra)
      result = extra(x);
    result = result.or_else(caf::message_handler{
        [this](const net::accepted&) { log.push_back("accepted"); },
        [this](const net::connected&) { log.push_back("connected"); },
        [this](const net::received& in) {
          log.push_back("received " + in.bytes.str());
          received += in.bytes.view();
        },
        [this](const net::timed_out& t) { log.push_back(text_of(t)); },
        [this](const net::rejected& r) {
          log.push_back(text_of(r));
          returned += r.bytes.view();
        },
        [this](const net::closed& c) {
          EXPECT_FALSE(how) << "closed twice";
          how = c;
          log.push_back(text_of(c));
        },
        [this, x](caf::ok_atom) { job_(x); }});
    if (handles_half_closed)
      result = result.or_else(caf::message_handler{
          [this](net::half_closed) { log.push_back("half_closed"); }});
    if (handles_bad_frame)
      result = result.or_else(
          caf::message_handler{[this](const net::bad_frame& bad) {
            log.push_back("bad_frame " + net::to_string(bad.reason));
          }});
    return result.or_else(note_writing(log));
  }

  std::function<void(net::stream_broker*)> job_;
};

} // namespace sluice::testing

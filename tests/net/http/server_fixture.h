#pragma once

// What the tests of HTTP servers share: a server on a calm simulated network,
// and clients that the test plays. The fields Date and Server, which are the
// same in all answers, are cut out.
//
//   serve(hello);
//   EXPECT_EQ(ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), ok("hello\n"));
//
// For tests. Thread rule: the test's thread. Lifetime: the test's.

#include "net/http/serve.h"
#include "runtime/error.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_runtime.h"
#include "tests/support/sim_server.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::testing {

using namespace std::chrono_literals;
using lines = std::vector<std::string>;

/// A request without a body.
inline std::string get(std::string_view path, std::string_view fields = {}) {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: a\r\n"
         + std::string{fields} + "\r\n";
}

inline std::string post(std::string_view fields, std::string_view body = {}) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n"
         + std::string{body};
}

/// What `respond(status::ok, "text/plain", body)` sends.
inline std::string ok(std::string_view body, std::string_view fields = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
         + std::to_string(body.size()) + "\r\n" + std::string{fields} + "\r\n"
         + std::string{body};
}

/// The first line of an answer, or of nothing.
inline std::string line_of(std::string_view answer) {
  return std::string{answer.substr(0, answer.find("\r\n"))};
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

class server_fixture : public ::testing::Test {
public:
  server_fixture() { options.server.clear(); }

  template <class F>
  void serve(F what) {
    auto server = net::http::serve(run.loop(), "tcp://127.0.0.1:8080",
                                   std::move(what), options);
    ASSERT_TRUE(server) << runtime::to_text(server.error());
    listener = server->actor;
    dial();
  }

  /// Another client, from now on the one that asks.
  sim_peer& dial() {
    auto& result = peers.emplace_back(world);
    result.connect(at("127.0.0.1", 8080));
    pass(1ms);
    return result;
  }

  sim_peer& peer() { return peers.back(); }

  void pass(runtime::duration span) {
    auto end = world.now() + span;
    world.at(end, [] {});
    ASSERT_TRUE(run.until([&] { return world.now() >= end; }, 200'000))
        << "time does not pass";
    run.during(0ms);
  }

  /// What the client got since the last call.
  std::string answer() {
    auto text = peer().take_received();
    for (auto at = text.find("\r\nDate: "); at != text.npos;
         at = text.find("\r\nDate: "))
      text.erase(at, text.find("\r\n", at + 2) - at);
    return text;
  }

  std::string ask(std::string_view text) {
    peer().send(text);
    pass(10ms);
    return answer();
  }

  /// True if the client has seen the end of the connection, in good order.
  bool ended() { return peer().saw_end() && peer().error() == 0; }

  /// True while neither end has closed it.
  bool open() { return !peer().saw_end() && peer().error() == 0; }

  lines noted() { return std::exchange(log, {}); }

  net::http::server_options options;
  lines log;
  sim_world world{1, sim_settings::calm()};
  std::deque<sim_peer> peers;
  sim_runtime run{world, 2}; // the server on the first, others on the second
  caf::actor listener;
};

} // namespace sluice::testing

// A server without pages: its handshake on the wire, and our client at it.

#include "net/websocket/listen.h"

#include "net/websocket/client_connection.h"
#include "runtime/error.h"
#include "tests/net/websocket/frames.h"
#include "tests/support/sim_peer.h"
#include "tests/support/sim_runtime.h"

#include <caf/send.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;
namespace websocket = net::websocket;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class listen_test : public ::testing::Test {
public:
  void serve() {
    // [server]
    auto echo = [this](websocket::connection* self) -> caf::behavior {
      return {
          [this](const websocket::opened& x) {
            log.push_back("opened " + x.path + " " + x.query + " "
                          + x.subprotocol + " " + x.origin);
          },
          [self](const websocket::message& x) {
            self->send_message(x.kind, x.bytes);
          },
          [this](const net::closed& x) {
            log.push_back("closed " + to_string(x.reason));
          },
      };
    };
    auto server =
        websocket::listen(run.loop(), "tcp://127.0.0.1:7000", echo, options);
    // [/server]
    ASSERT_TRUE(server) << runtime::to_text(server.error());
    listener = server->actor;
  }

  std::string ask(std::string_view text) {
    peer.connect(at("127.0.0.1", 7000));
    peer.send(text);
    pass(10ms);
    return peer.take_received();
  }

  void pass(runtime::duration span) {
    auto end = world.now() + span;
    world.at(end, [] {});
    ASSERT_TRUE(run.until([&] { return world.now() >= end; }, 200'000));
    run.during(0ms);
  }

  static std::string request(std::string_view more = {},
                             std::string_view version = "13") {
    return "GET /live?x=1 HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
           "Sec-WebSocket-Version: "
           + std::string{version} + "\r\n" + std::string{more} + "\r\n";
  }

  websocket::options options;
  lines log;
  sim_world world{1, sim_settings::calm()};
  sim_peer peer{world};
  sim_runtime run{world, 1};
  caf::actor listener;
};

TEST_F(listen_test, a_request_becomes_a_websocket) {
  options.handshake.subprotocols = {"chat"};
  serve();
  auto text = ask(request("Origin: http://here\r\n"
                          "Sec-WebSocket-Protocol: chat\r\n")
                  + wire_frame{1, "early"}.bytes());
  auto end = text.find("\r\n\r\n") + 4;
  EXPECT_EQ(text.substr(0, end),
            "HTTP/1.1 101 Switching Protocols\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "Sec-WebSocket-Protocol: chat\r\n\r\n");
  websocket::session client{client_options()};
  EXPECT_EQ(events(client, text.substr(end)), lines{"text early"});
  EXPECT_EQ(log, lines{"opened /live x=1 chat http://here"});
}

TEST_F(listen_test, a_request_may_come_byte_by_byte) {
  serve();
  peer.connect(at("127.0.0.1", 7000));
  for (auto x : request()) {
    peer.send({&x, 1});
    pass(1ms);
  }
  EXPECT_THAT(peer.received(), StartsWith("HTTP/1.1 101 "));
}

TEST_F(listen_test, a_browser_of_another_page_is_refused) {
  serve();
  auto text = ask(request("Origin: http://evil\r\n"));
  EXPECT_THAT(text, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nDate: "));
  EXPECT_THAT(text, HasSubstr("Pages of this origin may not connect here."));
  pass(11s);
  EXPECT_TRUE(peer.saw_end()) << "who does not try again has to leave";
  EXPECT_EQ(log, lines{});
}

TEST_F(listen_test, an_old_version_is_told_of_the_right_one) {
  serve();
  auto text = ask(request({}, "8"));
  EXPECT_THAT(text, StartsWith("HTTP/1.1 426 Upgrade Required\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nSec-WebSocket-Version: 13\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nConnection: Upgrade\r\n"));
}

TEST_F(listen_test, a_plain_request_is_told_to_upgrade) {
  serve();
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: here\r\n\r\n"),
              StartsWith("HTTP/1.1 426 "));
}

TEST_F(listen_test, a_request_with_a_body_is_refused) {
  serve();
  EXPECT_THAT(ask(request("Content-Length: 5\r\n") + "hello"),
              StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST_F(listen_test, what_is_no_http_is_refused) {
  serve();
  EXPECT_THAT(ask("hello\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(listen_test, a_head_without_an_end_is_refused) {
  serve();
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nX: " + std::string(9'000, 'x')),
              StartsWith("HTTP/1.1 431 "));
}

TEST_F(listen_test, who_says_nothing_is_sent_away) {
  serve();
  peer.connect(at("127.0.0.1", 7000));
  pass(9s);
  EXPECT_FALSE(peer.saw_end());
  pass(2s);
  EXPECT_TRUE(peer.saw_end());
}

TEST_F(listen_test, our_client_and_our_server_understand_each_other) {
  serve();
  lines heard;
  std::string large(200'000, 'x');
  // [client]
  auto talk = [&](websocket::client_connection* self) -> caf::behavior {
    return {
        [=](const websocket::opened&) {
          self->send_text("one");
          self->send_binary(runtime::byte_slice::copy(large));
        },
        [&, self](const websocket::message& x) {
          heard.push_back(x.bytes.str());
          if (heard.size() == 2)
            self->close(websocket::close_code::normal, "enough");
        },
        [&](const websocket::ended& x) {
          heard.push_back(x.clean ? "clean" : "not clean");
        },
        [&](const net::closed& x) {
          heard.push_back("closed " + to_string(x.reason));
        },
    };
  };
  auto client =
      websocket::connect(run.loop(), "ws://127.0.0.1:7000/echo", talk);
  // [/client]
  ASSERT_TRUE(client) << runtime::to_text(client.error());
  pass(1s);
  EXPECT_EQ(heard, (lines{"one", large, "clean", "closed closed"}));
  EXPECT_EQ(log, (lines{"opened /echo   ", "closed peer_closed"}));
}

TEST_F(listen_test, settings_that_cannot_be_are_named) {
  auto behave = [](websocket::connection*) -> caf::behavior { return {}; };
  options.message_bytes_max = 0;
  auto result =
      websocket::listen(run.loop(), "tcp://127.0.0.1:7000", behave, options);
  ASSERT_FALSE(result);
  EXPECT_THAT(runtime::to_text(result.error()),
              HasSubstr("message_bytes_max is 0"));
}

} // namespace
} // namespace sluice::testing

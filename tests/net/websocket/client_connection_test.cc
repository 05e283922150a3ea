// The client's end of a WebSocket: its handshake, and that it masks.

#include "net/websocket/client_connection.h"

#include "net/websocket/handshake.h"
#include "runtime/error.h"
#include "tests/net/websocket/frames.h"
#include "tests/support/sim_runtime.h"
#include "tests/support/sim_server.h"

#include <caf/send.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;
namespace websocket = net::websocket;
using runtime::byte_slice;
using ::testing::HasSubstr;
using websocket::message_kind;
using websocket::shared_message;

class client_connection_test : public ::testing::Test {
public:
  void dial(std::string_view url = "ws://127.0.0.1:8080/live?x=1") {
    auto result = websocket::connect(
        run.loop(), url,
        [this](websocket::client_connection* x) { return behavior(x); },
        options);
    ASSERT_TRUE(result) << run.system().render(result.error());
    handle = *result;
    pass(1ms);
  }

  std::string refusal(std::string_view url) {
    auto result = websocket::connect(
        run.loop(), url,
        [this](websocket::client_connection* x) { return behavior(x); },
        options);
    EXPECT_FALSE(result);
    return result ? "none" : runtime::to_text(result.error());
  }

  /// The head of the request that the server got.
  std::string request() { return server.last().take_received(); }

  /// The answer that opens the WebSocket.
  static std::string answer_to(const std::string& request) {
    constexpr std::string_view name = "Sec-WebSocket-Key: ";
    auto at = request.find(name) + name.size();
    auto key = request.substr(at, request.find("\r\n", at) - at);
    return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
           "Connection: Upgrade\r\nSec-WebSocket-Accept: "
           + websocket::accept_of(key) + "\r\n\r\n";
  }

  void open() {
    dial();
    server.last().send(answer_to(request()));
    pass(1ms);
  }

  void answer(std::string_view text) {
    server.last().send(text);
    pass(1ms);
  }

  void in_client(std::function<void(websocket::client_connection*)> f) {
    job_ = std::move(f);
    caf::anon_send(handle, caf::ok_atom::value);
    pass(1ms);
  }

  void pass(runtime::duration span) {
    auto end = world.now() + span;
    world.at(end, [] {});
    ASSERT_TRUE(run.until([&] { return world.now() >= end; }, 200'000));
    run.during(0ms);
  }

  lines noted() { return std::exchange(log, {}); }

  static std::string unmasked(unsigned code, std::string payload) {
    auto x = wire_frame{code, std::move(payload)};
    x.masked = false;
    return x.bytes();
  }

  websocket::client_options options;
  lines log;
  std::string returned;
  sim_world world{1, sim_settings::calm()};
  sim_server server{world, at("127.0.0.1", 8080)};
  sim_runtime run{world, 1};
  caf::actor handle;
  websocket::session reader; // what the server makes of our frames

private:
  caf::behavior behavior(websocket::client_connection* x) {
    return {
        [this](const websocket::opened& y) {
          log.push_back("opened " + y.path + " " + y.query + " "
                        + y.subprotocol);
        },
        [this](const websocket::message& y) {
          log.push_back("message " + y.bytes.str());
        },
        [this](const net::rejected& y) {
          log.push_back("rejected " + to_string(y.reason));
          returned += y.bytes.view();
        },
        [this](const websocket::ended& y) {
          log.push_back("ended " + websocket::to_string(y.code));
        },
        [this](const net::timed_out& y) {
          log.push_back("timed_out " + to_string(y.which));
        },
        [this](const net::closed& y) {
          log.push_back("closed " + to_string(y.reason) + " "
                        + runtime::to_text(y.error));
        },
        [this, x](caf::ok_atom) { job_(x); },
    };
  }

  std::function<void(websocket::client_connection*)> job_;
};

TEST_F(client_connection_test, asks_as_the_rfc_says) {
  options.subprotocols = {"chat", "superchat"};
  options.fields = {{"Origin", "http://here"}};
  dial();
  auto text = request();
  EXPECT_TRUE(text.starts_with("GET /live?x=1 HTTP/1.1\r\n"
                               "Host: 127.0.0.1:8080\r\n"
                               "Upgrade: websocket\r\n"
                               "Connection: Upgrade\r\n"
                               "Sec-WebSocket-Key: "))
      << text;
  EXPECT_TRUE(text.ends_with("Sec-WebSocket-Version: 13\r\n"
                             "Sec-WebSocket-Protocol: chat, superchat\r\n"
                             "Origin: http://here\r\n\r\n"))
      << text;
}

TEST_F(client_connection_test, opens_and_reads_what_follows_the_answer) {
  dial();
  auto text = answer_to(request()) + unmasked(1, "hello") + unmasked(1, "two");
  answer(text);
  EXPECT_EQ(noted(),
            (lines{"opened /live x=1 ", "message hello", "message two"}));
}

TEST_F(client_connection_test, an_answer_may_come_byte_by_byte) {
  dial();
  auto text = answer_to(request()) + unmasked(2, std::string(300, 'x'));
  for (auto x : text)
    answer(std::string(1, x));
  EXPECT_EQ(noted(),
            (lines{"opened /live x=1 ", "message " + std::string(300, 'x')}));
}

TEST_F(client_connection_test, a_subprotocol_is_told) {
  options.subprotocols = {"chat"};
  dial();
  auto text = answer_to(request());
  text.insert(text.size() - 2, "Sec-WebSocket-Protocol: chat\r\n");
  answer(text);
  EXPECT_EQ(noted(), lines{"opened /live x=1 chat"});
}

TEST_F(client_connection_test, what_it_sends_is_masked) {
  open();
  in_client([](auto* x) {
    EXPECT_TRUE(x->send_text("one"));
    EXPECT_TRUE(x->send_message(shared_message::binary("two")));
    EXPECT_TRUE(x->begin_message(message_kind::text, byte_slice::copy("th")));
    EXPECT_TRUE(x->end_message(byte_slice::copy("ree")));
  });
  caf::anon_send(handle, net::write_frame{byte_slice::copy("four"), 0});
  caf::anon_send(handle, websocket::send{shared_message::text("five"), 0});
  caf::anon_send(handle, net::write{shared_message::text("six").frame(), 0});
  pass(1ms);
  EXPECT_EQ(events(reader, request()),
            (lines{"text one", "binary two", "text three", "text four",
                   "text five", "text six"}));
}

TEST_F(client_connection_test, nothing_is_sent_before_it_is_open) {
  dial();
  in_client([](auto* x) { EXPECT_FALSE(x->send_text("early")); });
  EXPECT_EQ(noted(), lines{"rejected overflow"});
  EXPECT_EQ(returned, "early");
  EXPECT_TRUE(request().ends_with("\r\n\r\n"));
}

TEST_F(client_connection_test, says_goodbye_and_ends) {
  open();
  noted();
  in_client([](auto* x) { x->close(); });
  EXPECT_EQ(events(reader, request()), lines{"close 1000 "});
  answer(unmasked(8, close_payload(1000)));
  server.last().close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"ended 1000 normal", "closed closed none"}));
}

TEST_F(client_connection_test, an_end_inside_of_a_header_is_told) {
  open();
  noted();
  answer(unmasked(1, "hello").substr(0, 1));
  server.last().half_close();
  pass(1ms);
  EXPECT_EQ(noted(), (lines{"ended 1006 abnormal", "closed peer_closed none"}));
}

// -- servers that do not want -------------------------------------------------

TEST_F(client_connection_test, a_refusal_names_the_status) {
  dial();
  answer("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(noted(), lines{"closed connect_failed websocket "
                           "ws://127.0.0.1:8080/live?x=1: the server answers "
                           "with status 403"});
}

TEST_F(client_connection_test, a_wrong_key_is_refused) {
  dial();
  answer(answer_to("Sec-WebSocket-Key: another\r\n"));
  EXPECT_THAT(noted().at(0), HasSubstr("does not belong to our key"));
}

TEST_F(client_connection_test, what_is_no_http_is_refused) {
  dial();
  answer("hello\r\n\r\n");
  EXPECT_THAT(noted().at(0), HasSubstr("the answer is not HTTP"));
}

TEST_F(client_connection_test, a_head_without_an_end_is_refused) {
  dial();
  answer("HTTP/1.1 101 Switching Protocols\r\nX: " + std::string(9'000, 'x'));
  EXPECT_THAT(noted().at(0), HasSubstr("more than 8 KiB"));
}

TEST_F(client_connection_test, an_end_in_the_place_of_an_answer_is_an_error) {
  dial();
  server.last().close();
  pass(1ms);
  EXPECT_THAT(noted().at(0), HasSubstr("closed"));
  dial();
  server.last().send("HTTP/1.1 101 Sw");
  server.last().half_close();
  pass(1ms);
  EXPECT_THAT(noted().at(0), HasSubstr("closed connect_failed"));
}

TEST_F(client_connection_test, a_server_that_is_silent_is_given_up) {
  dial();
  pass(21s);
  auto all = noted();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0], "timed_out handshake");
  EXPECT_THAT(all[1], HasSubstr("closed handshake_timeout"));
}

TEST_F(client_connection_test, nobody_there_is_an_error) {
  dial("ws://127.0.0.1:8081/");
  EXPECT_THAT(noted().at(0), HasSubstr("closed connect_failed connect"));
}

// -- URLs ---------------------------------------------------------------------

TEST_F(client_connection_test, urls_that_cannot_be_are_named) {
  EXPECT_THAT(refusal("http://a/"), HasSubstr("begins with ws://"));
  EXPECT_THAT(refusal("wss://a/"), HasSubstr("TLS is not supported"));
  EXPECT_THAT(refusal("ws:///x"), HasSubstr("no host"));
  EXPECT_THAT(refusal("ws://me@a/"), HasSubstr("user name"));
  EXPECT_THAT(refusal("ws://a/x y"), HasSubstr("space"));
  EXPECT_THAT(refusal("ws://a/x\r\nEvil: 1"), HasSubstr("control character"));
  EXPECT_THAT(refusal("ws://a:99999/"), HasSubstr("port"));
}

TEST_F(client_connection_test, header_lines_that_would_be_others_are_refused) {
  options.fields = {{"X", "1\r\nEvil: 2"}};
  EXPECT_THAT(refusal("ws://a/"), HasSubstr("header line \"X\""));
  options.fields = {};
  options.subprotocols = {"a, b"};
  EXPECT_THAT(refusal("ws://a/"), HasSubstr("subprotocol \"a, b\""));
}

TEST_F(client_connection_test, a_url_without_a_path_asks_for_the_root) {
  dial("ws://127.0.0.1:8080?q");
  EXPECT_TRUE(request().starts_with("GET /?q HTTP/1.1\r\n"));
}

} // namespace
} // namespace sluice::testing

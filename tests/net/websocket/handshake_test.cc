// How an HTTP request becomes a WebSocket (RFC 6455, 4).

#include "net/websocket/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>

namespace sluice::net::websocket {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

field_lookup lookup(const header_lines& lines) {
  return
      [lines = std::make_shared<header_lines>(lines)](std::string_view name) {
        std::vector<std::string_view> result;
        for (auto& [key, value] : *lines)
          if (std::equal(key.begin(), key.end(), name.begin(), name.end(),
                         [](unsigned char a, unsigned char b) {
                           return std::tolower(a) == std::tolower(b);
                         }))
            result.push_back(value);
        return result;
      };
}

class handshake_test : public ::testing::Test {
public:
  // The request of RFC 6455, 1.2.
  header_lines request{
      {"Host", "server.example.com"},
      {"Upgrade", "websocket"},
      {"Connection", "Upgrade"},
      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
      {"Origin", "http://server.example.com"},
      {"Sec-WebSocket-Protocol", "chat, superchat"},
      {"Sec-WebSocket-Version", "13"},
  };
  handshake_options options;

  void set(const std::string& name, const std::string& value) {
    remove(name);
    request.emplace_back(name, value);
  }

  void remove(const std::string& name) {
    std::erase_if(request, [&](auto& x) { return x.first == name; });
  }

  handshake_result check(std::string_view method = "GET", int minor = 1) {
    return check_request(method, minor, lookup(request), options);
  }

  handshake_accepted accepted() {
    auto result = check();
    if (auto no = std::get_if<handshake_refused>(&result)) {
      ADD_FAILURE() << no->status << ' ' << no->text;
      return {};
    }
    return std::get<handshake_accepted>(result);
  }

  handshake_refused refused(std::string_view method = "GET", int minor = 1) {
    auto result = check(method, minor);
    if (std::holds_alternative<handshake_accepted>(result)) {
      ADD_FAILURE() << "accepted";
      return {0, {}, {}};
    }
    return std::get<handshake_refused>(result);
  }
};

TEST_F(handshake_test, the_request_of_the_rfc_gets_its_answer) {
  auto answer = accepted();
  EXPECT_THAT(answer.fields, Contains(Pair("Sec-WebSocket-Accept",
                                           "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
  EXPECT_THAT(answer.fields, Contains(Pair("Upgrade", "websocket")));
  EXPECT_THAT(answer.fields, Contains(Pair("Connection", "Upgrade")));
  EXPECT_EQ(answer.subprotocol, "");
  EXPECT_EQ(answer.fields.size(), 3u);
}

TEST_F(handshake_test, words_are_compared_without_case_and_in_lists) {
  set("Upgrade", "h2c, WebSocket");
  set("Connection", "keep-alive, UPGRADE");
  accepted();
}

TEST_F(handshake_test, the_best_of_our_subprotocols_is_chosen) {
  options.subprotocols = {"other", "superchat", "chat"};
  auto answer = accepted();
  EXPECT_EQ(answer.subprotocol, "superchat");
  EXPECT_THAT(answer.fields,
              Contains(Pair("Sec-WebSocket-Protocol", "superchat")));
}

TEST_F(handshake_test, offers_may_stand_in_several_lines) {
  options.subprotocols = {"third"};
  request.emplace_back("Sec-WebSocket-Protocol", "third");
  EXPECT_EQ(accepted().subprotocol, "third");
}

TEST_F(handshake_test, no_common_subprotocol_is_none) {
  options.subprotocols = {"other"};
  EXPECT_EQ(accepted().subprotocol, "");
}

TEST_F(handshake_test, extensions_are_declined) {
  set("Sec-WebSocket-Extensions", "permessage-deflate");
  EXPECT_THAT(accepted().fields,
              Not(Contains(Pair("Sec-WebSocket-Extensions", ::testing::_))));
}

TEST_F(handshake_test, a_plain_request_is_told_to_upgrade) {
  remove("Upgrade");
  auto answer = refused();
  EXPECT_EQ(answer.status, 426);
  EXPECT_THAT(answer.fields, Contains(Pair("Upgrade", "websocket")));
  EXPECT_THAT(answer.text, HasSubstr("Upgrade"));
}

TEST_F(handshake_test, other_methods_are_refused) {
  auto answer = refused("POST");
  EXPECT_EQ(answer.status, 405);
  EXPECT_THAT(answer.fields, Contains(Pair("Allow", "GET")));
}

TEST_F(handshake_test, http_1_0_is_refused) {
  EXPECT_EQ(refused("GET", 0).status, 400);
}

TEST_F(handshake_test, connection_has_to_say_upgrade) {
  set("Connection", "keep-alive");
  EXPECT_EQ(refused().status, 400);
  remove("Connection");
  EXPECT_EQ(refused().status, 400);
}

TEST_F(handshake_test, other_versions_are_told_of_13) {
  for (auto version : {"8", "12", "14", "013", "13, 8", ""}) {
    set("Sec-WebSocket-Version", version);
    auto answer = refused();
    EXPECT_EQ(answer.status, 426) << version;
    EXPECT_THAT(answer.fields, Contains(Pair("Sec-WebSocket-Version", "13")));
  }
  remove("Sec-WebSocket-Version");
  EXPECT_EQ(refused().status, 426);
}

TEST_F(handshake_test, a_key_is_16_bytes_in_base64) {
  for (auto key : {"", "short", "dGhlIHNhbXBsZSBub25jZQ=", "????",
                   "dGhlIHNhbXBsZSBub25jZSE=", "dGhlIHNhbXBs*SBub25jZQ==",
                   "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ=="}) {
    set("Sec-WebSocket-Key", key);
    EXPECT_EQ(refused().status, 400) << key;
  }
  remove("Sec-WebSocket-Key");
  EXPECT_EQ(refused().status, 400);
}

TEST_F(handshake_test, a_key_may_come_only_once) {
  request.emplace_back("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(refused().status, 400);
}

TEST_F(handshake_test, host_has_to_be_there_once) {
  request.emplace_back("Host", "other");
  EXPECT_EQ(refused().status, 400);
  remove("Host");
  EXPECT_EQ(refused().status, 400);
}

// -- origins ------------------------------------------------------------------

TEST_F(handshake_test, a_page_of_somebody_else_may_not_connect) {
  set("Origin", "http://evil.example");
  EXPECT_EQ(refused().status, 403);
  set("Origin", "null");
  EXPECT_EQ(refused().status, 403);
}

TEST_F(handshake_test, programs_without_an_origin_may_connect) {
  remove("Origin");
  accepted();
}

TEST_F(handshake_test, a_server_may_decide_about_origins_itself) {
  std::string asked;
  options.allow_origin = [&](std::string_view origin, std::string_view host) {
    asked = std::string{origin} + " at " + std::string{host};
    return true;
  };
  set("Origin", "http://friend.example");
  accepted();
  EXPECT_EQ(asked, "http://friend.example at server.example.com");
}

TEST(same_origin_test, compares_host_and_port) {
  EXPECT_TRUE(same_origin("http://a.example", "a.example"));
  EXPECT_TRUE(same_origin("http://a.example", "A.example:80"));
  EXPECT_TRUE(same_origin("https://a.example", "a.example:443"));
  EXPECT_TRUE(same_origin("http://127.0.0.1:8080", "127.0.0.1:8080"));
  EXPECT_TRUE(same_origin("http://[::1]:8080", "[::1]:8080"));
  EXPECT_TRUE(same_origin("http://[::1]", "[::1]"));
  EXPECT_FALSE(same_origin("http://a.example:8080", "a.example"));
  EXPECT_FALSE(same_origin("http://a.example", "b.example"));
  EXPECT_FALSE(same_origin("http://a.example.evil", "a.example"));
  EXPECT_FALSE(same_origin("http://", ""));
  EXPECT_FALSE(same_origin("", ""));
}

// -- the client's side --------------------------------------------------------

class response_test : public ::testing::Test {
public:
  std::string key = make_key();
  header_lines response{{"Upgrade", "websocket"},
                        {"Connection", "Upgrade"},
                        {"Sec-WebSocket-Accept", accept_of(key)}};
  std::string subprotocol;

  std::string check(int status = 101) {
    return check_response(status, lookup(response), key, {"chat"}, subprotocol);
  }
};

TEST_F(response_test, what_our_server_answers_is_right) {
  auto request = request_fields(key, {"chat"});
  request.emplace_back("Host", "here");
  auto answer = check_request("GET", 1, lookup(request), {{"chat"}, {}});
  ASSERT_TRUE(std::holds_alternative<handshake_accepted>(answer));
  response = std::get<handshake_accepted>(answer).fields;
  EXPECT_EQ(check(), "");
  EXPECT_EQ(subprotocol, "chat");
}

TEST_F(response_test, keys_differ) {
  EXPECT_NE(key, make_key());
  EXPECT_EQ(key.size(), 24u);
}

TEST_F(response_test, what_is_wrong_is_named) {
  EXPECT_THAT(check(403), HasSubstr("status 403"));
  response[0].second = "h2c";
  EXPECT_THAT(check(), HasSubstr("Upgrade: websocket"));
  response[0].second = "websocket";
  response[1].second = "close";
  EXPECT_THAT(check(), HasSubstr("Connection: Upgrade"));
  response[1].second = "Upgrade";
  response[2].second = accept_of("another key");
  EXPECT_THAT(check(), HasSubstr("Sec-WebSocket-Accept"));
  response[2].second = accept_of(key);
  response.emplace_back("Sec-WebSocket-Protocol", "other");
  EXPECT_THAT(check(), HasSubstr("subprotocol"));
  response[3] = {"Sec-WebSocket-Extensions", "permessage-deflate"};
  EXPECT_THAT(check(), HasSubstr("extension"));
  response.pop_back();
  EXPECT_EQ(check(), "");
}

} // namespace
} // namespace sluice::net::websocket

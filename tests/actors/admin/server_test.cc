#include "actors/admin/server.h"

#include "actors/admin/client.h"
#include "net/config.h"
#include "runtime/error.h"
#include "runtime/limits.h"
#include "runtime/loop_group.h"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <thread>

namespace sluice::actors::admin {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

struct outcome_of_ask {
  outcome how;
  std::string why;
  json answer;
};

/// A plain client, which sends what it likes.
class plain_client {
public:
  explicit plain_client(const std::string& path)
      : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    EXPECT_EQ(
        ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
        0);
    timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  }
  plain_client(const plain_client&) = delete;
  plain_client& operator=(const plain_client&) = delete;
  ~plain_client() { ::close(fd_); }

  void send(const std::string& text) {
    ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
  }

  void end() { ::shutdown(fd_, SHUT_WR); }

  /// The next line; empty if the connection has ended.
  std::string line() {
    for (;;) {
      if (auto end = buffer_.find('\n'); end != std::string::npos) {
        auto result = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return result;
      }
      char room[4096];
      auto n = ::recv(fd_, room, sizeof(room), 0);
      EXPECT_GE(n, 0) << "nothing comes";
      if (n <= 0)
        return {};
      buffer_.append(room, static_cast<std::size_t>(n));
    }
  }

private:
  int fd_;
  std::string buffer_;
};

class server_test : public ::testing::Test {
protected:
  server_test() {
    char pattern[] = "/tmp/sluice-admin-XXXXXX";
    folder_ = ::mkdtemp(pattern);
    path = folder_ + "/a.sock";
    where = "unix://" + path;
  }

  ~server_test() override {
    loops.stop();
    std::filesystem::remove_all(folder_);
  }

  void start(verb_table verbs = {}, server_options options = {}) {
    auto started = serve(loop, where, std::move(verbs), std::move(options));
    ASSERT_TRUE(started) << runtime::to_text(started.error());
  }

  outcome_of_ask ask_now(const json& request,
                         runtime::duration deadline = 20s) {
    std::promise<outcome_of_ask> result;
    auto err =
        ask(loop, where, request, deadline,
            [&](outcome how, const caf::error& why, const json& x) {
              result.set_value({how, why ? runtime::to_text(why) : "", x});
            });
    EXPECT_FALSE(err);
    return result.get_future().get();
  }

  json answer_to(const json& request) { return ask_now(request).answer; }

  net::config cfg;
  caf::actor_system sys{cfg};
  runtime::loop_group loops{sys, {.loops = 2}};
  runtime::event_loop& loop = loops.at(0);
  std::string folder_;
  std::string path;
  std::string where;
};

TEST_F(server_test, handler_answers_at_once) {
  start({{"add", [](const json& x, const reply& done) {
            done.ok({{"sum", x.at("a").get<int>() + x.at("b").get<int>()}});
          }}});
  EXPECT_EQ(answer_to({{"do", "add"}, {"a", 2}, {"b", 3}}),
            (json{{"ok", true}, {"sum", 5}}));
}

TEST_F(server_test, handler_answers_later_from_another_thread) {
  std::thread other;
  start({{"wait", [&](const json&, const reply& done) {
            other = std::thread{[done] { done.ok(); }};
          }}});
  EXPECT_EQ(answer_to({{"do", "wait"}}), (json{{"ok", true}}));
  other.join();
}

TEST_F(server_test, failure_says_why) {
  start({{"cut", [](const json&, const reply& done) {
            done.fail("there is no node 'n9'");
          }}});
  auto x = ask_now({{"do", "cut"}});
  EXPECT_EQ(x.how, outcome::answered);
  EXPECT_EQ(x.answer,
            (json{{"ok", false}, {"error", "there is no node 'n9'"}}));
}

TEST_F(server_test, first_answer_counts) {
  start({{"twice", [](const json&, const reply& done) {
            done.ok({{"n", 1}});
            done.fail("again");
          }}});
  plain_client client{path};
  client.send("{\"do\":\"twice\"}\n{\"do\":\"verbs\"}\n");
  EXPECT_EQ(client.line(), R"({"n":1,"ok":true})");
  EXPECT_TRUE(json::parse(client.line()).contains("verbs"));
}

TEST_F(server_test, reply_that_is_dropped_is_an_answer) {
  start({{"forget", [](const json&, const reply&) {}}});
  EXPECT_EQ(answer_to({{"do", "forget"}})["error"],
            "the request was dropped without an answer");
}

TEST_F(server_test, missing_field_is_named) {
  start({{"cut", [](const json& x, const reply& done) {
            x.at("peer").get<std::string>();
            done.ok();
          }}});
  EXPECT_EQ(answer_to({{"do", "cut"}})["error"], "key 'peer' not found");
  EXPECT_EQ(answer_to({{"do", "cut"}, {"peer", 7}})["ok"], false);
  EXPECT_EQ(answer_to({{"do", "cut"}, {"peer", "n2"}})["ok"], true);
}

TEST_F(server_test, unknown_verb_names_those_there_are) {
  start({{"leave", [](const json&, const reply& done) { done.ok(); }}});
  EXPECT_EQ(answer_to({{"do", "dance"}})["error"],
            "there is no verb 'dance'; there are leave, loops, pressure, "
            "verbs");
}

TEST_F(server_test, verbs_of_every_process_answer) {
  start();
  EXPECT_EQ(answer_to({{"do", "verbs"}})["verbs"],
            (json{"loops", "pressure", "verbs"}));
  EXPECT_EQ(answer_to({{"do", "pressure"}}), (json{{"ok", true},
                                                   {"edges", json::array()},
                                                   {"cycles", json::array()}}));
}

TEST_F(server_test, own_verb_takes_the_place_of_a_builtin_one) {
  start({{"pressure", [](const json&, const reply& done) {
            done.ok({{"mine", 1}});
          }}});
  EXPECT_EQ(answer_to({{"do", "pressure"}})["mine"], 1);
}

TEST_F(server_test, loops_tell_their_figures) {
  start({}, {.loops = {&loops.at(0), &loops.at(1)}});
  auto rows = answer_to({{"do", "loops"}})["loops"];
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0]["name"], "loop-0");
  EXPECT_EQ(rows[1]["name"], "loop-1");
  EXPECT_GE(rows[0]["actors"], 2); // the listener and this connection
  EXPECT_EQ(rows[1]["actors"], 0);
  EXPECT_GT(rows[0]["iterations"], 0);
}

TEST_F(server_test, bad_request_costs_nothing_but_its_line) {
  start();
  plain_client client{path};
  client.send("hello\n[]\n{\"do\":1}\n\n{\"do\":\"verbs\"}\r\n");
  for (auto part : {"this is no JSON: ", "this is no JSON object",
                    "a request says what to do", "this is no JSON: "}) {
    auto x = json::parse(client.line());
    EXPECT_EQ(x["ok"], false);
    EXPECT_EQ(x["error"].get<std::string>().find(part), 0u) << x;
  }
  EXPECT_EQ(json::parse(client.line())["ok"], true);
}

TEST_F(server_test, answers_come_in_the_order_of_the_requests) {
  std::optional<reply> first;
  std::promise<void> asked;
  start({{"later",
          [&](const json&, const reply& done) {
            first = done;
            asked.set_value();
          }},
         {"now", [](const json&, const reply& done) {
            done.ok({{"n", 2}});
          }}});
  plain_client client{path};
  client.send("{\"do\":\"later\"}\n{\"do\":\"now\"}\n");
  asked.get_future().wait();
  first->ok({{"n", 1}});
  first.reset();
  EXPECT_EQ(client.line(), R"({"n":1,"ok":true})");
  EXPECT_EQ(client.line(), R"({"n":2,"ok":true})");
}

TEST_F(server_test, request_that_is_too_long_ends_its_connection) {
  start();
  plain_client client{path};
  client.send(std::string(runtime::limits::admin_request_bytes_max + 1, ' '));
  EXPECT_EQ(json::parse(client.line())["error"],
            "a request has at most 65536 bytes");
  EXPECT_EQ(client.line(), "");
  EXPECT_EQ(answer_to({{"do", "verbs"}})["ok"], true);
}

TEST_F(server_test, request_without_an_end_is_told_so) {
  start();
  plain_client client{path};
  client.send("{\"do\":\"verbs\"}");
  client.end();
  EXPECT_EQ(json::parse(client.line())["error"],
            "the request ends without a line feed");
  EXPECT_EQ(client.line(), "");
}

TEST_F(server_test, client_that_sends_no_more_gets_its_answers) {
  start();
  plain_client client{path};
  client.send("{\"do\":\"verbs\"}\n{\"do\":\"pressure\"}\n");
  client.end();
  EXPECT_TRUE(json::parse(client.line()).contains("verbs"));
  EXPECT_TRUE(json::parse(client.line()).contains("edges"));
  EXPECT_EQ(client.line(), "");
}

TEST_F(server_test, answer_that_is_too_long_becomes_a_failure) {
  start({{"dump", [](const json& x, const reply& done) {
            done.ok({{"text", std::string(x.at("size"), 'x')}});
          }}});
  auto fits = answer_to({{"do", "dump"}, {"size", 1'000'000}});
  EXPECT_EQ(fits["text"].get<std::string>().size(), 1'000'000u);
  auto x = answer_to({{"do", "dump"}, {"size", 2'000'000}});
  EXPECT_EQ(x["error"], "the answer has 2000022 bytes, and may have 1048576");
}

TEST_F(server_test, one_connection_too_many_is_told_so) {
  start({}, {.connections_max = 2});
  plain_client a{path};
  plain_client b{path};
  a.send("{\"do\":\"verbs\"}\n");
  b.send("{\"do\":\"verbs\"}\n");
  a.line();
  b.line();
  plain_client c{path};
  EXPECT_EQ(json::parse(c.line())["error"], "there are 2 connections already");
  EXPECT_EQ(c.line(), "");
  a.send("{\"do\":\"verbs\"}\n");
  EXPECT_EQ(json::parse(a.line())["ok"], true);
}

TEST_F(server_test, place_of_a_connection_that_ended_is_free_again) {
  start({}, {.connections_max = 1});
  for (int i = 0; i < 20; ++i) {
    plain_client client{path};
    client.send("{\"do\":\"verbs\"}\n");
    EXPECT_EQ(json::parse(client.line())["ok"], true);
    client.end();
    EXPECT_EQ(client.line(), "");
  }
}

TEST_F(server_test, connection_without_a_request_is_closed) {
  start({}, {.idle = 50ms});
  plain_client client{path};
  EXPECT_EQ(client.line(), "");
}

TEST_F(server_test, request_under_way_is_not_idle) {
  std::optional<reply> waiting;
  std::promise<void> asked;
  start({{"later",
          [&](const json&, const reply& done) {
            waiting = done;
            asked.set_value();
          }}},
        {.idle = 20ms});
  plain_client client{path};
  client.send("{\"do\":\"later\"}\n");
  asked.get_future().wait();
  plain_client other{path};
  EXPECT_EQ(other.line(), ""); // that long it takes, and longer
  plain_client another{path};
  EXPECT_EQ(another.line(), "");
  waiting->ok();
  waiting.reset();
  EXPECT_EQ(client.line(), R"({"ok":true})");
}

TEST_F(server_test, endpoint_that_cannot_be_is_an_error) {
  auto x = serve(loop, "http://x", {});
  ASSERT_FALSE(x);
  EXPECT_NE(runtime::to_text(x.error()).find("http://x"), std::string::npos);
}

// -- client -------------------------------------------------------------------

using client_test = server_test;

TEST_F(client_test, nobody_listens) {
  auto x = ask_now({{"do", "verbs"}});
  EXPECT_EQ(x.how, outcome::unreachable);
  EXPECT_NE(x.why.find(where), std::string::npos) << x.why;
  EXPECT_NE(x.why.find("ENOENT"), std::string::npos) << x.why;
}

TEST_F(client_test, nobody_answers_in_time) {
  std::optional<reply> waiting;
  start({{"later", [&](const json&, const reply& done) { waiting = done; }}});
  auto x = ask_now({{"do", "later"}}, 30ms);
  EXPECT_EQ(x.how, outcome::late);
  EXPECT_EQ(x.why, where + ": no answer within 30 ms");
  waiting.reset();
}

/// A listener that answers with `text`, whatever comes, and ends the
/// connection.
class client_of_strangers_test : public server_test {
protected:
  outcome_of_ask ask_stranger(const std::string& text) {
    auto started = net::listen(loop, where, [text](net::stream_broker* self) {
      return caf::behavior{[=](const net::received&) {
        self->write(text);
        self->close();
      }};
    });
    EXPECT_TRUE(started);
    return ask_now({{"do", "verbs"}});
  }
};

TEST_F(client_of_strangers_test, connection_that_ends_is_no_answer) {
  auto x = ask_stranger("");
  EXPECT_EQ(x.how, outcome::unreachable);
  EXPECT_EQ(x.why, where + ": the connection ended without an answer");
}

TEST_F(client_of_strangers_test, line_that_is_no_json_is_no_answer) {
  auto x = ask_stranger("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_EQ(x.how, outcome::unreachable);
  EXPECT_EQ(x.why.find(where + ": not an answer: this is no JSON"), 0u)
      << x.why;
}

TEST_F(client_of_strangers_test, object_without_ok_is_no_answer) {
  auto x = ask_stranger("{}\n");
  EXPECT_EQ(x.why, where + ": not an answer: it does not say \"ok\"");
}

TEST_F(client_of_strangers_test, line_that_is_cut_is_no_answer) {
  EXPECT_EQ(ask_stranger("{\"ok\":true").how, outcome::unreachable);
}

TEST_F(client_test, loop_that_stops_ends_the_question) {
  std::optional<reply> waiting;
  std::promise<void> asked;
  start({{"later", [&](const json&, const reply& done) {
            waiting = done;
            asked.set_value();
          }}});
  std::promise<outcome> result;
  auto err = ask(loops.at(1), where, {{"do", "later"}}, 60s,
                 [&](outcome how, const caf::error&, const json&) {
                   result.set_value(how);
                 });
  EXPECT_FALSE(err);
  asked.get_future().wait();
  loops.stop();
  EXPECT_EQ(result.get_future().get(), outcome::unreachable);
  waiting.reset();
}

TEST_F(client_test, endpoint_that_cannot_be_is_returned_and_nobody_called) {
  auto err = ask(loop, "n1", {{"do", "verbs"}}, 1s,
                 [](outcome, const caf::error&, const json&) { FAIL(); });
  EXPECT_TRUE(err);
}

} // namespace
} // namespace sluice::actors::admin

#include "net/http/server_broker.h"

#include "net/listen.h"
#include "runtime/limits.h"
#include "tests/net/http/server_fixture.h"

#include <caf/response_promise.hpp>
#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <stdexcept>
#include <string>

namespace sluice::net::http {
namespace {

using namespace sluice::testing;
namespace limits = runtime::limits;

class server_broker_test : public server_fixture {
protected:
  using request_handler = std::function<void(server_broker*, const request&)>;

  /// Serves with one handler for requests, behind which what comes of a
  /// connection is noted.
  void handle(request_handler f) {
    serve([this, f](server_broker* x) -> caf::behavior {
      self = x;
      return {
          [f, x](const request& in) { f(x, in); },
          [this](const body_part& part) { body += part.bytes.view(); },
          [this, x](body_end) {
            if (x->current() != nullptr)
              x->respond(status::ok, "text/plain", std::exchange(body, {}));
          },
          [this](const closed& how) {
            log.push_back("closed " + to_string(how.reason));
          },
          [this](const written& what) {
            log.push_back("written #" + std::to_string(what.token));
          },
          [this, x](caf::ok_atom) { job(x); },
      };
    });
  }

  /// With no handler for bodies.
  void handle_only(request_handler f) {
    serve([this, f](server_broker* x) -> caf::behavior {
      self = x;
      return {
          [f, x](const request& in) { f(x, in); },
          [this, x](caf::ok_atom) { job(x); },
      };
    });
  }

  /// Answers each request with its path.
  void echo_paths() {
    handle([](server_broker* x, const request& in) {
      x->respond(status::ok, "text/plain", in.path());
    });
  }

  /// Leaves each request to be answered by `in_server`.
  void hold() {
    handle([this](server_broker*, const request& in) {
      log.emplace_back(in.path());
    });
  }

  void in_server(std::function<void(server_broker*)> f) {
    job = std::move(f);
    caf::anon_send(caf::actor{self}, caf::ok_atom::value);
    pass(10ms);
  }

  server_broker* self = nullptr;
  std::function<void(server_broker*)> job;
  std::string body;
};

constexpr auto no_length = std::nullopt;

// -- answers ------------------------------------------------------------------

TEST_F(server_broker_test, answer_has_what_it_needs) {
  options.server = "Sluice";
  echo_paths();
  peer().send(get("/a"));
  pass(10ms);
  auto text = peer().take_received();
  EXPECT_TRUE(text.starts_with("HTTP/1.1 200 OK\r\nServer: Sluice\r\nDate: "))
      << text;
  EXPECT_TRUE(contains(text, " GMT\r\n")) << text;
  EXPECT_EQ(ask(get("/b")).substr(0, 15), "HTTP/1.1 200 OK");
}

TEST_F(server_broker_test, connection_is_used_again) {
  echo_paths();
  EXPECT_EQ(ask(get("/a")), ok("/a"));
  EXPECT_EQ(ask(get("/b")), ok("/b"));
  EXPECT_TRUE(open());
}

TEST_F(server_broker_test, request_byte_by_byte) {
  echo_paths();
  for (auto& c : get("/a")) {
    peer().send({&c, 1});
    pass(1ms);
  }
  EXPECT_EQ(answer(), ok("/a"));
}

TEST_F(server_broker_test, pipelined_requests_wait_for_a_late_answer) {
  handle([this](server_broker* x, const request& in) {
    log.emplace_back(in.path());
    if (in.path() != "/late")
      x->respond(status::ok, "text/plain", in.path());
  });
  EXPECT_EQ(ask(get("/late") + get("/b") + get("/late") + get("/d")), "");
  EXPECT_EQ(noted(), (lines{"/late"})) << "one at a time";
  in_server([](auto* x) { x->respond(status::ok, "text/plain", "first"); });
  EXPECT_EQ(answer(), ok("first") + ok("/b"));
  EXPECT_EQ(noted(), (lines{"/b", "/late"}));
  in_server([](auto* x) { x->respond(status::ok, "text/plain", "third"); });
  EXPECT_EQ(answer(), ok("third") + ok("/d"));
}

TEST_F(server_broker_test, answer_of_another_actor_is_passed_on) {
  caf::response_promise promise;
  auto oracle = runtime::spawn_on(
      run.loop(1), [&promise](runtime::loop_actor* x) -> caf::behavior {
        return {[&promise, x](int) {
                  promise = x->make_response_promise();
                  return promise;
                },
                [&promise](caf::ok_atom) {
                  promise.deliver(std::string{"wisdom"});
                }};
      });
  handle([oracle](server_broker* x, const request& in) {
    if (in.path() != "/ask")
      return x->respond(status::ok, "text/plain", in.path());
    x->request(oracle, caf::infinite, 1).then([x](const std::string& text) {
      x->respond(status::ok, "text/plain",
                 text + " for " + std::string{x->current()->path()});
    });
  });
  EXPECT_EQ(ask(get("/ask") + get("/next")), "");
  caf::anon_send(oracle, caf::ok_atom::value);
  pass(10ms);
  EXPECT_EQ(answer(), ok("wisdom for /ask") + ok("/next"));
}

TEST_F(server_broker_test, second_answer_to_a_request_is_none) {
  handle([](server_broker* x, const request&) {
    x->respond(status::ok, "text/plain", "one");
    x->respond(status::ok, "text/plain", "two");
    EXPECT_FALSE(x->write_body("three"));
    x->end_response();
    EXPECT_EQ(x->current(), nullptr);
  });
  EXPECT_EQ(ask(get("/")), ok("one"));
  in_server([](auto* x) { x->respond(status::ok, "text/plain", "four"); });
  EXPECT_EQ(answer(), "");
  EXPECT_EQ(ask(get("/")), ok("one"));
}

TEST_F(server_broker_test, head_has_the_length_and_no_body) {
  handle([](server_broker* x, const request& in) {
    if (in.path() == "/large")
      x->respond(status::ok, "text/plain", std::string(100'000, 'x'));
    else if (in.path() == "/pieces") {
      x->start_response({});
      x->write_body("abc");
      x->end_response();
    } else
      x->respond(status::ok, "text/plain", "hello");
  });
  auto head = [](std::string path) {
    return "HEAD " + path + " HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  EXPECT_EQ(ask(head("/") + get("/")),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            "Content-Length: 5\r\n\r\n"
                + ok("hello"));
  EXPECT_EQ(ask(head("/large")),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
            "Content-Length: 100000\r\n\r\n");
  auto text = ask(head("/pieces") + get("/"));
  EXPECT_TRUE(text.ends_with("\r\n\r\n" + ok("hello"))) << text;
  EXPECT_FALSE(contains(text, "abc"));
}

TEST_F(server_broker_test, large_answer_is_whole) {
  std::string large;
  for (int i = 0; large.size() < 1'000'000; ++i)
    large += std::to_string(i) + ",";
  handle([&large](server_broker* x, const request& in) {
    if (in.path() == "/copied")
      x->respond(status::ok, "text/plain", std::string_view{large});
    else
      x->respond(status::ok, "text/plain", byte_slice::copy(large));
  });
  peer().send(get("/copied") + get("/shared"));
  pass(5s);
  EXPECT_TRUE(answer() == ok(large) + ok(large));
}

TEST_F(server_broker_test, error_without_a_body_gets_its_name) {
  handle([](server_broker* x, const request& in) {
    x->respond(response{in.path() == "/a" ? status::gone : status::no_content});
  });
  EXPECT_EQ(ask(get("/a")), "HTTP/1.1 410 Gone\r\nContent-Type: text/plain; "
                            "charset=utf-8\r\nContent-Length: 5\r\n\r\nGone\n");
  EXPECT_EQ(ask(get("/b")), "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST_F(server_broker_test, framing_fields_are_the_server_s_own) {
  handle([](server_broker* x, const request&) {
    response head;
    head.fields.add("Content-Length", "99");
    head.fields.add("Transfer-Encoding", "chunked");
    head.fields.add("X-A", "b");
    x->respond(head, byte_slice::copy("hello"));
  });
  EXPECT_EQ(ask(get("/")),
            "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello");
}

TEST_F(server_broker_test, malformed_field_of_an_answer_is_500) {
  std::vector<std::pair<std::string, std::string>> bad{
      {"X-A", "b\r\nSet-Cookie: c"},
      {"X-A", "b\n"},
      {"X-A", std::string(1, 0)},
      {"X-A\r\nX-B", "c"},
      {"X A", "b"},
      {"", "b"},
      {"X-A:", "b"}};
  std::size_t next = 0;
  handle([&](server_broker* x, const request&) {
    response head;
    head.fields.add(bad[next].first, bad[next].second);
    x->respond(head, byte_slice::copy("secret"));
  });
  for (; next < bad.size(); ++next) {
    auto text = ask(get("/"));
    EXPECT_EQ(line_of(text), "HTTP/1.1 500 Internal Server Error") << next;
    EXPECT_FALSE(contains(text, "Set-Cookie") || contains(text, "secret"));
    EXPECT_TRUE(ended());
    dial();
  }
}

TEST_F(server_broker_test, malformed_content_type_is_500) {
  handle([](server_broker* x, const request&) {
    x->respond(status::ok, "text/plain\r\nX: y", "secret");
  });
  auto text = ask(get("/"));
  EXPECT_EQ(line_of(text), "HTTP/1.1 500 Internal Server Error");
  EXPECT_FALSE(contains(text, "X: y")) << text;
}

// -- behaviors that do not answer ---------------------------------------------

TEST_F(server_broker_test, request_without_a_handler_is_404) {
  serve([](server_broker*) -> caf::behavior { return {[](int) {}}; });
  EXPECT_EQ(line_of(ask(get("/"))), "HTTP/1.1 404 Not Found");
  EXPECT_TRUE(open());
  EXPECT_EQ(line_of(ask(post("Content-Length: 2\r\n", "ab"))),
            "HTTP/1.1 404 Not Found");
  EXPECT_EQ(line_of(ask(get("/"))), "HTTP/1.1 404 Not Found");
}

TEST_F(server_broker_test, behavior_that_throws_answers_500) {
  handle([](server_broker*, const request&) {
    throw std::runtime_error{"secret"};
  });
  auto text = ask(get("/") + get("/next"));
  EXPECT_EQ(line_of(text), "HTTP/1.1 500 Internal Server Error");
  EXPECT_EQ(text.find("HTTP/1.1", 1), text.npos);
  EXPECT_FALSE(contains(text, "secret"));
  EXPECT_FALSE(open());
  dial();
  EXPECT_EQ(line_of(ask(get("/"))), "HTTP/1.1 500 Internal Server Error")
      << "the server goes on";
}

TEST_F(server_broker_test, behavior_that_quits_answers_500) {
  handle([](server_broker* x, const request&) { x->quit(); });
  EXPECT_EQ(line_of(ask(get("/"))), "HTTP/1.1 500 Internal Server Error");
  EXPECT_TRUE(ended());
}

TEST_F(server_broker_test, behavior_that_is_killed_later_answers_500) {
  hold();
  EXPECT_EQ(ask(get("/")), "");
  caf::anon_send_exit(caf::actor{self}, caf::exit_reason::kill);
  pass(10ms);
  EXPECT_EQ(line_of(answer()), "HTTP/1.1 500 Internal Server Error");
}

TEST_F(server_broker_test, behavior_that_quits_after_its_answer_sends_it) {
  handle([](server_broker* x, const request&) {
    x->respond(status::ok, "text/plain", "bye");
    x->close_after_response();
  });
  auto text = ask(get("/"));
  EXPECT_TRUE(contains(text, "bye")) << text;
  EXPECT_TRUE(ended());
}

// -- answers in pieces --------------------------------------------------------

TEST_F(server_broker_test, answer_without_a_length_is_sent_in_chunks) {
  hold();
  peer().send(get("/") + get("/next"));
  pass(10ms);
  in_server([](auto* x) { x->start_response({}); });
  EXPECT_EQ(answer(), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  in_server([](auto* x) { EXPECT_TRUE(x->write_body("hello, world 01234")); });
  EXPECT_EQ(answer(), "12\r\nhello, world 01234\r\n");
  in_server([](auto* x) { x->write_body(""); });
  EXPECT_EQ(answer(), "") << "an empty chunk would end the body";
  EXPECT_EQ(noted(), (lines{"/"}));
  in_server([](auto* x) { x->end_response(); });
  EXPECT_EQ(answer(), "0\r\n\r\n");
  EXPECT_EQ(noted(), (lines{"/next"}));
}

TEST_F(server_broker_test, token_of_a_piece_is_told) {
  handle([](server_broker* x, const request&) {
    x->start_response({});
    x->write_body("a", 7);
    x->end_response();
  });
  ask(get("/"));
  EXPECT_EQ(noted(), (lines{"written #7"}));
}

TEST_F(server_broker_test, answer_of_a_length_in_pieces) {
  handle([](server_broker* x, const request&) {
    x->start_response({}, 5);
    x->write_body("he");
    x->write_body("llo");
    x->end_response();
  });
  auto expected = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  EXPECT_EQ(ask(get("/")), expected);
  EXPECT_EQ(ask(get("/")), expected);
}

TEST_F(server_broker_test, client_of_1_0_gets_the_end_of_the_connection) {
  handle([](server_broker* x, const request& in) {
    if (in.path() == "/length")
      return x->respond(status::ok, "text/plain", "hello");
    x->start_response({});
    x->write_body("hello");
    x->end_response();
  });
  EXPECT_EQ(ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello");
  EXPECT_TRUE(ended());
  dial();
  EXPECT_EQ(ask("GET /length HTTP/1.0\r\n\r\n"),
            ok("hello", "Connection: close\r\n"));
  EXPECT_TRUE(ended());
  dial();
  EXPECT_EQ(ask("GET /length HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
            ok("hello", "Connection: keep-alive\r\n"));
  EXPECT_TRUE(open());
}

TEST_F(server_broker_test, client_that_wants_to_close_is_let_go) {
  echo_paths();
  EXPECT_EQ(ask(get("/a", "Connection: close\r\n") + get("/b")),
            ok("/a", "Connection: close\r\n"));
  EXPECT_TRUE(ended());
}

TEST_F(server_broker_test, body_source_writes_until_it_ends) {
  handle([](server_broker* x, const request&) {
    x->start_response({}, no_length, [n = 0](server_broker* me) mutable {
      if (++n > 3)
        return me->end_response();
      EXPECT_TRUE(me->write_body(std::to_string(n)));
    });
  });
  auto expected = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "1\r\n1\r\n1\r\n2\r\n1\r\n3\r\n0\r\n\r\n";
  EXPECT_EQ(ask(get("/")), expected);
  EXPECT_EQ(ask(get("/") + get("/")), std::string{expected} + expected);
  EXPECT_EQ(noted(), lines{}) << "its pieces are nobody else's";
}

TEST_F(server_broker_test, client_that_does_not_read_stops_the_source) {
  std::size_t made = 0;
  handle([&made](server_broker* x, const request&) {
    x->start_response({}, no_length, [&made](server_broker* me) {
      made += 10'000;
      me->write_body(std::string(10'000, 'x'));
    });
  });
  peer().stop_reading();
  ask(get("/"));
  pass(100ms);
  auto before = made;
  EXPECT_GT(before, 0u);
  EXPECT_LT(before, 10'000'000u);
  pass(100ms);
  EXPECT_EQ(made, before);
  peer().read_more(1'000'000);
  pass(100ms);
  EXPECT_GT(made, before + 500'000) << "and goes on when it is read";
  peer().close();
  pass(100ms);
  auto last = made;
  pass(100ms);
  EXPECT_EQ(made, last) << "nobody is there any more";
}

TEST_F(server_broker_test, more_than_the_length_breaks_the_connection) {
  handle([](server_broker* x, const request&) {
    x->start_response({}, 3);
    EXPECT_TRUE(x->write_body("ab"));
    EXPECT_FALSE(x->write_body("cd"));
  });
  EXPECT_FALSE(contains(ask(get("/") + get("/next")), "abc"));
  EXPECT_FALSE(open());
  EXPECT_EQ(noted(), (lines{"closed aborted"}));
}

TEST_F(server_broker_test, less_than_the_length_breaks_the_connection) {
  handle([](server_broker* x, const request&) {
    x->start_response({}, 3);
    x->write_body("ab");
    x->end_response();
  });
  auto text = ask(get("/") + get("/next"));
  EXPECT_EQ(text.find("HTTP/1.1", 1), text.npos);
  EXPECT_FALSE(open());
  EXPECT_EQ(noted(), (lines{"closed aborted"}));
}

TEST_F(server_broker_test, broken_chunks_have_no_end) {
  hold();
  ask(get("/"));
  in_server([](auto* x) {
    x->start_response({});
    x->write_body("ab");
  });
  in_server([](auto* x) { x->break_response({}); });
  EXPECT_FALSE(contains(answer(), "0\r\n\r\n"));
  EXPECT_FALSE(open());
}

TEST_F(server_broker_test, answer_that_is_broken_before_it_begins_is_500) {
  handle([](server_broker* x, const request&) { x->break_response({}); });
  EXPECT_EQ(line_of(ask(get("/"))), "HTTP/1.1 500 Internal Server Error");
}

// -- bodies -------------------------------------------------------------------

TEST_F(server_broker_test, body_comes_in_parts_and_ends) {
  hold();
  EXPECT_EQ(ask(post("Content-Length: 5\r\n", "hello") + get("/")),
            ok("hello"));
  in_server([](auto* x) { x->respond(status::ok, "text/plain", ""); });
  EXPECT_EQ(answer(), ok(""));
  EXPECT_EQ(ask(post("Transfer-Encoding: chunked\r\n",
                     "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")),
            ok("abcde"));
  EXPECT_EQ(ask(post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n")), ok(""));
}

TEST_F(server_broker_test, read_body_takes_it_in_place_of_the_behavior) {
  std::string taken;
  handle([&taken](server_broker* x, const request& in) {
    x->read_body([&taken](byte_slice part) { taken += part.view(); },
                 [&taken, x, has = in.has_body()] {
                   x->respond(status::ok, "text/plain",
                              std::exchange(taken, {}) + (has ? "." : "-"));
                 });
  });
  EXPECT_EQ(ask(post("Content-Length: 5\r\n", "hello") + get("/")),
            ok("hello.") + ok("-"));
  EXPECT_EQ(body, "");
}

TEST_F(server_broker_test, continue_is_sent_when_the_body_is_wanted) {
  hold();
  EXPECT_EQ(ask(post("Expect: 100-continue\r\nContent-Length: 5\r\n")),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(ask("hello"), ok("hello"));
  EXPECT_TRUE(open());
}

TEST_F(server_broker_test, body_that_is_not_wanted_is_not_continued) {
  handle([](server_broker* x, const request&) {
    x->respond(response{status::forbidden});
  });
  auto text = ask(post("Expect: 100-continue\r\nContent-Length: 5\r\n"));
  EXPECT_EQ(line_of(text), "HTTP/1.1 403 Forbidden");
  EXPECT_TRUE(contains(text, "\r\nConnection: close\r\n")) << text;
  EXPECT_TRUE(ended()) << "nobody can tell what would come";
}

TEST_F(server_broker_test, body_may_be_as_long_as_its_limit) {
  options.body_bytes_max = 5;
  hold();
  EXPECT_EQ(ask(post("Content-Length: 5\r\n", "hello")), ok("hello"));
  EXPECT_EQ(line_of(ask(post("Content-Length: 6\r\n"))),
            "HTTP/1.1 413 Content Too Large");
  EXPECT_TRUE(ended());
  dial();
  EXPECT_EQ(ask(post("Transfer-Encoding: chunked\r\n",
                     "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")),
            ok("abcde"));
  EXPECT_EQ(
      line_of(ask(post("Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n3\r\n"))),
      "HTTP/1.1 413 Content Too Large");
  EXPECT_TRUE(ended());
}

TEST_F(server_broker_test, handler_may_change_the_limit) {
  options.body_bytes_max = 5;
  handle([](server_broker* x, const request&) { x->body_limit(7); });
  EXPECT_EQ(
      ask(post("Transfer-Encoding: chunked\r\n", "7\r\nabcdefg\r\n0\r\n\r\n")),
      ok("abcdefg"));
  EXPECT_EQ(line_of(ask(post("Transfer-Encoding: chunked\r\n", "8\r\n"))),
            "HTTP/1.1 413 Content Too Large");
}

TEST_F(server_broker_test, short_body_that_nobody_wants_is_passed_over) {
  echo_paths();
  EXPECT_EQ(ask(post("Content-Length: 5\r\n")), ok("/"));
  EXPECT_EQ(ask("hello" + get("/a")), ok("/a"));
  EXPECT_EQ(ask(post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n"
                                                       "0\r\n\r\n")
                + get("/b")),
            ok("/") + ok("/b"));
  EXPECT_EQ(body, "") << "the behavior has answered";
}

TEST_F(server_broker_test, long_body_that_nobody_wants_ends_the_connection) {
  options.body_bytes_max = 10'000'000;
  echo_paths();
  auto size = limits::http_unread_body_bytes_max + 1;
  EXPECT_EQ(
      line_of(ask(post("Content-Length: " + std::to_string(size) + "\r\n"))),
      "HTTP/1.1 200 OK");
  EXPECT_TRUE(ended());
  dial();
  peer().send(post("Transfer-Encoding: chunked\r\n"));
  for (int i = 0; i < 20; ++i)
    peer().send("2710\r\n" + std::string(10'000, 'x') + "\r\n");
  pass(1s);
  EXPECT_EQ(line_of(answer()), "HTTP/1.1 200 OK");
  EXPECT_FALSE(open());
}

TEST_F(server_broker_test, body_that_breaks_off_is_400) {
  hold();
  peer().send(post("Content-Length: 5\r\n", "hel"));
  pass(10ms);
  peer().half_close();
  pass(10ms);
  EXPECT_EQ(line_of(answer()), "HTTP/1.1 400 Bad Request");
  EXPECT_TRUE(ended());
}

// -- what is refused ----------------------------------------------------------

TEST_F(server_broker_test, refusal_says_why_and_ends_the_connection) {
  echo_paths();
  auto text = ask(get("/a") + "GET / HTTP/1.1\r\n\r\n" + get("/b"));
  auto first = ok("/a");
  ASSERT_TRUE(text.starts_with(first)) << text;
  text.erase(0, first.size());
  EXPECT_EQ(line_of(text), "HTTP/1.1 400 Bad Request");
  EXPECT_TRUE(contains(text, "there is no Host")) << text;
  EXPECT_TRUE(contains(text, "Connection: close\r\n")) << text;
  EXPECT_EQ(text.find("HTTP/1.1", 1), text.npos);
  EXPECT_TRUE(ended());
}

TEST_F(server_broker_test, refusal_waits_for_the_answer_before_it) {
  hold();
  EXPECT_EQ(ask(get("/a") + "\nG"), "");
  in_server([](auto* x) { x->respond(status::ok, "text/plain", "a"); });
  auto text = answer();
  EXPECT_TRUE(text.starts_with(ok("a") + "HTTP/1.1 400 ")) << text;
  EXPECT_TRUE(ended());
}

TEST_F(server_broker_test, malformed_chunk_is_400) {
  hold();
  EXPECT_EQ(line_of(ask(post("Transfer-Encoding: chunked\r\n", "x\r\n"))),
            "HTTP/1.1 400 Bad Request");
  EXPECT_TRUE(ended());
}

TEST_F(server_broker_test, one_connection_too_many_is_503) {
  options.connections_max = 1;
  echo_paths();
  dial();
  auto text = ask("");
  EXPECT_EQ(line_of(text), "HTTP/1.1 503 Service Unavailable");
  EXPECT_TRUE(contains(text, "Retry-After: 1\r\n"));
  EXPECT_TRUE(ended());
  for (auto& x : peers)
    x.close();
  pass(10ms);
  dial();
  EXPECT_EQ(ask(get("/a")), ok("/a"));
}

TEST_F(server_broker_test, writes_of_other_actors_come_back) {
  hold();
  ask(get("/"));
  std::string returned;
  auto writer = runtime::spawn_on(
      run.loop(1), [&returned](runtime::loop_actor*) -> caf::behavior {
        return {[&returned](const rejected& x) { returned += x.bytes.view(); }};
      });
  caf::send_as(writer, caf::actor{self},
               net::write{byte_slice::copy("smuggled"), 1});
  pass(10ms);
  caf::send_as(writer, caf::actor{self},
               net::write_frame{byte_slice::copy(", twice"), 2});
  pass(10ms);
  EXPECT_EQ(returned, "smuggled, twice");
  in_server([](auto* x) { x->respond(status::ok, "text/plain", "a"); });
  EXPECT_EQ(answer(), ok("a"));
}

// -- ends ---------------------------------------------------------------------

TEST_F(server_broker_test, client_that_has_no_more_to_say_gets_its_answer) {
  hold();
  peer().send(get("/"));
  peer().half_close();
  pass(10ms);
  EXPECT_TRUE(open());
  in_server([](auto* x) { x->respond(status::ok, "text/plain", "a"); });
  EXPECT_EQ(answer(), ok("a"));
  EXPECT_TRUE(ended());
}

TEST_F(server_broker_test, answer_to_a_client_that_has_gone_does_nothing) {
  hold();
  ask(get("/"));
  in_server([this](auto* x) {
    peer().reset();
    x->respond(status::ok, "text/plain", "a");
  });
  EXPECT_EQ(noted().back().substr(0, 6), "closed");
}

TEST_F(server_broker_test, head_that_takes_too_long_is_408) {
  options.head_deadline = 5s;
  echo_paths();
  EXPECT_EQ(ask(get("/a") + "GET / HT"), ok("/a"));
  for (int i = 0; i < 4; ++i) {
    pass(1s);
    peer().send("x");
  }
  EXPECT_TRUE(open());
  pass(2s);
  EXPECT_EQ(line_of(answer()), "HTTP/1.1 408 Request Timeout");
  EXPECT_TRUE(ended());
}

TEST_F(server_broker_test, connection_that_never_asks_is_closed_in_silence) {
  options.head_deadline = 5s;
  echo_paths();
  pass(4s);
  EXPECT_TRUE(open());
  pass(2s);
  EXPECT_TRUE(ended());
  EXPECT_EQ(answer(), "");
}

TEST_F(server_broker_test, silence_inside_of_a_body_is_408) {
  options.body_silence = 5s;
  hold();
  ask(post("Content-Length: 5\r\n", "h"));
  pass(4s);
  ask("e");
  pass(4s);
  EXPECT_TRUE(open());
  pass(2s);
  EXPECT_EQ(line_of(answer()), "HTTP/1.1 408 Request Timeout");
  EXPECT_TRUE(ended());
}

TEST_F(server_broker_test, idle_connection_is_closed_between_two_requests) {
  options.idle = 5s;
  handle([this](server_broker* x, const request& in) {
    if (in.path() == "/late")
      return log.emplace_back("late"), void();
    x->respond(status::ok, "text/plain", in.path());
  });
  ask(get("/a"));
  pass(4s);
  EXPECT_EQ(ask(get("/late")), "");
  pass(20s);
  EXPECT_TRUE(open()) << "it is not the client who is late";
  in_server([](auto* x) { x->respond(status::ok, "text/plain", "b"); });
  EXPECT_EQ(answer(), ok("b"));
  pass(4s);
  EXPECT_TRUE(open());
  pass(2s);
  EXPECT_TRUE(ended());
  EXPECT_EQ(answer(), "");
}

// -- other protocols ----------------------------------------------------------

TEST_F(server_broker_test, other_protocol_gets_the_bytes_behind_the_request) {
  std::string got;
  handle([this, &got](server_broker* x, const request&) {
    fields head;
    head.add("Upgrade", "echo");
    head.add("Connection", "Upgrade");
    auto next = [this, &got](stream_broker* other) -> caf::behavior {
      return {[&got, other](const received& in) {
                got += in.bytes.view();
                other->write("<" + in.bytes.str() + ">");
              },
              [this](const closed&) { log.emplace_back("other closed"); }};
    };
    x->switch_protocols(head, make_stream_factory<decltype(next)>(next));
  });
  EXPECT_EQ(ask(get("/") + "first"),
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\n"
            "Connection: Upgrade\r\n\r\n<first>");
  EXPECT_EQ(got, "first");
  EXPECT_EQ(ask(get("/")), "<" + get("/") + ">");
  peer().close();
  pass(10ms);
  EXPECT_EQ(noted().back(), "other closed");
}

TEST_F(server_broker_test, malformed_field_of_a_switch_is_500) {
  handle([](server_broker* x, const request&) {
    fields head;
    head.add("Upgrade", "a\r\nX: y");
    auto next = [](stream_broker*) -> caf::behavior {
      ADD_FAILURE() << "it was not switched";
      return {[](int) {}};
    };
    x->switch_protocols(head, make_stream_factory<decltype(next)>(next));
  });
  auto text = ask(get("/"));
  EXPECT_EQ(line_of(text), "HTTP/1.1 500 Internal Server Error");
  EXPECT_FALSE(contains(text, "X: y")) << text;
  EXPECT_TRUE(ended());
}

// -- handlers that do what one would not expect -------------------------------

TEST_F(server_broker_test, no_body_is_made_for_head) {
  std::size_t pieces = 0;
  handle([&pieces](server_broker* x, const request&) {
    x->start_response({}, no_length, [&pieces](server_broker* me) {
      ++pieces;
      me->write_body("and so on ");
    });
  });
  EXPECT_EQ(ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"),
            "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(pieces, 0u);
  EXPECT_EQ(line_of(ask("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")),
            "HTTP/1.1 200 OK")
      << "the next request is looked at";
}

TEST_F(server_broker_test, body_that_is_made_goes_on_whatever_its_tokens) {
  handle([n = 0](server_broker* x, const request&) mutable {
    x->start_response({}, no_length, [n](server_broker* me) mutable {
      me->write_body("x", 7);
      if (++n == 3)
        me->end_response();
    });
  });
  auto text = ask(get("/"));
  EXPECT_TRUE(contains(text, "1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n0\r\n\r\n"))
      << text;
}

TEST_F(server_broker_test, no_100_within_an_answer) {
  handle([](server_broker* x, const request&) {
    x->start_response({}, 5);
    x->read_body([x](byte_slice part) { x->write_body(part); },
                 [x] { x->end_response(); });
  });
  EXPECT_EQ(ask(post("Expect: 100-continue\r\nContent-Length: 5\r\n")),
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n"
            "\r\n");
  EXPECT_EQ(ask("hello"), "hello");
}

TEST_F(server_broker_test, answer_survives_what_is_wrong_with_the_rest) {
  handle([](server_broker* x, const request&) {
    x->respond(response{status::unauthorized});
  });
  for (auto chunk : {"200000\r\n", "x\r\n"}) {
    dial();
    auto text = ask(post("Transfer-Encoding: chunked\r\n", chunk));
    EXPECT_EQ(line_of(text), "HTTP/1.1 401 Unauthorized") << chunk;
    EXPECT_TRUE(ended()) << chunk;
  }
}

TEST_F(server_broker_test, body_that_was_lost_is_not_taken_for_empty) {
  std::string got;
  auto took_end = false;
  handle_only([](server_broker*, const request&) {});
  ask(post("Content-Length: 10\r\n", "hello"));
  in_server([&](server_broker* x) {
    x->read_body([&](byte_slice part) { got += part.view(); },
                 [&] { took_end = true; });
  });
  EXPECT_EQ(line_of(answer()), "HTTP/1.1 500 Internal Server Error");
  ask("world");
  EXPECT_EQ(got, "");
  EXPECT_FALSE(took_end);
}

TEST_F(server_broker_test, body_may_wait_for_who_decides) {
  std::string got;
  handle_only([](server_broker* x, const request&) { x->read_paused(); });
  ask(post("Content-Length: 10\r\n", "hello"));
  ask("world");
  in_server([&](server_broker* x) {
    x->read_flowing();
    x->read_body([&](byte_slice part) { got += part.view(); },
                 [&, x] { x->respond(status::ok, "text/plain", got); });
  });
  EXPECT_EQ(answer(), ok("helloworld"));
}

TEST_F(server_broker_test, pause_ends_with_its_request) {
  handle([](server_broker* x, const request& in) {
    x->read_paused();
    x->respond(status::ok, "text/plain", in.path());
  });
  EXPECT_EQ(ask(post("Content-Length: 5\r\n", "hel")), ok("/"));
  EXPECT_EQ(ask("lo" + get("/b")), ok("/b"));
}

TEST_F(server_broker_test, lines_around_chunks_take_no_credit) {
  std::string got;
  handle([&](server_broker* x, const request&) {
    x->read_credit(1);
    x->read_body(
        [&got, x](byte_slice part) {
          got += part.view();
          x->read_credit(1);
        },
        [x] { x->respond(status::ok, "text/plain", "done"); });
  });
  ask(post("Transfer-Encoding: chunked\r\n", "5\r\n"));
  ask("hello");
  EXPECT_EQ(ask("\r\n0\r\n\r\n"), ok("done"));
  EXPECT_EQ(got, "hello");
}

TEST_F(server_broker_test, who_waits_for_another_actor_reads_no_more) {
  options.body_bytes_max = 100'000'000;
  auto slow = runtime::spawn_on(
      run.loop(1), [](runtime::loop_actor* me) -> caf::behavior {
        return {[me](int) { return me->make_response_promise(); }};
      });
  std::size_t parts = 0;
  serve([&](server_broker* x) -> caf::behavior {
    self = x;
    return {
        [](const request&) {},
        [&parts, x, slow](const body_part&) {
          ++parts;
          x->request(slow, caf::infinite, 1).await([](int) {});
        },
        [](body_end) {},
    };
  });
  peer().send(post("Content-Length: 50000000\r\n"));
  for (int i = 0; i < 100; ++i)
    peer().send(std::string(100'000, 'x'));
  pass(1s);
  EXPECT_EQ(parts, 1u);
  EXPECT_LE(self->counts().received, 2 * limits::read_turn_bytes);
}

TEST_F(server_broker_test, reader_of_a_body_may_be_replaced_by_itself) {
  std::string got;
  handle([&](server_broker* x, const request&) {
    std::string mark(100, '-');
    x->read_body(
        [&got, x, mark](byte_slice first) {
          x->read_body(
              [&got](byte_slice rest) { got += rest.view(); },
              [&got, x] { x->respond(status::ok, "text/plain", got); });
          got += std::string{first.view()} + mark.substr(0, 1);
        },
        [] {});
  });
  ask(post("Content-Length: 10\r\n", "hello"));
  EXPECT_EQ(ask("world"), ok("hello-world"));
}

TEST_F(server_broker_test, limit_for_a_body_that_was_refused_comes_too_late) {
  hold();
  auto text = ask(post("Transfer-Encoding: chunked\r\n", "x\r\n"));
  EXPECT_EQ(line_of(text), "HTTP/1.1 400 Bad Request");
  in_server([](server_broker* x) { x->body_limit(7); });
  pass(10s);
  EXPECT_EQ(log.back(), "closed malformed_frame");
}

TEST_F(server_broker_test, answers_may_not_lose_pieces) {
  options.listener.stream.on_overflow = overflow::drop_oldest;
  auto result = http::serve(
      run.loop(), "tcp://127.0.0.1:8080",
      [](server_broker*) -> caf::behavior { return {}; }, options);
  ASSERT_FALSE(result);
  EXPECT_TRUE(contains(runtime::to_text(result.error()), "drop_oldest"));
}

} // namespace
} // namespace sluice::net::http

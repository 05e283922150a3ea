#include "net/http/router.h"

#include "tests/net/http/folder.h"
#include "tests/net/http/server_fixture.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace sluice::net::http {
namespace {

using namespace sluice::testing;

class router_test : public server_fixture {
protected:
  /// Answers with `text`.
  static handler say(std::string text) {
    return [text](server_broker* x, const request&, const path_parameters&) {
      x->respond(status::ok, "text/plain", text);
    };
  }

  /// Answers with the body that was collected.
  static handler echo() {
    return [](server_broker* x, const request& in, const path_parameters&) {
      x->respond(status::ok, "text/plain", in.body());
    };
  }

  void serve_routes() { serve(std::move(routes)); }

  std::string ask_for(std::string_view verb, std::string_view path,
                      std::string_view fields = {},
                      std::string_view body = {}) {
    return ask(std::string{verb} + " " + std::string{path}
               + " HTTP/1.1\r\nHost: a\r\n" + std::string{fields} + "\r\n"
               + std::string{body});
  }

  /// The disk takes real time, in which hardly any passes in the world.
  std::string ask_disk(std::string_view text) {
    auto result = ask(text);
    auto end = std::chrono::steady_clock::now() + 10s;
    while (result.empty() && std::chrono::steady_clock::now() < end) {
      pass(1us);
      result = answer();
    }
    pass(10ms);
    return result + answer();
  }

  router routes;
};

std::string text_of(const caf::error& x) {
  return x ? runtime::to_text(x) : "";
}

// -- paths and methods --------------------------------------------------------

TEST_F(router_test, handler_gets_the_parts_of_the_path) {
  routes.get("/a/{x}/{y}", [](server_broker* me, const request& in,
                              const path_parameters& at) {
    EXPECT_EQ(in.query(), "q");
    me->respond(status::ok, "text/plain",
                std::string{at.at("x")} + "+" + std::string{at.at("y")});
  });
  serve_routes();
  EXPECT_EQ(ask(get("/a/1%2F2/3?q")), ok("1/2+3"));
  EXPECT_EQ(line_of(ask(get("/a/1"))), "HTTP/1.1 404 Not Found");
}

TEST_F(router_test, each_method_has_its_handler) {
  EXPECT_FALSE(routes.get("/", say("get")));
  EXPECT_FALSE(routes.post("/", say("post")));
  EXPECT_FALSE(routes.put("/", say("put")));
  EXPECT_FALSE(routes.del("/", say("del")));
  EXPECT_FALSE(routes.patch("/", say("patch")));
  EXPECT_FALSE(routes.options("/", say("options")));
  serve_routes();
  EXPECT_EQ(ask_for("GET", "/"), ok("get"));
  EXPECT_EQ(ask_for("POST", "/"), ok("post"));
  EXPECT_EQ(ask_for("PUT", "/"), ok("put"));
  EXPECT_EQ(ask_for("DELETE", "/"), ok("del"));
  EXPECT_EQ(ask_for("PATCH", "/"), ok("patch"));
  EXPECT_EQ(ask_for("OPTIONS", "/"), ok("options"));
}

TEST_F(router_test, any_stands_behind_the_methods_by_name) {
  routes.get("/", say("get"));
  routes.any("/", say("any"));
  serve_routes();
  EXPECT_EQ(ask_for("GET", "/"), ok("get"));
  EXPECT_EQ(ask_for("POST", "/"), ok("any"));
  EXPECT_EQ(ask_for("BREW", "/"), ok("any"));
}

TEST_F(router_test, head_is_answered_by_get_without_a_body) {
  routes.get("/get", say("hello"));
  routes.head("/both", say("longer"));
  routes.get("/both", say("x"));
  serve_routes();
  auto head_of = [](std::string_view size) {
    return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: "
           + std::string{size} + "\r\n\r\n";
  };
  EXPECT_EQ(ask_for("HEAD", "/get"), head_of("5"));
  EXPECT_EQ(ask_for("HEAD", "/both"), head_of("6"));
  EXPECT_EQ(ask_for("HEAD", "/none").substr(0, 12), "HTTP/1.1 404");
}

TEST_F(router_test, other_method_is_405_and_told_which_there_are) {
  routes.get("/", say("get"));
  routes.put("/", say("put"));
  serve_routes();
  auto text = ask_for("POST", "/");
  EXPECT_EQ(line_of(text), "HTTP/1.1 405 Method Not Allowed");
  EXPECT_TRUE(contains(text, "\r\nAllow: GET, PUT, HEAD, OPTIONS\r\n")) << text;
  text = ask_for("BREW", "/");
  EXPECT_EQ(line_of(text), "HTTP/1.1 501 Not Implemented");
  EXPECT_TRUE(open());
}

TEST_F(router_test, options_tells_the_methods) {
  routes.post("/", say("post"));
  serve_routes();
  EXPECT_EQ(ask_for("OPTIONS", "/"),
            "HTTP/1.1 204 No Content\r\nAllow: POST, OPTIONS\r\n\r\n");
  EXPECT_EQ(line_of(ask_for("OPTIONS", "*")), "HTTP/1.1 204 No Content");
  EXPECT_EQ(line_of(ask_for("OPTIONS", "/none")), "HTTP/1.1 404 Not Found");
}

TEST_F(router_test, bad_escape_is_400_and_the_connection_goes_on) {
  routes.get("/{x}", say("x"));
  serve_routes();
  auto text = ask(get("/%zz"));
  EXPECT_EQ(line_of(text), "HTTP/1.1 400 Bad Request");
  EXPECT_TRUE(contains(text, "%")) << "says where: " << text;
  EXPECT_EQ(ask(get("/a")), ok("x"));
}

TEST_F(router_test, error_names_the_pattern_and_the_method) {
  EXPECT_TRUE(contains(text_of(routes.get("a", say(""))), "'a'"));
  EXPECT_EQ(text_of(routes.get("/a", say(""))), "");
  auto twice = text_of(routes.get("/a", say("")));
  EXPECT_TRUE(contains(twice, "'/a'") && contains(twice, "GET")) << twice;
  EXPECT_EQ(text_of(routes.any("/a", say(""))), "");
  EXPECT_TRUE(contains(text_of(routes.any("/a", say(""))), "any method"));
}

// -- bodies -------------------------------------------------------------------

TEST_F(router_test, body_is_collected_before_the_handler_runs) {
  routes.post("/", echo(), {.collect_body_bytes = 5});
  serve_routes();
  EXPECT_EQ(ask(post("Content-Length: 5\r\n", "hel")), "");
  EXPECT_EQ(ask("lo"), ok("hello"));
  EXPECT_EQ(ask(post("Transfer-Encoding: chunked\r\n",
                     "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n")),
            ok("abcde"));
  EXPECT_EQ(ask(post("")), ok("")) << "none is an empty one";
  EXPECT_EQ(ask(post("Content-Length: 1\r\nExpect: 100-continue\r\n")),
            "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(ask("x"), ok("x"));
}

TEST_F(router_test, body_over_the_limit_of_its_route_is_413) {
  routes.post("/", echo(), {.collect_body_bytes = 5});
  serve_routes();
  EXPECT_EQ(line_of(ask(post("Content-Length: 6\r\n"))),
            "HTTP/1.1 413 Content Too Large");
  EXPECT_TRUE(ended());
  dial();
  EXPECT_EQ(line_of(ask(
                post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n1\r\n"))),
            "HTTP/1.1 413 Content Too Large");
  EXPECT_TRUE(ended());
}

TEST_F(router_test, route_may_allow_more_than_the_server) {
  options.body_bytes_max = 2;
  routes.post("/", echo(), {.collect_body_bytes = 5});
  routes.put("/", say("put"), {.collect_body_bytes = 0, .body_bytes_max = 3});
  serve_routes();
  EXPECT_EQ(ask(post("Content-Length: 5\r\n", "hello")), ok("hello"));
  EXPECT_EQ(ask_for("PUT", "/", "Content-Length: 3\r\n", "abc"), ok("put"));
  EXPECT_EQ(line_of(ask_for("PUT", "/", "Content-Length: 4\r\n")),
            "HTTP/1.1 413 Content Too Large");
  dial();
  EXPECT_EQ(line_of(ask_for("PUT", "/none", "Content-Length: 3\r\n")),
            "HTTP/1.1 413 Content Too Large");
}

// -- files and other protocols ------------------------------------------------

TEST_F(router_test, folder_is_served_below_its_prefix) {
  folder root;
  root.write("a.txt", "hello");
  EXPECT_EQ(text_of(routes.files("/static/", root.path())), "");
  serve_routes();
  auto text = ask_disk(get("/static/a.txt"));
  EXPECT_EQ(line_of(text), "HTTP/1.1 200 OK");
  EXPECT_TRUE(text.ends_with("\r\n\r\nhello")) << text;
  EXPECT_EQ(line_of(ask_disk(get("/static/b.txt"))), "HTTP/1.1 404 Not Found");
  text = ask_disk("HEAD /static/a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(contains(text, "\r\nContent-Length: 5\r\n")) << text;
  EXPECT_TRUE(text.ends_with("\r\n\r\n")) << text;
  EXPECT_EQ(line_of(ask(get("/other/a.txt"))), "HTTP/1.1 404 Not Found");
}

TEST_F(router_test, folder_that_is_none_is_named) {
  auto text = text_of(routes.files("/x", "/no/such/folder"));
  EXPECT_TRUE(contains(text, "/no/such/folder")) << text;
}

TEST_F(router_test, websocket_is_a_successor_of_its_connection) {
  routes.websocket("/live", [this](websocket::connection*) -> caf::behavior {
    return {[this](const websocket::opened& x) {
      log.push_back("opened " + std::string{x.path} + "?"
                    + std::string{x.query});
    }};
  });
  serve_routes();
  auto text = ask(get("/live?a", "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                 "Sec-WebSocket-Version: 13\r\n"
                                 "Sec-WebSocket-Key: "
                                 "dGhlIHNhbXBsZSBub25jZQ==\r\n"));
  EXPECT_EQ(line_of(text), "HTTP/1.1 101 Switching Protocols");
  EXPECT_TRUE(contains(text, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) << text;
  EXPECT_EQ(noted(), (lines{"opened /live?a"}));
}

TEST_F(router_test, request_that_is_no_handshake_is_refused) {
  routes.websocket("/live", [](websocket::connection*) -> caf::behavior {
    ADD_FAILURE() << "nobody has asked for it";
    return {[](int) {}};
  });
  serve_routes();
  auto text = ask(get("/live"));
  EXPECT_EQ(text.substr(0, 10), "HTTP/1.1 4") << text;
  EXPECT_EQ(line_of(ask_for("POST", "/live")),
            "HTTP/1.1 405 Method Not Allowed");
}

TEST_F(router_test, websockets_count_as_connections_of_the_server) {
  options.connections_max = 1;
  routes.websocket("/", [](websocket::connection*) -> caf::behavior {
    return {[](const net::closed&) {}};
  });
  serve_routes();
  constexpr auto upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  EXPECT_TRUE(contains(ask(get("/", upgrade)), " 101 "));
  auto& first = peer();
  dial();
  EXPECT_TRUE(contains(answer(), " 503 "));
  first.close();
  pass(10s);
  dial();
  EXPECT_TRUE(contains(ask(get("/", upgrade)), " 101 "));
}

} // namespace
} // namespace sluice::net::http

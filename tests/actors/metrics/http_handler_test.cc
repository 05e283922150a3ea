// Metrics over HTTP, asked for by a client in plain system calls.

#include "actors/config.h"
#include "actors/metrics/http_handler.h"
#include "net/http/serve.h"
#include "runtime/loop_group.h"
#include "tests/actors/metrics/exposition.h"

#include <caf/actor_system.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

namespace sluice::testing {
namespace {

using namespace std::chrono_literals;
using actors::metrics::collector;
namespace http = net::http;

class http_handler_test : public ::testing::Test {
public:
  http_handler_test() {
    http::router routes;
    EXPECT_FALSE(
        routes.get("/metrics", actors::metrics::http_handler(*metrics)));
    auto server = http::serve(loops, "tcp://127.0.0.1:0", std::move(routes));
    EXPECT_TRUE(server) << sys.render(server.error());
    port = server->local.port();
  }

  int connect() {
    auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return fd;
  }

  static void send(int fd, const std::string& verb) {
    auto text = verb
                + " /metrics HTTP/1.1\r\nHost: here\r\n"
                  "Connection: close\r\n\r\n";
    EXPECT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  /// All that comes until the end: the head, and what follows.
  static std::pair<std::string, std::string> read(int fd) {
    std::string text;
    char part[4096];
    for (ssize_t n; (n = ::recv(fd, part, sizeof part, 0)) > 0;)
      text.append(part, static_cast<std::size_t>(n));
    ::close(fd);
    auto end = text.find("\r\n\r\n");
    if (end == text.npos)
      return {text, ""};
    return {text.substr(0, end + 2), text.substr(end + 4)};
  }

  std::pair<std::string, std::string> ask(const std::string& verb) {
    auto fd = connect();
    send(fd, verb);
    return read(fd);
  }

  static bool has(const std::string& head, const std::string& line) {
    return head.find("\r\n" + line + "\r\n") != head.npos;
  }

  actors::config settings;
  caf::actor_system sys{settings};
  runtime::loop_group loops{sys, {.loops = 2}};
  std::unique_ptr<collector> metrics = std::make_unique<collector>(
      sys, actors::metrics::collector_options{
               .loops = {&loops.at(0), &loops.at(1)}, .answer = 30s});
  std::uint16_t port = 0;
};

TEST_F(http_handler_test, get_gives_the_text) {
  auto [head, body] = ask("GET");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
  EXPECT_TRUE(has(head, "Content-Type: text/plain; version=0.0.4; "
                        "charset=utf-8"))
      << head;
  EXPECT_TRUE(has(head, "Content-Length: " + std::to_string(body.size())))
      << head;
  exposition text{body};
  EXPECT_EQ(text.errors(), std::vector<std::string>{});
  EXPECT_EQ(text.sum("sluice_loop_up"), 2.0);
  // The connection that asks is one of those that it hears of.
  EXPECT_EQ(text.sum("sluice_connections"), 1.0);
}

TEST_F(http_handler_test, head_gives_the_head_alone) {
  auto [head, body] = ask("HEAD");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
  EXPECT_TRUE(has(head, "Content-Type: text/plain; version=0.0.4; "
                        "charset=utf-8"))
      << head;
  EXPECT_NE(head.find("Content-Length: "), head.npos);
  EXPECT_EQ(body, "");
}

TEST_F(http_handler_test, other_methods_are_not_allowed) {
  EXPECT_TRUE(ask("DELETE").first.starts_with("HTTP/1.1 405 "));
}

TEST_F(http_handler_test, collector_that_has_ended_is_an_error) {
  metrics.reset();
  auto [head, body] = ask("GET");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 503 ")) << head;
  EXPECT_NE(body, "");
}

TEST_F(http_handler_test, client_that_goes_harms_nobody) {
  for (int i = 0; i < 50; ++i) {
    auto fd = connect();
    send(fd, "GET");
    linger hard{1, 0}; // a reset
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(fd);
  }
  EXPECT_TRUE(ask("GET").first.starts_with("HTTP/1.1 200 "));
}

} // namespace
} // namespace sluice::testing

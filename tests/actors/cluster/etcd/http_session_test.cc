#include "actors/cluster/etcd/http_session.h"

#include "net/config.h"
#include "runtime/epoll_poller.h"
#include "runtime/error.h"
#include "runtime/event_loop.h"
#include "runtime/monotonic_clock.h"
#include "runtime/posix_socket_api.h"
#include "tests/actors/cluster/etcd/canned_server.h"

#include <caf/actor_system.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace sluice::testing {

namespace {

using namespace std::chrono_literals;
using namespace actors::cluster::etcd;
using runtime::errc;

bool is(const caf::error& x, errc code) {
  return x && x.category() == runtime::error_category
         && x.code() == static_cast<std::uint8_t>(code);
}

class http_session_test : public ::testing::Test {
protected:
  http_session_test() { loop.adopt_this_thread(); }

  /// Runs the loop until `condition` holds; false if it does not within 10 s.
  bool until(const std::function<bool()>& condition) {
    runtime::timer look_again{[](runtime::timer&) noexcept {}};
    for (auto end = time.now() + 10s; !condition();) {
      if (time.now() >= end)
        return false;
      loop.timers().arm(look_again, time.now() + 5ms);
      loop.run_once(!loop.has_ready());
    }
    return true;
  }

  /// Runs the loop until it has nothing to do right now.
  void settle() {
    while (loop.run_once(false)) {
      // go on
    }
  }

  http_request request(const std::string& url) {
    return {url + "/path", {}, "{}", 5s};
  }

  http_session::on_answer keep() {
    return [this](caf::expected<http_answer> x) { answer = std::move(x); };
  }

  /// Asks for `bytes_max` bytes and waits for what comes of it.
  void ask(const http_request& what, std::size_t bytes_max = 1'000) {
    answer.reset();
    http->post(what, bytes_max, keep());
    EXPECT_FALSE(answer); // never from inside
    EXPECT_TRUE(until([this] { return answer.has_value(); }));
  }

  std::string error_text() { return runtime::to_text(answer->error()); }

  net::config settings;
  caf::actor_system sys{settings};
  runtime::monotonic_clock time;
  runtime::event_loop loop{sys,
                           {&time, std::make_unique<runtime::epoll_poller>(),
                            &runtime::posix_socket_api::instance()},
                           {}};
  std::unique_ptr<http_session> http = http_session::make(loop);
  std::optional<caf::expected<http_answer>> answer;
  std::string bytes;
};

using after = canned_server::after;

TEST_F(http_session_test, answer_has_its_status_and_body) {
  canned_server server{canned_server::http("200 OK", "hello"),
                       after::keep_open};
  ask(request(server.url()));
  ASSERT_TRUE(*answer) << error_text();
  EXPECT_EQ((*answer)->status, 200);
  EXPECT_EQ((*answer)->body, "hello");
  // On the same connection.
  ask(request(server.url()));
  EXPECT_TRUE(*answer);
}

TEST_F(http_session_test, other_status_is_an_answer) {
  canned_server server{canned_server::http("503 Busy", "later"),
                       after::keep_open};
  ask(request(server.url()));
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->status, 503);
  EXPECT_EQ((*answer)->body, "later");
}

TEST_F(http_session_test, redirection_is_not_followed) {
  canned_server target{canned_server::http("200 OK", "no"), after::keep_open};
  canned_server server{"HTTP/1.1 307 Elsewhere\r\nLocation: " + target.url()
                           + "/\r\nContent-Length: 0\r\n\r\n",
                       after::keep_open};
  ask(request(server.url()));
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->status, 307);
  EXPECT_EQ(target.replies(), 0);
}

TEST_F(http_session_test, nobody_listens) {
  // Port 1 of loopback is not in use where tests run.
  ask(request("http://127.0.0.1:1"));
  ASSERT_FALSE(*answer);
  EXPECT_TRUE(is(answer->error(), errc::connect_failed));
  EXPECT_NE(error_text().find("http://127.0.0.1:1/path"), std::string::npos)
      << error_text();
}

TEST_F(http_session_test, what_is_not_http_is_an_error) {
  canned_server server{"SSH-2.0-OpenSSH_9.2\r\n", after::close};
  ask(request(server.url()));
  ASSERT_FALSE(*answer);
  EXPECT_TRUE(is(answer->error(), errc::connect_failed));
}

TEST_F(http_session_test, connection_that_ends_within_an_answer_is_an_error) {
  auto half = canned_server::http("200 OK", "hello");
  half.pop_back();
  canned_server server{half, after::close};
  ask(request(server.url()));
  ASSERT_FALSE(*answer);
  EXPECT_TRUE(is(answer->error(), errc::connect_failed));
}

TEST_F(http_session_test, silence_ends_at_the_deadline) {
  canned_server server{"", after::keep_open};
  auto what = request(server.url());
  what.deadline = 50ms;
  auto start = time.now();
  ask(what);
  ASSERT_FALSE(*answer);
  EXPECT_TRUE(is(answer->error(), errc::connect_failed));
  EXPECT_GE(time.now() - start, 50ms);
}

TEST_F(http_session_test, answer_of_one_byte_too_many_is_refused) {
  canned_server server{canned_server::http("200 OK", std::string(1'000, 'x')),
                       after::keep_open};
  ask(request(server.url()), 1'000);
  EXPECT_TRUE(*answer);
  ask(request(server.url()), 999);
  ASSERT_FALSE(*answer);
  EXPECT_TRUE(is(answer->error(), errc::frame_too_long));
}

TEST_F(http_session_test, address_stands_in_for_a_name) {
  canned_server server{canned_server::http("200 OK", "hello"),
                       after::keep_open};
  auto port = server.url().substr(server.url().rfind(':'));
  auto what = request("http://no-such-host.invalid" + port);
  what.address = "127.0.0.1" + port;
  ask(what);
  EXPECT_TRUE(*answer) << error_text();
}

TEST_F(http_session_test, stream_is_told_as_it_comes) {
  canned_server server{canned_server::stream("first\n"), after::keep_open};
  auto id = http->stream(
      request(server.url()), 1'000, [this](std::string_view x) { bytes += x; },
      keep());
  EXPECT_TRUE(until([this] { return bytes == "first\n"; }));
  EXPECT_FALSE(answer);
  http->cancel(id);
  settle();
  EXPECT_FALSE(answer);
}

TEST_F(http_session_test, stream_outlives_the_deadline_of_its_connection) {
  canned_server server{canned_server::stream("first\n"), after::keep_open};
  auto what = request(server.url());
  what.deadline = 20ms;
  http->stream(
      what, 1'000, [this](std::string_view x) { bytes += x; }, keep());
  auto end = time.now() + 100ms;
  EXPECT_TRUE(until([&] { return time.now() >= end; }));
  EXPECT_EQ(bytes, "first\n");
  EXPECT_FALSE(answer);
}

TEST_F(http_session_test, end_of_a_stream_is_told_after_its_bytes) {
  canned_server server{canned_server::stream("a") + canned_server::chunk(""),
                       after::keep_open};
  http->stream(
      request(server.url()), 1'000,
      [this](std::string_view x) {
        EXPECT_FALSE(answer);
        bytes += x;
      },
      keep());
  EXPECT_TRUE(until([this] { return answer.has_value(); }));
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->status, 200);
  EXPECT_EQ(bytes, "a");
}

TEST_F(http_session_test, refused_stream_has_the_reason) {
  canned_server server{canned_server::http("404 No", "why"), after::keep_open};
  http->stream(
      request(server.url()), 1'000, [this](std::string_view x) { bytes += x; },
      keep());
  EXPECT_TRUE(until([this] { return answer.has_value(); }));
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->status, 404);
  EXPECT_EQ((*answer)->body, "why");
  EXPECT_EQ(bytes, "");
}

TEST_F(http_session_test, callback_may_destroy_the_session) {
  canned_server server{canned_server::http("200 OK", "hello"),
                       after::keep_open};
  auto done = false;
  for (int i = 0; i < 2; ++i)
    http->post(request(server.url()), 1'000,
               [&](const caf::expected<http_answer>&) {
                 EXPECT_FALSE(done);
                 done = true;
                 http.reset();
               });
  EXPECT_TRUE(until([&] { return done; }));
  settle();
}

TEST_F(http_session_test, stream_may_be_cancelled_from_its_own_callback) {
  canned_server server{canned_server::stream("first\n"), after::keep_open};
  http_session::request_id id = 0;
  id = http->stream(
      request(server.url()), 1'000,
      [&](std::string_view x) {
        http->cancel(id);
        bytes += x;
      },
      keep());
  EXPECT_TRUE(until([this] { return !bytes.empty(); }));
  settle();
  EXPECT_FALSE(answer);
}

TEST_F(http_session_test, many_requests_at_once_are_all_answered) {
  canned_server server{canned_server::http("200 OK", "hello"),
                       after::keep_open};
  int done = 0;
  for (int i = 0; i < 40; ++i)
    http->post(request(server.url()), 1'000,
               [&](const caf::expected<http_answer>& x) {
                 EXPECT_TRUE(x);
                 ++done;
               });
  EXPECT_TRUE(until([&] { return done == 40; }));
}

} // namespace

} // namespace sluice::testing

#include "net/http/fetch.h"

#include "runtime/error.h"
#include "tests/support/sim_runtime.h"
#include "tests/support/sim_server.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace sluice::net::http {
namespace {

using namespace std::chrono_literals;
using namespace sluice::testing;
using runtime::errc;

class fetch_test : public ::testing::Test {
protected:
  fetch_test() {
    server.on_accept = [this](sim_peer& peer) {
      peer.read_all();
      peer.on_progress = [this, &peer] {
        asked = peer.received();
        if (!answered && asked.find("\r\n\r\n") != std::string::npos) {
          answered = true;
          peer.send(reply);
          if (closes)
            peer.half_close();
        }
      };
    };
  }

  /// Fetches, and waits for what comes of it: at most a minute.
  void fetch_it(fetch_request what) {
    runtime::spawn_on(
        run.loop(), [this, what](runtime::loop_actor* self) -> caf::behavior {
          fetch(self, self->loop(), what)
              .then([this](fetched& x) { got = std::move(x); },
                    [this](caf::error& x) { failure = std::move(x); });
          return {};
        });
    run.during(60s);
    EXPECT_NE(got.has_value(), static_cast<bool>(failure));
  }

  void expect_failure(errc code, std::string_view text) {
    EXPECT_FALSE(got);
    EXPECT_EQ(failure.category(), runtime::error_category);
    EXPECT_EQ(failure.code(), static_cast<int>(code))
        << runtime::to_text(failure);
    EXPECT_NE(runtime::to_text(failure).find(text), std::string::npos)
        << runtime::to_text(failure);
  }

  std::string reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  bool closes = false;
  bool answered = false;
  std::string asked;
  std::optional<fetched> got;
  caf::error failure;
  sim_world world{1, sim_settings::calm()};
  sim_runtime run{world};
  sim_server server{world, at("127.0.0.1", 8080)};
};

TEST_F(fetch_test, answer_is_collected) {
  fetch_it({.url = "http://127.0.0.1:8080/a?b"});
  EXPECT_EQ(asked, "GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 200u);
  EXPECT_EQ(got->body, "hello");
  EXPECT_EQ(got->fields.find("content-length"), "5");
  EXPECT_TRUE(server.last().saw_end()) << "the connection is left";
}

TEST_F(fetch_test, answer_of_any_status_is_an_answer) {
  reply = "HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n"
          "2\r\nno\r\n0\r\n\r\n";
  fetch_it({.url = "http://127.0.0.1:8080/"});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 500u);
  EXPECT_EQ(got->body, "no");
}

TEST_F(fetch_test, body_may_end_with_the_connection) {
  reply = "HTTP/1.0 200 OK\r\n\r\nhello";
  closes = true;
  fetch_it({.url = "http://127.0.0.1:8080/"});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->body, "hello");
}

TEST_F(fetch_test, method_fields_and_body_are_sent) {
  fetch_request what{.url = "http://127.0.0.1:8080/x"};
  what.ask.verb = "POST";
  what.ask.fields.add("Content-Type", "application/json");
  what.ask.body = byte_slice::copy("{}");
  fetch_it(what);
  EXPECT_EQ(asked, "POST /x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: 2\r\n\r\n{}");
}

TEST_F(fetch_test, body_that_is_announced_too_long_is_refused) {
  fetch_it({.url = "http://127.0.0.1:8080/", .body_bytes_max = 4});
  expect_failure(errc::frame_too_long,
                 "fetch http://127.0.0.1:8080/: a body of 5 bytes; at most 4 "
                 "are wanted");
  EXPECT_FALSE(server.last().open());
}

TEST_F(fetch_test, body_that_grows_too_long_is_refused) {
  reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 1'000; ++i)
    reply += "3\r\nabc\r\n";
  fetch_it({.url = "http://127.0.0.1:8080/", .body_bytes_max = 100});
  expect_failure(errc::frame_too_long, "a body of more than 100 bytes");
}

TEST_F(fetch_test, answer_that_is_cut_short_is_a_failure) {
  reply = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello";
  closes = true;
  fetch_it({.url = "http://127.0.0.1:8080/"});
  expect_failure(errc::truncated_frame, "an answer that is cut short");
}

TEST_F(fetch_test, silence_ends_with_the_deadline) {
  reply = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello";
  fetch_request what{.url = "http://127.0.0.1:8080/"};
  what.ask.deadline = 2s;
  fetch_it(what);
  expect_failure(errc::connection_closed, "no answer within its deadline");
}

TEST_F(fetch_test, nobody_there_is_a_failure_that_names_the_endpoint) {
  fetch_it({.url = "http://127.0.0.1:1/"});
  expect_failure(errc::connect_failed, "Connection refused");
}

TEST_F(fetch_test, bad_urls_are_failures) {
  fetch_it({.url = "https://example.org/"});
  expect_failure(errc::malformed_frame, "only http is known");
  failure = {};
  fetch_it({.url = "example.org"});
  expect_failure(errc::malformed_frame, "bad URL");
}

TEST_F(fetch_test, length_without_a_body_is_not_too_long) {
  reply = "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n";
  fetch_it({.url = "http://127.0.0.1:8080/", .ask = {.verb = "HEAD"}});
  ASSERT_TRUE(got) << runtime::to_text(failure);
  EXPECT_EQ(got->fields.find("content-length"), "5000000");
}

} // namespace
} // namespace sluice::net::http

// The client against etcd's JSON gateway: a real server that keeps connections,
// and streams without an end.

#include "net/http/connect.h"
#include "net/http/fetch.h"
#include "runtime/error.h"
#include "tests/actors/cluster/etcd/etcd_process.h"
#include "tests/net/driven_loop.h"

#include <caf/send.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace sluice::net::http {
namespace {

using namespace std::chrono_literals;

class client_etcd_test : public testing::driven_loop {
protected:
  ~client_etcd_test() override { stop_loop(); }

  std::string url(const std::string& path) const { return etcd.url() + path; }

  std::string where() const {
    return "tcp://127.0.0.1:" + std::to_string(etcd.port());
  }

  fetched post(const std::string& path, const std::string& body) {
    std::optional<fetched> result;
    std::string failure;
    runtime::spawn_on(loop, [&](runtime::loop_actor* self) -> caf::behavior {
      fetch_request what{.url = url(path)};
      what.ask.verb = "POST";
      what.ask.body = byte_slice::copy(body);
      fetch(self, self->loop(), what)
          .then([&](fetched& x) { result = std::move(x); },
                [&](caf::error& x) { failure = runtime::to_text(x); });
      return {};
    });
    EXPECT_TRUE(until([&] { return result || !failure.empty(); }));
    EXPECT_EQ(failure, "");
    return result.value_or(fetched{});
  }

  testing::etcd_process etcd;
};

// "a" and "b" in base64 are "YQ==" and "Yg==".

TEST_F(client_etcd_test, keys_are_put_and_read) {
  auto put = post("/v3/kv/put", R"({"key":"YQ==","value":"Yg=="})");
  EXPECT_EQ(put.status, 200u);
  EXPECT_EQ(put.fields.find("content-type"), "application/json");
  auto got = post("/v3/kv/range", R"({"key":"YQ=="})");
  EXPECT_EQ(got.status, 200u);
  EXPECT_NE(got.body.find("\"value\":\"Yg==\""), std::string::npos) << got.body;
}

TEST_F(client_etcd_test, what_it_does_not_know_has_a_status) {
  EXPECT_EQ(post("/nowhere", "{}").status, 404u);
  EXPECT_EQ(post("/v3/kv/put", "no json").status, 400u);
}

TEST_F(client_etcd_test, many_requests_share_one_connection) {
  std::uint64_t ends = 0;
  std::string last;
  std::string failures;
  std::string port;
  auto client =
      connect(loop, where(), [&](client_broker* self) -> caf::behavior {
        for (int i = 0; i < 500; ++i) {
          client_request what{.verb = "POST", .target = "/v3/kv/put"};
          what.body = byte_slice::copy(R"({"key":"YQ==","value":"Yg=="})");
          self->send(what);
        }
        return {
            [&](const answer_head& x) {
              EXPECT_EQ(x.status, 200u);
              last.clear();
            },
            [&](const answer_part& x) { last += x.bytes.view(); },
            [&, self](const answer_end&) {
              ++ends;
              auto local = to_string(self->local());
              EXPECT_TRUE(port.empty() || port == local);
              port = local;
            },
            [&](const request_failed& x) {
              failures = runtime::to_text(x.reason);
            },
        };
      });
  ASSERT_TRUE(client);
  EXPECT_TRUE(until([&] { return ends == 500 || !failures.empty(); }));
  EXPECT_EQ(failures, "");
  EXPECT_NE(last.find("\"revision\":"), std::string::npos) << last;
  caf::anon_send(*client, net::close{});
}

TEST_F(client_etcd_test, watch_tells_what_happens_for_as_long_as_it_lasts) {
  std::string stream;
  std::optional<closed> end;
  std::optional<request_failed> failure;
  auto client =
      connect(loop, where(), [&](client_broker* self) -> caf::behavior {
        client_request what{
            .verb = "POST", .target = "/v3/watch", .deadline = 0s};
        what.body = byte_slice::copy(R"({"create_request":{"key":"YQ=="}})");
        self->send(what);
        return {
            [&](const answer_head& x) {
              EXPECT_EQ(x.status, 200u);
              EXPECT_EQ(x.body_size, std::nullopt);
            },
            [&](const answer_part& x) { stream += x.bytes.view(); },
            [&](const request_failed& x) { failure = x; },
            [&](const closed& x) { end = x; },
        };
      });
  ASSERT_TRUE(client);
  EXPECT_TRUE(until(
      [&] { return stream.find("\"created\":true") != std::string::npos; }));
  for (int i = 0; i < 3; ++i) {
    stream.clear();
    post("/v3/kv/put", R"({"key":"YQ==","value":"Yg=="})");
    EXPECT_TRUE(until([&] {
      return stream.find("\"value\":\"Yg==\"") != std::string::npos;
    })) << stream;
  }
  EXPECT_FALSE(failure);
  etcd.kill();
  EXPECT_TRUE(until([&] { return end.has_value(); }));
  ASSERT_TRUE(failure) << "a stream that breaks off is no answer";
  EXPECT_FALSE(failure->repeatable);
}

} // namespace
} // namespace sluice::net::http

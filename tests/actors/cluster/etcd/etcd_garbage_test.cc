#include "tests/actors/cluster/etcd/canned_server.h"
#include "tests/actors/cluster/etcd/etcd_case.h"
#include "tests/actors/cluster/etcd/etcd_process.h"

#include <deque>

namespace sluice::testing {

namespace {

using after = canned_server::after;

class etcd_garbage_test : public etcd_case {
protected:
  static etcd_options impatient(const std::string& url) {
    auto result = at(url);
    result.start_deadline = 1s;
    return result;
  }

  std::string end_of(node& x) {
    EXPECT_TRUE(until_ended(x));
    EXPECT_TRUE(is(x.why, errc::connect_failed));
    EXPECT_EQ(x.log.size(), 1u);
    EXPECT_FALSE(x.acts());
    auto text = runtime::to_text(x.why);
    EXPECT_NE(text.find("within 1 s"), std::string::npos) << text;
    return text;
  }

  /// What a node is told that finds no etcd there, after a second.
  std::string end_at(const std::string& url) {
    auto start = time.now();
    auto text = end_of(add("a", impatient(url)));
    EXPECT_GE(time.now() - start, 1s);
    return text;
  }

  static bool says(const std::string& text, const std::string& what) {
    return text.find(what) != std::string::npos;
  }
};

TEST_F(etcd_garbage_test, nobody_listens) {
  auto url = "http://127.0.0.1:" + std::to_string(free_port());
  auto text = end_at(url);
  EXPECT_TRUE(says(text, url)) << text;
  EXPECT_TRUE(says(text, "connect")) << text;
}

TEST_F(etcd_garbage_test, host_is_unknown) {
  auto text = end_at("http://no-such-host.invalid:2379");
  EXPECT_TRUE(says(text, "no-such-host.invalid")) << text;
}

TEST_F(etcd_garbage_test, listener_says_nothing) {
  canned_server server{"", after::keep_open};
  auto text = end_at(server.url());
  EXPECT_TRUE(says(text, server.url()) || says(text, "does not answer"))
      << text;
}

TEST_F(etcd_garbage_test, listener_hangs_up) {
  canned_server server{"", after::close};
  EXPECT_TRUE(says(end_at(server.url()), server.url()));
}

TEST_F(etcd_garbage_test, listener_does_not_speak_http) {
  canned_server server{"\x15\x03\x01\x00\x02\x02\x28", after::close};
  EXPECT_TRUE(says(end_at(server.url()), server.url()));
}

TEST_F(etcd_garbage_test, web_server_that_knows_no_such_page) {
  canned_server server{
      canned_server::http("404 Not Found", "<html>\x01nothing</html>"),
      after::keep_open};
  auto text = end_at(server.url());
  EXPECT_TRUE(says(text, "HTTP status 404: <html> nothing")) << text;
}

TEST_F(etcd_garbage_test, web_server_that_answers_with_a_page) {
  canned_server server{canned_server::http("200 OK", "<html>hello</html>"),
                       after::keep_open};
  auto text = end_at(server.url());
  EXPECT_TRUE(says(text, "no answer of etcd: <html>hello")) << text;
}

TEST_F(etcd_garbage_test, answers_in_json_of_somebody_else) {
  std::deque<canned_server> servers;
  for (auto body :
       {"{}", "[]", "7", "null", "{\"header\":7}", "{\"header\":{}}",
        "{\"header\":{\"cluster_id\":\"x\"}}",
        "{\"header\":{\"cluster_id\":\"1\"},\"kvs\":7}",
        "{\"header\":{\"cluster_id\":\"1\"},\"kvs\":[{\"key\":\"*\"}]}"})
    servers.emplace_back(canned_server::http("200 OK", body), after::keep_open);
  for (auto& x : servers)
    add("a", impatient(x.url()));
  for (auto& x : nodes) {
    auto text = end_of(x);
    EXPECT_TRUE(says(text, "no answer of etcd")) << text;
  }
}

TEST_F(etcd_garbage_test, answer_that_never_ends) {
  std::string endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 5; ++i)
    endless += canned_server::chunk(std::string(1024 * 1024, ' '));
  canned_server server{endless, after::close};
  auto text = end_at(server.url());
  EXPECT_TRUE(says(text, "more than")) << text;
}

TEST_F(etcd_garbage_test, deep_json) {
  canned_server server{
      canned_server::http("200 OK", std::string(1'000'000, '[')),
      after::keep_open};
  auto text = end_at(server.url());
  EXPECT_TRUE(says(text, "no answer of etcd")) << text;
}

} // namespace

} // namespace sluice::testing

#include "actors/cluster/etcd/etcd_options.h"

#include "runtime/error.h"

#include <gtest/gtest.h>

#include <functional>

namespace sluice::actors::cluster::etcd {

namespace {

using namespace std::chrono_literals;
using runtime::to_text;

/// What `check` says of options that differ from the defaults.
std::string why(const std::function<void(etcd_options&)>& change) {
  etcd_options x;
  change(x);
  auto error = x.check();
  return error ? to_text(error) : std::string{};
}

bool has(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

TEST(etcd_options_test, defaults_are_sound) {
  EXPECT_EQ(why([](auto&) {}), "");
}

TEST(etcd_options_test, several_endpoints_with_and_without_a_scheme) {
  auto all = read_servers("http://10.0.0.1:2379, b.example:1/ ,[::1]:65535");
  ASSERT_TRUE(all) << to_text(all.error());
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ(all->at(0).url, "http://10.0.0.1:2379");
  EXPECT_TRUE(all->at(0).is_numeric);
  EXPECT_EQ(all->at(1).url, "http://b.example:1");
  EXPECT_EQ(all->at(1).host, "b.example");
  EXPECT_EQ(all->at(1).port, 1);
  EXPECT_FALSE(all->at(1).is_numeric);
  EXPECT_EQ(all->at(2).url, "http://[::1]:65535");
}

TEST(etcd_options_test, bad_endpoint_is_named) {
  for (auto text : {"https://a:1", "tcp://a:1", "a", "a:", "a:0", "a:65536",
                    "*:1", "0.0.0.0:1", "http://", "a:1/path", "a b:1",
                    "user@a:1", "a:1,,b:2", "a:1,"})
    EXPECT_TRUE(has(why([&](auto& x) { x.endpoints = text; }), "bad endpoint"))
        << text;
  EXPECT_TRUE(has(why([](auto& x) { x.endpoints = "a:1,b:x"; }), "\"b:x\""));
  EXPECT_NE(why([](auto& x) { x.endpoints = ""; }), "");
}

TEST(etcd_options_test, too_many_endpoints_are_refused) {
  std::string all = "a:1";
  for (std::size_t i = 1; i < runtime::limits::etcd_endpoints_max; ++i)
    all += ",a:1";
  EXPECT_EQ(why([&](auto& x) { x.endpoints = all; }), "");
  EXPECT_NE(why([&](auto& x) { x.endpoints = all + ",a:1"; }), "");
}

TEST(etcd_options_test, what_cannot_be_is_refused) {
  EXPECT_TRUE(has(why([](auto& x) { x.cluster = "a/b"; }), "\"a/b\""));
  EXPECT_TRUE(has(why([](auto& x) { x.lease_ttl = 1s; }), "1 s is not in 2.."));
  EXPECT_NE(why([](auto& x) { x.lease_ttl = 86'401s; }), "");
  EXPECT_NE(why([](auto& x) { x.start_deadline = 0s; }), "");
  EXPECT_NE(why([](auto& x) { x.leave_deadline = -1s; }), "");
  EXPECT_NE(why([](auto& x) { x.retry = 0s; }), "");
  EXPECT_NE(why([](auto& x) { x.retry_max = x.retry - 1ns; }), "");
}

TEST(etcd_options_test, answers_come_several_times_within_a_lease) {
  etcd_options x;
  for (auto ttl : {2s, 10s, 100s}) {
    x.lease_ttl = ttl;
    EXPECT_LE(x.answer_deadline() * 4, ttl);
    EXPECT_GE(x.answer_deadline(), 500ms);
  }
}

} // namespace

} // namespace sluice::actors::cluster::etcd

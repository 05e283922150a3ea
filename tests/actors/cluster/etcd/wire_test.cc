#include "actors/cluster/etcd/wire.h"

#include "runtime/error.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

namespace sluice::actors::cluster::etcd {

namespace {

using namespace std::chrono_literals;
using runtime::errc;

bool is(const caf::error& x, errc code) {
  return x && x.category() == runtime::error_category
         && x.code() == static_cast<std::uint8_t>(code);
}

// What etcd 3.4.23 has answered.
#define HEADER                                                                 \
  R"("header":{"cluster_id":"324952591200643719",)"                            \
  R"("member_id":"3319814642761637952","revision":"3","raft_term":"2"})"

const std::string list =
    "{" HEADER R"(,"kvs":[{"key":"L3NsdWljZS9jL21lbWJlcnMvYQ==",)"
    R"("create_revision":"2","mod_revision":"3","version":"2",)"
    R"("value":"aGk=","lease":"2324035567227218440"}],"count":"1"})";

const std::string event =
    R"({"result":{)" HEADER
    R"(,"events":[{"kv":{"key":"YQ==","create_revision":"2",)"
    R"("mod_revision":"2","version":"1","value":"aGk=","lease":"5"}},)"
    R"({"type":"DELETE","kv":{"key":"YQ==","mod_revision":"3"}}]}})";

TEST(wire_test, list_of_keys) {
  auto x = read_list(list);
  ASSERT_TRUE(x) << runtime::to_text(x.error());
  EXPECT_EQ(x->head.cluster, 324952591200643719u);
  EXPECT_EQ(x->head.revision, 3u);
  ASSERT_EQ(x->keys.size(), 1u);
  auto& key = x->keys.front();
  EXPECT_EQ(key.key, "/sluice/c/members/a");
  EXPECT_EQ(key.value, "hi");
  EXPECT_EQ(key.created, 2u);
  EXPECT_EQ(key.modified, 3u);
  EXPECT_EQ(key.lease, 2324035567227218440);
}

TEST(wire_test, empty_list) {
  auto x = read_list("{" HEADER "}");
  ASSERT_TRUE(x);
  EXPECT_TRUE(x->keys.empty());
}

TEST(wire_test, granted_lease) {
  auto x = read_grant("{" HEADER R"(,"ID":"2324035567227218440","TTL":"10"})");
  ASSERT_TRUE(x);
  EXPECT_EQ(x->lease, 2324035567227218440);
  EXPECT_EQ(x->ttl, 10s);
  EXPECT_FALSE(read_grant("{" HEADER R"(,"ID":"1"})"));
  EXPECT_FALSE(read_grant("{" HEADER R"(,"TTL":"10"})"));
  EXPECT_FALSE(read_grant("{" HEADER R"(,"ID":"1","TTL":"-10"})"));
}

TEST(wire_test, time_to_live_has_no_end_of_the_world_in_it) {
  auto x = read_grant("{" HEADER R"(,"ID":"1","TTL":"9223372036854775807"})");
  ASSERT_TRUE(x);
  EXPECT_GT(runtime::duration{x->ttl}, 0s);
}

TEST(wire_test, renewed_lease_and_one_that_is_gone) {
  auto x = read_renewal(R"({"result":{)" HEADER R"(,"ID":"123","TTL":"10"}})"
                        "\n");
  ASSERT_TRUE(x);
  EXPECT_EQ(x->ttl, 10s);
  x = read_renewal(R"({"result":{)" HEADER R"(,"ID":"123"}})");
  ASSERT_TRUE(x);
  EXPECT_EQ(x->ttl, 0s);
}

TEST(wire_test, transaction_that_succeeded_and_one_that_found_somebody) {
  auto x = read_txn("{" HEADER R"(,"succeeded":true,)"
                    R"("responses":[{"response_put":{"header":{}}}]})");
  ASSERT_TRUE(x);
  EXPECT_TRUE(x->succeeded);
  EXPECT_FALSE(x->holder);
  x = read_txn("{" HEADER R"(,"responses":[{"response_range":{"kvs":)"
               R"([{"key":"YQ==","lease":"7"}],"count":"1"}}]})");
  ASSERT_TRUE(x);
  EXPECT_FALSE(x->succeeded);
  ASSERT_TRUE(x->holder);
  EXPECT_EQ(x->holder->lease, 7);
  x = read_txn("{" HEADER R"(,"responses":[{"response_range":{}}]})");
  ASSERT_TRUE(x);
  EXPECT_FALSE(x->holder);
}

TEST(wire_test, key_is_deleted_in_one_life_only) {
  auto x = ask_delete("a", 7);
  EXPECT_STREQ(x.path, "/v3/kv/txn");
  EXPECT_EQ(x.body, R"({"compare":[{"create_revision":"7","key":"YQ==",)"
                    R"("target":"CREATE"}],)"
                    R"("success":[{"request_delete_range":{"key":"YQ=="}}]})");
}

TEST(wire_test, watch_that_begins_and_its_events) {
  auto x = read_watch(R"({"result":{)" HEADER R"(,"created":true}})");
  ASSERT_TRUE(x);
  EXPECT_TRUE(x->created);
  EXPECT_TRUE(x->events.empty());
  x = read_watch(event);
  ASSERT_TRUE(x) << runtime::to_text(x.error());
  ASSERT_EQ(x->events.size(), 2u);
  EXPECT_FALSE(x->events[0].deleted);
  EXPECT_EQ(x->events[0].what.value, "hi");
  EXPECT_TRUE(x->events[1].deleted);
  EXPECT_EQ(x->events[1].what.modified, 3u);
}

TEST(wire_test, watch_that_is_canceled_by_a_compaction) {
  auto x = read_watch(R"({"result":{)" HEADER
                      R"(,"canceled":true,"compact_revision":"3"}})");
  ASSERT_TRUE(x);
  EXPECT_TRUE(x->canceled);
  EXPECT_EQ(x->compacted, 3u);
}

TEST(wire_test, errors_in_etcds_words) {
  auto x = read_error(
      404, R"({"error":"etcdserver: requested lease not found",)"
           R"("message":"etcdserver: requested lease not found","code":5})");
  EXPECT_TRUE(is(x, errc::unknown_name));
  EXPECT_NE(runtime::to_text(x).find("requested lease"), std::string::npos);
  x = read_error(503, R"({"error":"etcdserver: no leader","code":14})");
  EXPECT_TRUE(is(x, errc::connection_closed));
  x = read_error(404, "Not Found\n");
  EXPECT_TRUE(is(x, errc::connection_closed));
  EXPECT_NE(runtime::to_text(x).find("404: Not Found"), std::string::npos);
  // In a stream.
  auto y = read_watch(R"({"error":{"grpc_code":14,"http_code":503,)"
                      R"("message":"stream lost","http_status":"x"}})");
  ASSERT_FALSE(y);
  EXPECT_NE(runtime::to_text(y.error()).find("stream lost"), std::string::npos);
}

TEST(wire_test, somebody_elses_text_is_cut_in_an_error) {
  auto text = runtime::to_text(read_error(500, std::string(100'000, 'x')));
  EXPECT_LT(text.size(), 300u);
}

TEST(wire_test, what_is_not_etcds_is_malformed) {
  for (auto text :
       {"", "x", "{}", "[]", "7", "{\"header\":7}", "{\"header\":{}}",
        "{" HEADER ",\"kvs\":7}", "{" HEADER ",\"kvs\":[7]}",
        "{" HEADER R"(,"kvs":[{"key":7}]})",
        "{" HEADER R"(,"kvs":[{"key":"Z"}]})",
        "{" HEADER R"(,"kvs":[{"lease":"1x"}]})",
        "{" HEADER R"(,"kvs":[{"lease":""}]})",
        "{" HEADER R"(,"kvs":[{"lease":1.5}]})",
        "{" HEADER R"(,"kvs":[{"mod_revision":"18446744073709551616"}]})",
        "{" HEADER R"(,"kvs":[{"mod_revision":-1}]})"}) {
    auto x = read_list(text);
    ASSERT_FALSE(x) << text;
    EXPECT_TRUE(is(x.error(), errc::malformed_frame)) << text;
  }
  for (auto text :
       {R"([{"type":"OTHER","kv":{"key":"YQ==","mod_revision":"3"}}])",
        R"([{"type":"DELETE"}])", R"([{"kv":{"mod_revision":"3"}}])",
        R"([{"kv":{"key":"YQ=="}}])", R"([7])", R"({})"})
    EXPECT_FALSE(read_watch(R"({"result":{)" HEADER R"(,"events":)"
                            + std::string{text} + "}}"))
        << text;
}

TEST(wire_test, damaged_answers_do_no_harm) {
  testing::for_each_seed(5'000, [](auto seed) {
    testing::random_source chance{seed};
    auto text = chance.per_mille(500) ? list : event;
    for (auto n = chance.between(1u, 5u); n > 0; --n) {
      auto at = chance.below(text.size());
      if (chance.per_mille(500))
        text[at] = static_cast<char>(chance.below(256));
      else
        text.erase(at, chance.size_between(1, 50));
      if (text.empty())
        break;
    }
    // Whatever comes of it: an answer or an error.
    read_list(text);
    read_watch(text);
    read_txn(text);
    read_renewal(text);
    read_error(500, text);
  });
}

} // namespace

} // namespace sluice::actors::cluster::etcd

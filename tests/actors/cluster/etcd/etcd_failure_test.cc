#include "tests/actors/cluster/etcd/etcd_case.h"
#include "tests/actors/cluster/etcd/etcd_process.h"
#include "tests/actors/cluster/etcd/tcp_relay.h"

#include "actors/cluster/etcd/member_record.h"

namespace sluice::testing {

namespace {

class etcd_failure_test : public etcd_case {
protected:
  node& join(const std::string& name, const etcd_options& options) {
    auto& x = add(name, options);
    EXPECT_TRUE(until_told(x, "gained " + name));
    return x;
  }

  node& join(const std::string& name, std::chrono::seconds lease = 20s) {
    return join(name, at(server.url(), lease));
  }

  etcd_process server;
};

TEST_F(etcd_failure_test,
       etcd_killed_and_restarted_within_a_lease_is_no_change) {
  auto options = at(server.url());
  auto& a = join("a", options);
  auto& b = join("b", options);
  EXPECT_TRUE(until_told(a, "joined b"));
  server.kill();
  pass(500ms);
  server.start();
  // The watches go on.
  auto& c = join("c", options);
  EXPECT_TRUE(until_told(a, "joined c"));
  EXPECT_TRUE(until_told(b, "joined c"));
  EXPECT_EQ(a.log, (strings{"joined a", "gained a", "joined b", "joined c"}));
  EXPECT_EQ(b.log, (strings{"joined a", "joined b", "gained b", "joined c"}));
  EXPECT_TRUE(a.acts());
  leave(c);
  EXPECT_TRUE(until_told(a, "left c"));
}

TEST_F(etcd_failure_test, etcd_away_for_long_stops_all_and_nobody_is_down) {
  auto& a = join("a", 2s);
  auto& b = join("b", 2s);
  EXPECT_TRUE(until_told(a, "joined b"));
  server.kill();
  EXPECT_TRUE(until_told(a, "lost"));
  EXPECT_TRUE(until_told(b, "lost"));
  EXPECT_FALSE(a.acts());
  pass(1s);
  server.start();
  EXPECT_TRUE(until([&] { return a.count("gained a") == 2; }));
  EXPECT_TRUE(until([&] { return b.count("gained b") == 2; }));
  // etcd gave the leases their full time again, and nobody saw them end.
  EXPECT_EQ(a.lives.at(0), a.lives.at(1));
  EXPECT_EQ(b.lives.at(0), b.lives.at(1));
  auto& c = join("c");
  EXPECT_TRUE(until_told(a, "joined c"));
  EXPECT_EQ(list_of(c), (strings{"a", "b", "c"}));
  EXPECT_FALSE(a.has("down a") || a.has("down b"));
}

TEST_F(etcd_failure_test, etcd_killed_again_and_again_under_churn) {
  auto options = at(server.url());
  auto& a = join("a", options);
  auto& b = join("b", options);
  for (int i = 0; i < 4; ++i) {
    auto& x = add("x" + std::to_string(i), options);
    if (i % 2 != 0) {
      EXPECT_TRUE(until_told(x, "gained x" + std::to_string(i)));
    }
    server.kill();
    pass(50ms * i);
    server.start();
    EXPECT_TRUE(until_told(x, "gained x" + std::to_string(i)));
    leave(x);
    EXPECT_TRUE(until_ended(x));
    EXPECT_FALSE(x.why) << runtime::to_text(x.why);
  }
  EXPECT_TRUE(until([&] { return a.count("left x3") == 1; }));
  EXPECT_TRUE(until([&] { return b.count("left x3") == 1; }));
  // But for what was there before it.
  EXPECT_EQ(a.changes, b.changes);
  EXPECT_EQ(list_of(a), (strings{"a", "b"}));
  EXPECT_FALSE(a.has("lost") || b.has("lost"));
}

TEST_F(etcd_failure_test, node_that_is_cut_off_is_down_for_the_others) {
  tcp_relay line{server.port()};
  auto& a = join("a");
  auto& b = join("b", at(line.url(), 2s));
  EXPECT_TRUE(until_told(a, "joined b"));
  line.cut();
  EXPECT_TRUE(until_told(a, "down b"));
  // Its lease is over, whether it has been told or not.
  EXPECT_FALSE(b.acts());
  EXPECT_TRUE(until_told(b, "lost"));
  EXPECT_FALSE(b.has("down b"));
  line.heal();
  EXPECT_TRUE(until([&] { return b.count("gained b") == 2; }));
  EXPECT_TRUE(until([&] { return a.count("joined b") == 2; }));
  EXPECT_GT(b.lives.at(1).incarnation, b.lives.at(0).incarnation);
  EXPECT_EQ(a.changes, b.changes);
  EXPECT_FALSE(a.has("lost"));
}

TEST_F(etcd_failure_test, watch_that_was_away_goes_on_where_it_was) {
  tcp_relay line{server.port()};
  auto options = at(line.url());
  auto& a = join("a", options);
  auto& b = join("b");
  EXPECT_TRUE(until_told(a, "joined b"));
  line.cut();
  for (int i = 0; i < 3; ++i) {
    auto& x = join("x");
    leave(x);
    EXPECT_TRUE(until_ended(x));
  }
  EXPECT_TRUE(until([&] { return b.count("left x") == 3; }));
  EXPECT_FALSE(a.has("joined x"));
  line.heal();
  EXPECT_TRUE(until([&] { return a.count("left x") == 3; }));
  EXPECT_EQ(a.changes, b.changes);
  EXPECT_FALSE(a.has("lost"));
}

TEST_F(etcd_failure_test, what_etcd_has_forgotten_is_told_as_a_difference) {
  tcp_relay line{server.port()};
  auto options = at(line.url());
  auto& a = join("a", options);
  auto& gone = join("gone");
  EXPECT_TRUE(until_told(a, "joined gone"));
  line.cut();
  leave(gone);
  EXPECT_TRUE(until_ended(gone));
  auto& brief = join("brief");
  leave(brief);
  EXPECT_TRUE(until_ended(brief));
  auto& b = join("b");
  server.compact(server.revision());
  line.heal();
  EXPECT_TRUE(until_told(a, "joined b"));
  EXPECT_EQ(a.log, (strings{"joined a", "gained a", "joined gone", "down gone",
                            "joined b"}));
  EXPECT_TRUE(std::ranges::is_sorted(a.changes, {}, &cluster::change::at));
  // And the watch goes on from there.
  leave(b);
  EXPECT_TRUE(until_told(a, "left b"));
}

TEST_F(etcd_failure_test, compaction_while_watching_is_not_noticed) {
  auto& a = join("a");
  join("b");
  server.compact(server.revision());
  join("c");
  EXPECT_TRUE(until_told(a, "joined c"));
  EXPECT_EQ(a.log, (strings{"joined a", "gained a", "joined b", "joined c"}));
}

TEST_F(etcd_failure_test, watch_that_has_become_silent_is_begun_anew) {
  tcp_relay line{server.port()};
  auto options = at(line.url(), 6s);
  auto& a = join("a", options);
  line.silence();
  auto& b = join("b");
  EXPECT_TRUE(until_told(a, "joined b"));
  EXPECT_EQ(a.changes, b.changes);
  EXPECT_FALSE(a.has("lost"));
}

TEST_F(etcd_failure_test, etcd_that_has_lost_everything_is_joined_again) {
  auto& a = join("a", 3s);
  auto& b = join("b", 3s);
  for (int i = 0; i < 50; ++i)
    server.put("/something", "else");
  EXPECT_TRUE(until_told(a, "joined b"));
  server.kill();
  server.forget();
  server.start();
  EXPECT_TRUE(until([&] { return a.count("gained a") == 2; }));
  EXPECT_TRUE(until([&] { return b.count("gained b") == 2; }));
  auto& c = join("c");
  EXPECT_TRUE(until_told(a, "joined c"));
  EXPECT_TRUE(until([&] { return list_of(a) == strings{"a", "b", "c"}; }));
  EXPECT_EQ(list_of(c), (strings{"a", "b", "c"}));
}

TEST_F(etcd_failure_test, leaving_without_etcd_ends_with_an_error) {
  auto options = at(server.url());
  options.leave_deadline = 500ms;
  auto& a = join("a", options);
  server.kill();
  leave(a);
  EXPECT_TRUE(until_ended(a));
  EXPECT_TRUE(is(a.why, errc::connect_failed));
}

TEST_F(etcd_failure_test, second_of_two_etcds_takes_over) {
  tcp_relay line{server.port()};
  auto options = at(line.url() + "," + server.url(), 6s);
  auto& a = join("a", options);
  line.cut();
  join("b");
  EXPECT_TRUE(until_told(a, "joined b"));
  pass(3s); // a renewal
  EXPECT_EQ(a.log, (strings{"joined a", "gained a", "joined b"}));
}

} // namespace

} // namespace sluice::testing

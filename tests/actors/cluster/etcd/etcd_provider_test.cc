#include "tests/actors/cluster/etcd/etcd_case.h"
#include "tests/actors/cluster/etcd/etcd_process.h"

#include "actors/cluster/etcd/member_record.h"

namespace sluice::testing {

namespace {

class etcd_provider_test : public etcd_case {
protected:
  static std::string key_of(const std::string& name) {
    return cluster::etcd::member_prefix("default") + name;
  }

  node& join(const std::string& name, std::chrono::seconds lease = 20s) {
    auto& x = add(name, at(server.url(), lease));
    EXPECT_TRUE(until_told(x, "gained " + name));
    return x;
  }

  etcd_process server;
};

TEST_F(etcd_provider_test, first_node_is_told_itself_and_then_gains) {
  auto& a = join("a");
  EXPECT_EQ(a.log, (strings{"joined a", "gained a"}));
  EXPECT_TRUE(a.acts());
  auto& self = a.lives.at(0);
  EXPECT_GT(self.incarnation, 0u);
  EXPECT_EQ(self.endpoint, "tcp://a:1");
  EXPECT_EQ(self.remote, "remote");
  EXPECT_EQ(self.roles, (strings{"kv", "db"}));
  EXPECT_EQ(a.changes.at(0).who, self);
  EXPECT_EQ(a.changes.at(0).at.seq, self.incarnation);
}

TEST_F(etcd_provider_test, later_node_is_told_who_is_there_first) {
  auto& a = join("a");
  auto& b = join("b");
  EXPECT_EQ(b.log, (strings{"joined a", "joined b", "gained b"}));
  EXPECT_TRUE(until_told(a, "joined b"));
  EXPECT_EQ(a.changes, b.changes);
}

TEST_F(etcd_provider_test, three_nodes_see_the_same_changes_in_the_same_order) {
  auto& a = add("a", at(server.url()));
  auto& b = add("b", at(server.url()));
  auto& c = add("c", at(server.url()));
  for (auto x : {&a, &b, &c})
    EXPECT_TRUE(until([&] { return list_of(*x) == strings{"a", "b", "c"}; }));
  for (int i = 0; i < 10; ++i) {
    auto& d = join("d" + std::to_string(i));
    if (i % 2 == 0)
      leave(d);
  }
  leave(b);
  EXPECT_TRUE(until_told(b, "ended"));
  auto& last = join("last");
  for (auto x : {&a, &c})
    EXPECT_TRUE(until([&] { return x->changes.size() == 3 + 10 + 5 + 2u; }));
  EXPECT_EQ(a.changes, c.changes);
  EXPECT_TRUE(
      std::ranges::is_sorted(a.changes, {}, [](auto& x) { return x.at; }));
  EXPECT_EQ(list_of(last), list_of(a));
}

TEST_F(etcd_provider_test, who_leaves_has_left_at_once) {
  auto& a = join("a");
  auto& b = join("b");
  leave(b);
  EXPECT_TRUE(until_told(b, "ended"));
  EXPECT_EQ(b.log.at(b.log.size() - 2), "lost");
  EXPECT_FALSE(b.acts());
  EXPECT_FALSE(server.has_key(key_of("b")));
  EXPECT_TRUE(until_ended(b));
  EXPECT_TRUE(until_told(a, "left b"));
  EXPECT_FALSE(a.has("down b"));
}

TEST_F(etcd_provider_test, leaving_before_anything_was_answered_ends_it) {
  auto& a = add("a", at(server.url()));
  leave(a);
  EXPECT_TRUE(until_told(a, "ended"));
  EXPECT_FALSE(server.has_key(key_of("a")));
}

TEST_F(etcd_provider_test, second_node_of_a_name_is_told_who_has_it) {
  auto& a = join("a");
  auto& other = add("a", at(server.url()), "tcp://elsewhere:2");
  EXPECT_TRUE(until_ended(other));
  EXPECT_TRUE(is(other.why, errc::name_taken));
  auto text = runtime::to_text(other.why);
  EXPECT_NE(text.find("tcp://a:1"), std::string::npos) << text;
  EXPECT_FALSE(other.acts());
  pass(100ms);
  EXPECT_EQ(a.log, (strings{"joined a", "gained a"}));
}

TEST_F(etcd_provider_test, earlier_life_at_the_same_endpoint_gives_way) {
  auto& b = join("b");
  auto& a = join("a");
  a.frozen = true; // as if it were dead
  auto& again = add("a", at(server.url()));
  EXPECT_TRUE(until_told(again, "gained a"));
  EXPECT_GT(again.lives.at(0).incarnation, a.lives.at(0).incarnation);
  EXPECT_TRUE(until([&] { return b.count("joined a") == 2; }));
  EXPECT_EQ(b.log, (strings{"joined b", "gained b", "joined a", "down a",
                            "joined a"}));
  // It was alive: the one that came later stays.
  a.frozen = false;
  EXPECT_TRUE(until_ended(a));
  EXPECT_TRUE(is(a.why, errc::name_taken));
  EXPECT_TRUE(again.acts());
  EXPECT_EQ(again.count("gained a"), 1u);
}

TEST_F(etcd_provider_test,
       frozen_node_is_down_and_comes_back_in_its_next_life) {
  auto& a = join("a", 2s);
  auto& b = join("b");
  a.frozen = true;
  EXPECT_TRUE(until_told(b, "down a"));
  // It need not have been told anything to know.
  EXPECT_FALSE(a.acts());
  a.frozen = false;
  EXPECT_TRUE(until([&] { return a.count("gained a") == 2; }));
  EXPECT_TRUE(until([&] { return b.count("joined a") == 2; }));
  EXPECT_TRUE(a.has("lost"));
  EXPECT_EQ(b.count("down a"), 1u);
  EXPECT_GT(a.lives.at(1).incarnation, a.lives.at(0).incarnation);
  EXPECT_EQ(list_of(a), (strings{"a", "b"}));
  EXPECT_FALSE(b.has("lost"));
}

TEST_F(etcd_provider_test, nodes_stay_members_for_many_times_their_lease) {
  auto& a = join("a", 3s);
  auto& b = join("b", 3s);
  pass(10s);
  EXPECT_EQ(a.log, (strings{"joined a", "gained a", "joined b"}));
  EXPECT_EQ(b.log, (strings{"joined a", "joined b", "gained b"}));
  EXPECT_TRUE(a.acts());
}

TEST_F(etcd_provider_test, key_that_somebody_deletes_is_put_again) {
  auto& a = join("a");
  server.remove(key_of("a"));
  EXPECT_TRUE(until([&] { return a.count("gained a") == 2; }));
  EXPECT_EQ(a.log, (strings{"joined a", "gained a", "down a", "lost",
                            "joined a", "gained a"}));
}

TEST_F(etcd_provider_test, keys_that_are_not_of_members_are_passed_over) {
  server.put(key_of("x"), "not JSON");
  server.put(key_of("y/z"), "{}");
  server.put("/sluice/default/other", "{}");
  auto& a = join("a");
  server.put(key_of("w"), "{\"roles\":7}");
  server.remove(key_of("w"));
  join("b");
  EXPECT_TRUE(until_told(a, "joined b"));
  EXPECT_EQ(list_of(a), (strings{"a", "b"}));
}

TEST_F(etcd_provider_test, name_of_a_foreign_key_is_refused) {
  server.put(key_of("x"), "not JSON");
  auto& x = add("x", at(server.url()));
  EXPECT_TRUE(until_ended(x));
  EXPECT_TRUE(is(x.why, errc::name_taken));
}

TEST_F(etcd_provider_test, clusters_do_not_see_each_other) {
  auto options = at(server.url());
  options.cluster = "other";
  auto& a = join("a");
  auto& other = add("a", options, "tcp://elsewhere:2");
  EXPECT_TRUE(until_told(other, "gained a"));
  EXPECT_EQ(other.changes.size(), 1u);
  pass(100ms);
  EXPECT_EQ(a.changes.size(), 1u);
}

TEST_F(etcd_provider_test, host_names_are_looked_up) {
  auto& a = add("a", at("localhost:" + std::to_string(server.port())));
  EXPECT_TRUE(until_told(a, "gained a"));
}

TEST_F(etcd_provider_test, endpoint_that_does_not_answer_is_passed_by) {
  auto dead = "127.0.0.1:" + std::to_string(free_port());
  auto& a = add("a", at(dead + "," + server.url()));
  EXPECT_TRUE(until_told(a, "gained a"));
}

TEST_F(etcd_provider_test, provider_ends_with_its_node) {
  auto& a = join("a");
  caf::anon_send_exit(a.inbox, caf::exit_reason::kill);
  EXPECT_TRUE(until([&] { return a.over; }));
  EXPECT_FALSE(a.acts());
}

TEST_F(etcd_provider_test, member_whose_process_is_dead_is_not_waited_for) {
  auto& a = join("a", 10s);
  auto& b = join("b", 10s);
  auto& c = join("c", 10s);
  EXPECT_TRUE(until_told(a, "joined c"));
  EXPECT_TRUE(until_told(b, "joined c"));
  caf::anon_send_exit(c.inbox, caf::exit_reason::kill);
  EXPECT_TRUE(until([&] { return c.over; }));
  EXPECT_TRUE(server.has_key(key_of("c")));
  // Within 10 s it could be the end of the lease.
  auto say = [&](const cluster::member& who) {
    caf::anon_send(a.provider, cluster::member_unreachable{who});
  };
  say(c.lives.at(0));
  EXPECT_TRUE(until([&] { return a.has("down c") && b.has("down c"); }, 2s));
  EXPECT_EQ(a.changes.back(), b.changes.back());
  // It comes back, and is not taken for the one that died.
  auto& again = join("c", 10s);
  EXPECT_TRUE(until([&] { return a.count("joined c") == 2; }));
  say(c.lives.at(0));
  // Whatever came of that would have been told before this.
  auto& d = join("d", 10s);
  leave(d);
  EXPECT_TRUE(until_told(a, "left d"));
  EXPECT_EQ(a.count("down c"), 1u);
  EXPECT_TRUE(again.acts());
  EXPECT_FALSE(again.has("lost"));
}

TEST_F(etcd_provider_test, options_that_cannot_be_are_told) {
  auto options = at(server.url());
  options.lease_ttl = 0s;
  auto& a = add("a", options);
  EXPECT_TRUE(until_ended(a));
  EXPECT_TRUE(is(a.why, errc::bad_setting));
  auto& b = add("with/slash", at(server.url()));
  EXPECT_TRUE(until_ended(b));
  EXPECT_TRUE(is(b.why, errc::bad_setting));
}

} // namespace

} // namespace sluice::testing

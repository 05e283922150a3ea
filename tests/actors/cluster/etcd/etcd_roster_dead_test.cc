// Members whose processes are dead.

#include "tests/actors/cluster/etcd/roster_case.h"

#include <chrono>

namespace sluice::testing {

namespace {

class etcd_roster_dead_test : public roster_case {
protected:
  using roster_case::roster_case;

  /// Another node joins, and is in this one's list. Its roster is gone.
  cluster::member add_dead(const std::string& name) {
    etcd_roster other{{name, 0, "tcp://" + name + ":1", "", {}}, options(), 1};
    other.start(now);
    for (int i = 0; i < 3; ++i) {
      auto reply = etcd.post(now, *other.ask(now));
      other.answer(now, reply.status, reply.text);
    }
    watch();
    told();
    auto found = roster.list().find(name);
    EXPECT_NE(found, nullptr);
    return found != nullptr ? found->who : cluster::member{};
  }

  static std::string key_of(const std::string& name) {
    return member_prefix("default") + name;
  }

  /// Settles what is due now, so that nothing but the dead is left to ask for.
  void join_and_settle() {
    join();
    advance(900ms);
    settle();
    EXPECT_EQ(ask(), "");
  }
};

TEST_F(etcd_roster_dead_test, dead_member_is_down_before_its_lease_has_ended) {
  join_and_settle();
  auto b = add_dead("b");
  roster.unreachable(now, b);
  EXPECT_EQ(roster.due(), now);
  EXPECT_EQ(ask(), "/v3/kv/txn");
  answer();
  EXPECT_EQ(etcd.life(key_of("b")), 0u);
  EXPECT_EQ(told(), strings{}); // the watch says so, in its order
  watch();
  EXPECT_EQ(told(), strings{"down b 3"});
  EXPECT_EQ(ask(), "");
}

TEST_F(etcd_roster_dead_test, who_said_that_it_leaves_has_left) {
  join_and_settle();
  auto b = add_dead("b");
  auto record = record_of(b);
  record.leaving = true;
  auto lease = etcd.lease_of(key_of("b"));
  etcd.post(now,
            ask_replace(key_of("b"), *to_text(record), lease, b.incarnation));
  watch();
  roster.unreachable(now, b);
  ask();
  answer();
  watch();
  EXPECT_EQ(told(), strings{"left b 3"});
}

TEST_F(etcd_roster_dead_test, next_life_is_not_touched) {
  join_and_settle();
  auto b = add_dead("b");
  roster.unreachable(now, b);
  // It is back before the question arrives, and this node has not heard of it.
  EXPECT_EQ(ask(), "/v3/kv/txn");
  etcd.remove(key_of("b"));
  etcd_roster other{{"b", 0, "tcp://b:1", "", {}}, options(), 1};
  other.start(now);
  for (int i = 0; i < 3; ++i) {
    auto reply = etcd.post(now, *other.ask(now));
    other.answer(now, reply.status, reply.text);
  }
  auto life = etcd.life(key_of("b"));
  EXPECT_GT(life, b.incarnation);
  answer();
  EXPECT_EQ(etcd.life(key_of("b")), life);
  watch();
  // What is said of the earlier life now is old news.
  roster.unreachable(now, b);
  EXPECT_EQ(ask(), "");
  EXPECT_EQ(told(), (strings{"down b 3", "joined b 5"}));
}

TEST_F(etcd_roster_dead_test, itself_and_strangers_are_passed_over) {
  join_and_settle();
  roster.unreachable(now, roster.list().find("a")->who);
  roster.unreachable(now, {"b", 3, "tcp://b:1", "", {}});
  EXPECT_EQ(ask(), "");
  EXPECT_GT(roster.due(), now);
}

TEST_F(etcd_roster_dead_test, renewal_goes_first) {
  join_and_settle();
  auto b = add_dead("b");
  now = time_point{1'003s};
  roster.unreachable(now, b);
  EXPECT_EQ(ask(), "/v3/lease/keepalive");
  answer();
  EXPECT_EQ(ask(), "/v3/kv/txn");
}

TEST_F(etcd_roster_dead_test, said_often_it_is_asked_once_in_a_while) {
  join_and_settle();
  auto b = add_dead("b");
  roster.unreachable(now, b);
  EXPECT_EQ(ask(), "/v3/kv/txn");
  answer();
  for (int i = 0; i < 5; ++i)
    roster.unreachable(now, b);
  EXPECT_EQ(ask(), "");
  // The watch is silent, so it has to be asked whether that was all.
  EXPECT_EQ(roster.due(), now + 900ms);
  advance(900ms);
  EXPECT_EQ(ask(), "/v3/kv/txn");
}

TEST_F(etcd_roster_dead_test, answer_that_is_an_error_is_no_trouble) {
  join_and_settle();
  auto b = add_dead("b");
  roster.unreachable(now, b);
  EXPECT_EQ(ask(), "/v3/kv/txn");
  roster.answer(now, 403, R"({"error":"permission denied","code":7})");
  EXPECT_TRUE(roster.watching());
  EXPECT_EQ(roster.acts_until(), time_point{1'009s});
  EXPECT_EQ(told(), strings{});
  // No pause for what matters more.
  now = time_point{1'003s};
  EXPECT_EQ(ask(), "/v3/lease/keepalive");
  answer();
  EXPECT_EQ(ask(), "/v3/kv/txn");
}

TEST_F(etcd_roster_dead_test, lost_question_is_asked_again) {
  join_and_settle();
  auto b = add_dead("b");
  roster.unreachable(now, b);
  ask();
  fail();
  advance(100ms);
  EXPECT_EQ(ask(), "/v3/kv/txn");
  answer();
  watch();
  EXPECT_EQ(told(), strings{"down b 3"});
}

TEST_F(etcd_roster_dead_test, what_was_said_is_forgotten_after_a_lease) {
  join_and_settle();
  auto b = add_dead("b");
  roster.unreachable(now, b);
  auto until = now + options().lease_ttl;
  // Renewals go on, so the node stays what it is.
  while (now < until) {
    if (ask() == "/v3/kv/txn")
      roster.answer(now, 403, "no");
    else if (asked)
      answer();
    etcd.restart(now); // b's lease, too
    advance(100ms);
  }
  EXPECT_NE(etcd.life(key_of("b")), 0u);
  for (int i = 0; i < 50; ++i) {
    EXPECT_NE(ask(), "/v3/kv/txn");
    if (asked)
      answer();
    etcd.restart(now);
    advance(100ms);
  }
}

TEST_F(etcd_roster_dead_test, node_that_leaves_buries_nobody) {
  join_and_settle();
  auto b = add_dead("b");
  roster.unreachable(now, b);
  roster.leave(now);
  roster.unreachable(now, b);
  settle();
  EXPECT_TRUE(roster.ended());
  EXPECT_EQ(etcd.life(key_of("b")), b.incarnation);
}

TEST_F(etcd_roster_dead_test, all_of_several_are_buried) {
  join_and_settle();
  auto b = add_dead("b");
  auto c = add_dead("c");
  roster.unreachable(now, b);
  roster.unreachable(now, c);
  settle();
  EXPECT_EQ(told(), (strings{"down b 3", "down c 4"}));
}

} // namespace

} // namespace sluice::testing

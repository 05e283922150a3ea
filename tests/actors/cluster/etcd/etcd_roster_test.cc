#include "tests/actors/cluster/etcd/roster_case.h"

namespace sluice::testing {

namespace {

class etcd_roster_test : public roster_case {
protected:
  using roster_case::roster_case;
};

TEST_F(etcd_roster_test, list_lease_and_key_in_this_order) {
  EXPECT_EQ(ask(), "/v3/kv/range");
  EXPECT_EQ(roster.ask(now), std::nullopt); // one at a time
  answer();
  EXPECT_EQ(ask(), "/v3/lease/grant");
  answer();
  EXPECT_EQ(ask(), "/v3/kv/txn");
  answer();
  EXPECT_EQ(told(), strings{}); // until the watch has shown it
  EXPECT_EQ(roster.acts_until(), time_point::min());
  watch();
  EXPECT_EQ(told(), (strings{"joined a 2", "gained 2"}));
}

TEST_F(etcd_roster_test, node_acts_from_the_time_at_which_it_asked) {
  ask();
  answer();
  EXPECT_EQ(ask(), "/v3/lease/grant");
  auto sent = now;
  now += 1s;
  answer();
  settle();
  EXPECT_EQ(roster.acts_until(), sent + 9s);
  now = sent + 3s;
  EXPECT_EQ(ask(), "/v3/lease/keepalive");
  sent = now;
  now += 2s;
  answer();
  EXPECT_EQ(roster.acts_until(), sent + 9s);
}

TEST_F(etcd_roster_test,
       lease_is_renewed_at_a_third_and_then_the_list_is_read) {
  join();
  now += 900ms; // the first look after the claim
  settle();
  while (roster.due() < time_point{1'003s}) {
    now = roster.due();
    settle();
  }
  EXPECT_EQ(roster.due(), time_point{1'003s});
  now = time_point{1'003s} - 1ns;
  EXPECT_EQ(ask(), "");
  now += 1ns;
  EXPECT_EQ(ask(), "/v3/lease/keepalive");
}

TEST_F(etcd_roster_test, renewal_comes_before_everything_else) {
  join();
  now += 4s; // a look at the list is due as well
  EXPECT_EQ(ask(), "/v3/lease/keepalive");
  answer();
  EXPECT_EQ(ask(), "/v3/kv/range");
}

TEST_F(etcd_roster_test, claim_whose_answer_is_lost_is_found_again) {
  ask();
  answer();
  ask();
  answer();
  EXPECT_EQ(ask(), "/v3/kv/txn");
  etcd.post(now, *asked);
  fail();
  advance(100ms);
  settle();
  EXPECT_EQ(told(), (strings{"joined a 2", "gained 2"}));
  EXPECT_EQ(etcd.revision(), 2u);
}

TEST_F(etcd_roster_test, membership_is_lost_when_the_lease_may_have_ended) {
  join();
  auto until = roster.acts_until();
  now = until - 1ns;
  tick();
  EXPECT_EQ(roster.acts_until(), until);
  advance(1ns);
  EXPECT_EQ(told(), strings{"lost"});
  EXPECT_EQ(roster.acts_until(), time_point::min());
}

TEST_F(etcd_roster_test, lease_that_lived_on_is_the_same_life) {
  join();
  now += 8s;
  etcd.restart(now);
  advance(2s);
  EXPECT_EQ(told(), strings{"lost"});
  EXPECT_EQ(ask(), "/v3/lease/keepalive");
  answer();
  // The key may be gone all the same.
  EXPECT_EQ(told(), strings{});
  EXPECT_EQ(ask(), "/v3/kv/range");
  answer();
  EXPECT_EQ(told(), strings{"gained 2"});
}

TEST_F(etcd_roster_test, key_that_went_with_the_lease_in_doubt_is_put_again) {
  join();
  now += 8s;
  etcd.restart(now);
  etcd.remove(key);
  advance(2s);
  EXPECT_EQ(told(), strings{"lost"});
  EXPECT_EQ(ask(), "/v3/lease/keepalive");
  answer();
  EXPECT_EQ(ask(), "/v3/kv/range");
  answer();
  EXPECT_EQ(told(), strings{});
  advance(300ms);
  settle();
  EXPECT_EQ(told(), (strings{"down a 2", "joined a 4", "gained 4"}));
}

TEST_F(etcd_roster_test, lease_that_has_ended_is_another_life) {
  join();
  advance(10s);
  settle();
  EXPECT_EQ(told(), (strings{"lost", "down a 2", "joined a 4", "gained 4"}));
}

TEST_F(etcd_roster_test, key_that_goes_while_the_lease_holds_ends_it_at_once) {
  join();
  etcd.remove(key);
  watch();
  EXPECT_EQ(told(), (strings{"down a 2", "lost"}));
  // Whoever did it may be about to take the place.
  EXPECT_EQ(ask(), "");
  advance(200ms);
  settle();
  EXPECT_EQ(told(), (strings{"joined a 4", "gained 4"}));
}

TEST_F(etcd_roster_test, process_that_takes_the_same_place_stays) {
  join();
  etcd_roster other{{"a", 0, "tcp://a:1", "", {}}, options(), 1};
  other.start(now);
  strings paths;
  while (auto what = other.ask(now)) {
    paths.push_back(what->path);
    auto reply = etcd.post(now, *what);
    other.answer(now, reply.status, reply.text);
  }
  EXPECT_EQ(paths, (strings{"/v3/kv/range", "/v3/lease/grant", "/v3/kv/txn",
                            "/v3/lease/revoke", "/v3/kv/txn"}));
  watch();
  EXPECT_EQ(told(), (strings{"down a 2", "lost", "joined a 4"}));
  advance(200ms);
  settle();
  EXPECT_TRUE(roster.ended());
  EXPECT_EQ(told(), strings{"ended the name \"a\" in the cluster \"default\" "
                            "was taken over by another process that says it "
                            "is at tcp://a:1, too"});
  EXPECT_FALSE(other.ended());
}

TEST_F(etcd_roster_test, failures_are_followed_by_growing_pauses) {
  runtime::duration total{};
  std::vector<runtime::duration> pauses;
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(ask(), "/v3/kv/range");
    fail();
    EXPECT_EQ(ask(), "");
    pauses.push_back(roster.due() - now);
    now = roster.due();
    tick();
  }
  // Within a quarter, so that not all nodes ask at once.
  auto expected = 100ms;
  for (auto x : pauses) {
    EXPECT_LE(x, expected);
    EXPECT_GE(x, expected * 3 / 4);
    expected = std::min(expected * 2, 400ms);
  }
  EXPECT_EQ(ask(), "/v3/kv/range");
  answer();
  EXPECT_EQ(ask(), "/v3/lease/grant");
}

TEST_F(etcd_roster_test, node_that_never_became_a_member_gives_up) {
  ask();
  fail();
  now += 59s;
  tick();
  EXPECT_EQ(told(), strings{});
  advance(1s);
  EXPECT_TRUE(roster.ended());
  EXPECT_EQ(told(), strings{"ended the node did not become a member by way of "
                            "etcd within 60 s: no way"});
  EXPECT_EQ(roster.due(), time_point::max());
}

TEST_F(etcd_roster_test, node_that_was_a_member_never_gives_up) {
  join();
  for (int i = 0; i < 1'000; ++i) {
    advance(1s);
    if (!ask().empty())
      fail();
  }
  EXPECT_FALSE(roster.ended());
  EXPECT_EQ(told(), strings{"lost"});
  settle();
}

TEST_F(etcd_roster_test, watch_without_an_answer_is_begun_anew) {
  ask();
  answer();
  EXPECT_TRUE(roster.ask_for_watch(now));
  EXPECT_FALSE(roster.ask_for_watch(now));
  advance(options().answer_deadline());
  EXPECT_FALSE(roster.watching());
  EXPECT_FALSE(roster.ask_for_watch(now)); // after a pause
  advance(100ms);
  EXPECT_TRUE(roster.ask_for_watch(now));
}

TEST_F(etcd_roster_test, line_that_is_not_etcds_makes_it_read_the_list) {
  join();
  roster.watch_line(now, "garbage");
  EXPECT_FALSE(roster.watching());
  EXPECT_EQ(ask(), "/v3/kv/range");
  answer();
  EXPECT_EQ(told(), strings{});
  advance(100ms);
  watch();
  EXPECT_TRUE(roster.watching());
}

TEST_F(etcd_roster_test, what_etcd_has_forgotten_is_read_from_the_list) {
  join();
  roster.watch_ended(now, runtime::make_error(errc::connect_failed, "cut"));
  etcd.remove(key);
  etcd.compact();
  advance(100ms);
  watch(); // from a revision that is gone
  EXPECT_EQ(told(), strings{});
  EXPECT_EQ(ask(), "/v3/kv/range");
  answer();
  EXPECT_EQ(told(), (strings{"down a 2", "lost"}));
}

TEST_F(etcd_roster_test, difference_that_stays_shows_a_dead_watch) {
  join();
  // Somebody joins, and the watch says nothing.
  etcd_roster other{{"b", 0, "tcp://b:1", "", {}}, options(), 1};
  other.start(now);
  for (int i = 0; i < 3; ++i) {
    auto reply = etcd.post(now, *other.ask(now));
    other.answer(now, reply.status, reply.text);
  }
  now += 3s;
  EXPECT_EQ(ask(), "/v3/lease/keepalive");
  answer();
  EXPECT_EQ(ask(), "/v3/kv/range");
  answer();
  EXPECT_TRUE(roster.watching()); // it may be on its way
  advance(900ms);
  EXPECT_EQ(ask(), "/v3/kv/range");
  answer();
  EXPECT_FALSE(roster.watching());
  watch();
  EXPECT_EQ(told(), strings{"joined b 3"});
}

TEST_F(etcd_roster_test, list_that_is_older_than_the_watch_is_not_taken_back) {
  join();
  now += 3s;
  ask();
  answer();
  EXPECT_EQ(ask(), "/v3/kv/range");
  auto reply = etcd.post(now, *asked);
  etcd_roster other{{"b", 0, "tcp://b:1", "", {}}, options(), 1};
  other.start(now);
  for (int i = 0; i < 3; ++i) {
    auto y = etcd.post(now, *other.ask(now));
    other.answer(now, y.status, y.text);
  }
  watch();
  EXPECT_EQ(told(), strings{"joined b 3"});
  roster.answer(now, reply.status, reply.text);
  EXPECT_EQ(told(), strings{});
}

TEST_F(etcd_roster_test, leaving_is_said_before_the_lease_is_revoked) {
  join();
  roster.leave(now);
  EXPECT_EQ(told(), strings{"lost"});
  EXPECT_EQ(ask(), "/v3/kv/txn");
  answer();
  EXPECT_EQ(ask(), "/v3/lease/revoke");
  answer();
  EXPECT_EQ(ask(), "");
  EXPECT_TRUE(roster.ended());
  EXPECT_EQ(told(), strings{"ended none"});
  EXPECT_EQ(etcd.truth().back().what, cluster::change_kind::left);
}

TEST_F(etcd_roster_test, leaving_waits_for_the_question_under_way) {
  ask();
  answer();
  ask();
  answer();
  EXPECT_EQ(ask(), "/v3/kv/txn");
  roster.leave(now);
  EXPECT_EQ(roster.ask(now), std::nullopt);
  answer();
  settle();
  EXPECT_TRUE(roster.ended());
  EXPECT_EQ(etcd.life(key), 0u);
}

TEST_F(etcd_roster_test, leaving_ends_at_its_deadline) {
  join();
  roster.leave(now);
  told();
  ask();
  advance(options().leave_deadline);
  EXPECT_TRUE(roster.ended());
  ASSERT_EQ(told().size(), 1u);
}

TEST_F(etcd_roster_test, leaving_after_the_lease_has_ended) {
  join();
  roster.leave(now);
  now += 4s;
  etcd.pass(now + 6s);
  settle();
  EXPECT_TRUE(roster.ended());
  EXPECT_EQ(told(), (strings{"lost", "ended none"}));
}

class two_endpoints_test : public etcd_roster_test {
protected:
  two_endpoints_test() : etcd_roster_test(2) {}
};

TEST_F(two_endpoints_test, next_one_is_asked_at_once_and_all_after_a_pause) {
  EXPECT_EQ(roster.endpoint(), 0u);
  ask();
  fail();
  EXPECT_EQ(roster.endpoint(), 1u);
  EXPECT_EQ(ask(), "/v3/kv/range");
  fail();
  EXPECT_EQ(roster.endpoint(), 0u);
  EXPECT_EQ(ask(), "");
}

TEST_F(two_endpoints_test, watch_moves_with_the_questions) {
  join();
  now += 3s;
  ask();
  fail();
  EXPECT_FALSE(roster.watching());
  EXPECT_TRUE(roster.ask_for_watch(now));
}

} // namespace

} // namespace sluice::testing

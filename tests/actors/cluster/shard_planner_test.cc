#include "actors/cluster/shard_planner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace sluice::actors::cluster {
namespace {

using namespace std::chrono_literals;
using runtime::time_point;

/// The planner of node a, the eldest of a, b and c.
class shard_planner_test : public ::testing::Test {
protected:
  shard_planner_test() {
    list.at = {4, 0};
    list.members = {{c, false}, {a, false}, {b, false}};
    planner.restart(holder{a});
    planner.on_view(now, list);
    planner.on_lease(now, true);
  }

  static shard_settings one_shard() {
    shard_settings result;
    result.shards = 1;
    return result;
  }

  /// What it says of that kind now, by receiver.
  template <class T>
  std::map<std::string, T> said() {
    std::map<std::string, T> result;
    for (auto& [to, body] : planner.take_letters())
      if (auto found = std::get_if<T>(&body))
        result.insert_or_assign(to.name, *found);
    return result;
  }

  table_version asked() {
    auto all = said<shard_collect>();
    return all.empty() ? table_version{} : all.begin()->second.term;
  }

  /// Everybody answers; b has that table.
  void promise(const shard_table& table = {}) {
    auto term = asked();
    if (table.at > term) {
      planner.receive(now, holder{b}, shard_refusal{table.at});
      term = asked();
    }
    for (auto& x : list.members)
      planner.receive(now, holder{x.who},
                      shard_promise{term, x.who == b ? table : shard_table{}});
  }

  shard_table table_of(const member& primary, const member& backup) {
    shard_table result;
    result.at = {3, holder{c}, 9};
    result.entries.resize(1);
    result.entries[0].epoch = result.entries[0].reign = 6;
    result.entries[0].primary = holder{primary};
    result.entries[0].backup = holder{backup};
    return result;
  }

  void remove(const member& x, version at) {
    list.apply({at, change_kind::down, x});
    planner.on_view(now, list);
  }

  /// The last table it has published, since it was asked.
  std::optional<shard_table> published() {
    auto all = said<shard_news>();
    return all.empty() ? std::nullopt
                       : std::optional{all.begin()->second.table};
  }

  member a{"a", 1, {}, {}, {}};
  member b{"b", 2, {}, {}, {}};
  member c{"c", 3, {}, {}, {}};
  view list;
  time_point now{1h};
  shard_planner planner{one_shard()};
};

TEST_F(shard_planner_test, plans_when_all_members_have_promised) {
  auto term = asked();
  EXPECT_EQ(term.planner, holder{a});
  planner.receive(now, holder{a}, shard_promise{term, {}});
  planner.receive(now, holder{c}, shard_promise{term, {}});
  EXPECT_FALSE(planner.is_active());
  planner.receive(now, holder{b}, shard_promise{term, {}});
  EXPECT_TRUE(planner.is_active());
  auto table = published();
  ASSERT_TRUE(table);
  EXPECT_TRUE(table->entries.at(0).primary);
  EXPECT_EQ(table->members_term, 4u);
}

TEST_F(shard_planner_test, asks_again_those_that_do_not_answer) {
  auto term = asked();
  planner.receive(now, holder{b}, shard_promise{term, {}});
  now += 1s;
  planner.tick(now);
  auto again = said<shard_collect>();
  EXPECT_EQ(again.size(), 2u);
  EXPECT_FALSE(again.contains("b"));
}

TEST_F(shard_planner_test, goes_on_from_the_newest_table) {
  auto newest = table_of(b, c);
  promise(newest);
  auto table = published();
  ASSERT_TRUE(table);
  EXPECT_EQ(table->entries[0].primary, holder{b});
  EXPECT_GT(table->at, newest.at);
}

TEST_F(shard_planner_test, promise_to_another_planner_makes_it_ask_anew) {
  auto term = asked();
  planner.receive(now, holder{b}, shard_refusal{{7, holder{c}, 0}});
  EXPECT_EQ(asked().term, 8u);
  planner.receive(now, holder{b}, shard_promise{term, {}});
  EXPECT_FALSE(planner.is_active());
}

TEST_F(shard_planner_test, table_of_a_later_term_makes_it_ask_anew) {
  planner.receive(now, holder{b}, shard_promise{asked(), table_of(b, c)});
  EXPECT_EQ(asked().term, 4u);
}

TEST_F(shard_planner_test, stops_when_an_elder_member_is_there) {
  promise();
  ASSERT_TRUE(planner.is_active());
  list.apply({{4, 1}, change_kind::joined, {"d", 0, {}, {}, {}}});
  planner.on_view(now, list);
  EXPECT_FALSE(planner.is_active());
}

TEST_F(shard_planner_test, asks_anew_after_a_break_of_its_lease) {
  promise();
  auto before = published()->at.term;
  planner.on_lease(now, false);
  EXPECT_FALSE(planner.is_active());
  planner.on_lease(now, true);
  EXPECT_FALSE(planner.is_active());
  EXPECT_GT(asked().term, before);
}

TEST_F(shard_planner_test, member_that_is_down_is_replaced_at_once) {
  promise(table_of(b, c));
  published();
  remove(b, {4, 1});
  auto table = published();
  ASSERT_TRUE(table);
  EXPECT_EQ(table->entries[0].primary, holder{c});
}

TEST_F(shard_planner_test, member_that_a_new_seed_does_not_know_may_live_on) {
  promise(table_of(b, c));
  published();
  remove(b, {5, 0});
  published();
  now += 9s;
  planner.tick(now);
  auto table = published();
  EXPECT_FALSE(table && table->entries[0].primary == holder{c});
  now += 2s;
  planner.tick(now);
  table = published();
  ASSERT_TRUE(table);
  EXPECT_EQ(table->entries[0].primary, holder{c});
}

TEST_F(shard_planner_test, several_changes_with_a_new_term_are_all_unsure) {
  promise(table_of(b, c));
  published();
  list.apply({{5, 0}, change_kind::joined, {"d", 9, {}, {}, {}}});
  planner.on_view(now, list);
  remove(b, {5, 0});
  auto table = published();
  EXPECT_FALSE(table && table->entries[0].primary == holder{c});
}

TEST_F(shard_planner_test, holder_it_has_never_seen_may_live) {
  promise(table_of({"z", 1, {}, {}, {}}, c));
  EXPECT_EQ(published()->entries[0].primary.name, "z");
  now += 11s;
  planner.tick(now);
  auto table = published();
  ASSERT_TRUE(table);
  EXPECT_EQ(table->entries[0].primary, holder{c});
}

TEST_F(shard_planner_test, who_is_in_a_later_life_is_not_in_an_earlier_one) {
  promise(table_of({"b", 1, {}, {}, {}}, c));
  EXPECT_EQ(published()->entries[0].primary, holder{c});
}

TEST_F(shard_planner_test, answers_a_report_and_sends_what_is_newer) {
  promise();
  auto at = published()->at;
  shard_report report;
  report.members_term = 4;
  report.nonce = 77;
  planner.receive(now, holder{b}, report);
  auto letters = planner.take_letters();
  ASSERT_EQ(letters.size(), 2u);
  EXPECT_EQ(std::get<shard_news>(letters[0].second).table.at, at);
  EXPECT_EQ(std::get<shard_answer>(letters[1].second).nonce, 77u);
  report.have = at;
  planner.receive(now, holder{b}, report);
  EXPECT_EQ(planner.take_letters().size(), 1u);
}

TEST_F(shard_planner_test, nobody_with_a_later_list_is_answered_too_soon) {
  promise();
  published();
  shard_report report;
  report.members_term = 5;
  planner.receive(now, holder{b}, report);
  EXPECT_TRUE(planner.take_letters().empty());
  now += 19s;
  planner.receive(now, holder{b}, report);
  EXPECT_TRUE(planner.take_letters().empty());
  // It still has its lease: the seed that gave it is not cut off.
  now += 2s;
  planner.receive(now, holder{b}, report);
  EXPECT_EQ(said<shard_answer>().size(), 1u);
}

TEST_F(shard_planner_test, report_of_a_later_promise_makes_it_ask_anew) {
  promise();
  published();
  shard_report report;
  report.members_term = 4;
  report.promised = {50, holder{b}, 0};
  planner.receive(now, holder{b}, report);
  EXPECT_FALSE(planner.is_active());
  EXPECT_EQ(asked().term, 51u);
}

TEST_F(shard_planner_test, strangers_are_not_answered) {
  promise();
  published();
  shard_report report;
  report.members_term = 4;
  planner.receive(now, {"b", 1}, report);
  planner.receive(now, {"z", 1}, report);
  EXPECT_TRUE(planner.take_letters().empty());
}

TEST_F(shard_planner_test, eldest_is_the_same_in_any_order) {
  auto other = list;
  std::ranges::reverse(other.members);
  EXPECT_EQ(*eldest(list, ""), a);
  EXPECT_EQ(*eldest(other, ""), a);
  EXPECT_EQ(eldest(list, "kv"), nullptr);
  other.members[0].who.roles = {"kv"};
  EXPECT_EQ(*eldest(other, "kv"), other.members[0].who);
}

} // namespace
} // namespace sluice::actors::cluster

#include "examples/kv/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace sluice::examples::kv {
namespace {

constexpr time_ms now = 1'000'000;

std::string numbered(int i) {
  return "key:" + std::to_string(i);
}

// Walks once through the whole store, `count` entries at a time.
std::vector<std::string> walk(const store& s, std::size_t count, time_ms at) {
  std::vector<std::string> result;
  std::uint64_t cursor = 0;
  do {
    cursor = s.scan(cursor, count, at,
                    [&](const auto& x) { result.push_back(x.key()); });
  } while (cursor != 0);
  std::sort(result.begin(), result.end());
  return result;
}

TEST(store_test, unknown_key_is_not_found) {
  store s;
  EXPECT_EQ(s.find("a", now), nullptr);
  EXPECT_EQ(s.find("", now), nullptr);
  EXPECT_EQ(s.size(), 0U);
}

TEST(store_test, any_bytes_make_a_key) {
  store s;
  std::string zeros(3, '\0');
  s.put("", "empty");
  s.put(zeros, "zeros");
  EXPECT_EQ(s.find("", now)->value, "empty");
  EXPECT_EQ(s.find(zeros, now)->value, "zeros");
  EXPECT_EQ(s.find(std::string(2, '\0'), now), nullptr);
}

TEST(store_test, put_replaces_value_and_deadline) {
  store s;
  auto& x = s.put("a", "1", now + 10);
  EXPECT_EQ(x.deadline(), now + 10);
  EXPECT_EQ(&s.put("a", "2"), &x);
  EXPECT_EQ(x.value, "2");
  EXPECT_EQ(x.deadline(), never);
  EXPECT_EQ(s.size(), 1U);
  EXPECT_EQ(s.expiring(), 0U);
}

TEST(store_test, all_keys_are_found_while_the_index_grows_and_shrinks) {
  constexpr int count = 5000;
  store s;
  for (auto i = 0; i < count; ++i) {
    s.put(numbered(i), std::to_string(i));
    ASSERT_NE(s.find(numbered(i / 2), now), nullptr) << i;
  }
  for (auto i = 0; i < count; ++i)
    ASSERT_EQ(s.find(numbered(i), now)->value, std::to_string(i));
  for (auto i = 0; i < count; ++i) {
    s.erase(*s.find(numbered(i), now));
    ASSERT_EQ(s.find(numbered(i), now), nullptr);
    if (i + 1 < count) {
      auto other = numbered(i + 1 + (count - i - 2) / 2);
      ASSERT_NE(s.find(other, now), nullptr) << other;
    }
  }
  EXPECT_EQ(s.size(), 0U);
}

TEST(store_test, entry_is_gone_from_its_deadline_on) {
  store s;
  s.put("a", "1", now);
  EXPECT_NE(s.find("a", now - 1), nullptr);
  EXPECT_EQ(s.find("a", now), nullptr);
  EXPECT_EQ(s.size(), 0U);
  EXPECT_EQ(s.expiring(), 0U);
  EXPECT_EQ(s.expired(), 1U);
}

TEST(store_test, expired_entry_is_neither_shown_nor_picked) {
  store s;
  s.put("gone", "1", now);
  s.put("here", "2");
  EXPECT_EQ(walk(s, 10, now), std::vector<std::string>{"here"});
  for (std::uint64_t dice = 0; dice < 10; ++dice)
    EXPECT_EQ(s.pick(dice, now)->key(), "here");
  EXPECT_EQ(s.size(), 1U);
  EXPECT_EQ(s.expired(), 1U);
}

TEST(store_test, nothing_is_picked_from_an_empty_store) {
  store s;
  EXPECT_EQ(s.pick(7, now), nullptr);
  s.put("gone", "1", now);
  EXPECT_EQ(s.pick(7, now), nullptr);
}

TEST(store_test, next_expiry_is_the_earliest_deadline) {
  store s;
  EXPECT_EQ(s.next_expiry(), never);
  auto& a = s.put("a", "1", now + 20);
  s.put("b", "1", now + 30);
  s.put("c", "1");
  EXPECT_EQ(s.next_expiry(), now + 20);
  s.expire_at(a, now + 40);
  EXPECT_EQ(s.next_expiry(), now + 30);
  s.expire_at(a, now + 10);
  EXPECT_EQ(s.next_expiry(), now + 10);
  s.expire_at(a, never);
  EXPECT_EQ(s.next_expiry(), now + 30);
  s.erase(*s.find("b", now));
  EXPECT_EQ(s.next_expiry(), never);
}

TEST(store_test, due_entries_go_earliest_first_and_within_the_budget) {
  store s;
  for (auto i = 0; i < 10; ++i)
    s.put(numbered(i), "x", now + i);
  EXPECT_EQ(s.expire_due(now - 1, 100), 0U);
  EXPECT_EQ(s.expire_due(now + 5, 4), 4U);
  EXPECT_EQ(s.next_expiry(), now + 4);
  EXPECT_EQ(s.expire_due(now + 5, 4), 2U);
  EXPECT_EQ(s.expire_due(now + 5, 4), 0U);
  EXPECT_EQ(s.size(), 4U);
  EXPECT_EQ(s.expired(), 6U);
  EXPECT_EQ(s.expire_due(now + 5, 0), 0U);
}

TEST(store_test, rename_takes_value_and_deadline_along) {
  store s;
  s.put("a", "1", now + 10);
  s.put("b", "2");
  s.rename(*s.find("a", now), "b");
  EXPECT_EQ(s.find("a", now), nullptr);
  EXPECT_EQ(s.find("b", now)->value, "1");
  EXPECT_EQ(s.find("b", now)->deadline(), now + 10);
  EXPECT_EQ(s.size(), 1U);
  s.rename(*s.find("b", now), "c");
  EXPECT_EQ(s.find("b", now), nullptr);
  EXPECT_EQ(s.find("c", now)->value, "1");
}

TEST(store_test, rename_to_itself_changes_nothing) {
  store s;
  s.put("a", "1", now + 10);
  s.rename(*s.find("a", now), "a");
  EXPECT_EQ(s.find("a", now)->value, "1");
  EXPECT_EQ(s.find("a", now)->deadline(), now + 10);
}

TEST(store_test, cleared_store_is_empty_and_usable) {
  store s;
  for (auto i = 0; i < 100; ++i)
    s.put(numbered(i), "x", now + i);
  s.clear();
  EXPECT_EQ(s.size(), 0U);
  EXPECT_EQ(s.next_expiry(), never);
  EXPECT_EQ(s.find(numbered(1), now), nullptr);
  s.put(numbered(1), "y");
  EXPECT_EQ(s.find(numbered(1), now)->value, "y");
}

TEST(store_test, small_value_does_not_keep_the_memory_of_a_large_one) {
  store s;
  auto& x = s.put("a", std::string(1'000'000, 'x'));
  s.put("a", "y");
  EXPECT_LT(x.value.capacity(), 2000U);
}

TEST(store_test, undisturbed_scan_shows_every_entry_once) {
  store s;
  std::vector<std::string> all;
  for (auto i = 0; i < 100; ++i) {
    s.put(numbered(i), "x");
    all.push_back(numbered(i));
  }
  std::sort(all.begin(), all.end());
  for (std::size_t count : {1, 7, 100, 1000})
    EXPECT_EQ(walk(s, count, now), all) << count;
}

TEST(store_test, scan_looks_at_no_more_entries_than_asked) {
  store s;
  for (auto i = 0; i < 100; ++i)
    s.put(numbered(i), "x");
  auto shown = 0;
  auto cursor = s.scan(0, 7, now, [&](const auto&) { ++shown; });
  EXPECT_EQ(shown, 7);
  EXPECT_NE(cursor, 0U);
}

TEST(store_test, cursor_from_nowhere_is_a_start) {
  store s;
  s.put("a", "1");
  auto shown = 0;
  EXPECT_EQ(s.scan(~std::uint64_t{0}, 10, now, [&](const auto&) { ++shown; }),
            0U);
  EXPECT_EQ(shown, 1);
  EXPECT_EQ(store{}.scan(5, 10, now, [&](const auto&) { ++shown; }), 0U);
}

} // namespace
} // namespace sluice::examples::kv

// The store against a model that is too simple to be wrong: std::map, with the
// deadline beside the value.

#include "examples/kv/store.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>

namespace sluice::examples::kv {
namespace {

struct value {
  std::string text;
  time_ms deadline;

  bool operator==(const value&) const = default;
};

class model {
public:
  void drop_expired(time_ms now) {
    std::erase_if(all, [&](const auto& x) { return x.second.deadline <= now; });
  }

  std::optional<value> find(const std::string& key) const {
    auto i = all.find(key);
    return i == all.end() ? std::nullopt : std::optional{i->second};
  }

  std::size_t expiring() const {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const auto& x) {
          return x.second.deadline != never;
        }));
  }

  time_ms next_expiry() const {
    auto result = never;
    for (const auto& x : all)
      result = std::min(result, x.second.deadline);
    return result;
  }

  std::map<std::string, value> all;
};

// A store and its model, and the next random step of both.
class pair_of_stores {
public:
  explicit pair_of_stores(std::uint64_t seed) : random_(seed) {
    keys_ = std::size_t{1} << below(9);
  }

  void step() {
    now += static_cast<time_ms>(below(4));
    switch (below(8)) {
    case 0:
    case 1:
    case 2:
      return put();
    case 3:
      return erase();
    case 4:
      return expire_at();
    case 5:
      return rename();
    case 6:
      return expire_due();
    default:
      if (below(200) == 0)
        clear();
    }
  }

  // What both say about everything.
  void compare() {
    plain.drop_expired(now);
    for (std::size_t i = 0; i < keys_; ++i) {
      auto name = "k" + std::to_string(i);
      auto found = real.find(name, now);
      auto expected = plain.find(name);
      ASSERT_EQ(found != nullptr, expected.has_value()) << name;
      if (found) {
        ASSERT_EQ((value{found->value, found->deadline()}), *expected) << name;
      }
    }
    ASSERT_EQ(real.size(), plain.all.size());
    ASSERT_EQ(real.expiring(), plain.expiring());
    ASSERT_EQ(real.next_expiry(), plain.next_expiry());
  }

  std::size_t below(std::size_t bound) { return random_() % bound; }

  store real;
  model plain;
  time_ms now = 1000;

private:
  std::string key() { return "k" + std::to_string(below(keys_)); }

  time_ms deadline() {
    return below(2) == 0 ? never : now + static_cast<time_ms>(below(60));
  }

  void put() {
    value x{std::to_string(random_()), deadline()};
    auto name = key();
    real.put(name, x.text, x.deadline);
    plain.all[name] = x;
  }

  void erase() {
    auto name = key();
    plain.drop_expired(now);
    auto found = real.find(name, now);
    ASSERT_EQ(plain.all.erase(name) == 1, found != nullptr);
    if (found)
      real.erase(*found);
  }

  void expire_at() {
    auto name = key();
    auto at = deadline();
    plain.drop_expired(now);
    if (auto found = real.find(name, now)) {
      real.expire_at(*found, at);
      plain.all.at(name).deadline = at;
    }
  }

  void rename() {
    auto from = key();
    auto to = key();
    plain.drop_expired(now);
    if (auto found = real.find(from, now)) {
      real.rename(*found, to);
      auto node = plain.all.extract(from);
      plain.all.erase(to);
      node.key() = to;
      plain.all.insert(std::move(node));
    }
  }

  void expire_due() {
    auto budget = below(5);
    auto removed = real.expire_due(now, budget);
    ASSERT_LE(removed, budget);
    if (removed < budget) {
      ASSERT_GT(real.next_expiry(), now);
    }
  }

  void clear() {
    real.clear();
    plain.all.clear();
  }

  std::mt19937_64 random_;
  std::size_t keys_;
};

TEST(store_model_test, random_steps_leave_the_store_equal_to_the_model) {
  testing::for_each_seed(300, [](std::uint64_t seed) {
    pair_of_stores both{seed};
    for (auto i = 0; i < 600 && !::testing::Test::HasFailure(); ++i) {
      both.step();
      if (i % 50 == 0)
        both.compare();
    }
    both.compare();
  });
}

TEST(store_model_test, scan_shows_what_stays_whatever_else_comes_and_goes) {
  testing::for_each_seed(300, [](std::uint64_t seed) {
    pair_of_stores both{seed};
    std::set<std::string> stays;
    for (auto i = both.below(200); i > 0; --i) {
      auto name = "stays" + std::to_string(i);
      stays.insert(name);
      both.real.put(name, "x");
      for (auto j = both.below(4); j > 0; --j)
        both.step();
    }
    // The steps may have cleared the store.
    for (const auto& name : stays)
      both.real.put(name, "x");
    auto left = stays;
    std::uint64_t cursor = 0;
    do {
      cursor = both.real.scan(cursor, 1 + both.below(10), both.now,
                              [&](const auto& x) { left.erase(x.key()); });
      for (auto j = both.below(20); j > 0; --j)
        both.real.put("new" + std::to_string(both.below(300)), "x");
      for (auto j = both.below(20); j > 0; --j)
        if (auto found = both.real.find("new" + std::to_string(both.below(300)),
                                        both.now))
          both.real.erase(*found);
    } while (cursor != 0);
    EXPECT_TRUE(left.empty()) << left.size() << " missed, " << *left.begin();
  });
}

} // namespace
} // namespace sluice::examples::kv

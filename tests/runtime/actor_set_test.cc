#include "runtime/actor_set.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <gtest/gtest.h>

#include <deque>

namespace sluice::runtime {
namespace {

class actor_set_test : public ::testing::Test {
public:
  actor_set_test() {
    for (int i = 0; i < 4; ++i)
      actors.emplace_back(system);
  }

  caf::strong_actor_ptr ptr(std::size_t i) {
    return caf::actor_cast<caf::strong_actor_ptr>(actors[i]);
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  std::deque<caf::scoped_actor> actors; // ids rise with the index
  actor_set set;
};

TEST_F(actor_set_test, member_is_in_it_until_it_is_erased) {
  EXPECT_FALSE(set.contains(ptr(0)));
  EXPECT_TRUE(set.insert(ptr(0)));
  EXPECT_TRUE(set.contains(ptr(0)));
  EXPECT_FALSE(set.contains(ptr(1)));
  EXPECT_TRUE(set.erase(ptr(0)));
  EXPECT_FALSE(set.contains(ptr(0)));
  EXPECT_TRUE(set.empty());
}

TEST_F(actor_set_test, second_insert_of_an_actor_is_refused) {
  EXPECT_TRUE(set.insert(ptr(2)));
  EXPECT_FALSE(set.insert(ptr(2)));
  EXPECT_EQ(set.size(), 1u);
}

TEST_F(actor_set_test, erasing_a_stranger_does_nothing) {
  set.insert(ptr(1));
  EXPECT_FALSE(set.erase(ptr(0)));
  EXPECT_FALSE(set.erase(ptr(2)));
  EXPECT_EQ(set.size(), 1u);
}

TEST_F(actor_set_test, walk_is_in_the_order_of_ids_whatever_came_first) {
  for (auto i : {2u, 0u, 3u, 1u})
    set.insert(ptr(i));
  std::vector<caf::strong_actor_ptr> walked{set.begin(), set.end()};
  EXPECT_EQ(walked, (std::vector{ptr(0), ptr(1), ptr(2), ptr(3)}));
}

TEST_F(actor_set_test, members_are_kept_alive_until_they_are_cleared) {
  auto shared = ptr(0);
  auto before = shared->strong_refs.load();
  set.insert(shared);
  EXPECT_EQ(shared->strong_refs.load(), before + 1);
  set.clear();
  EXPECT_EQ(shared->strong_refs.load(), before);
}

TEST_F(actor_set_test, taken_members_leave_an_empty_set) {
  set.insert(ptr(1));
  set.insert(ptr(0));
  EXPECT_EQ(set.take(), (std::vector{ptr(0), ptr(1)}));
  EXPECT_TRUE(set.empty());
  EXPECT_TRUE(set.insert(ptr(0)));
}

} // namespace
} // namespace sluice::runtime

#include "actors/cluster/entity_states.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::actors::cluster {
namespace {

/// Copies a shard by chunks, as a node that catches up does.
std::size_t copy(entity_states& from, entity_states& to,
                 std::size_t bytes_max) {
  std::size_t chunks = 0;
  std::string cursor;
  for (auto last = false; !last; ++chunks) {
    auto chunk = from.next_chunk(0, cursor, bytes_max);
    to.apply(0, chunk.operation);
    cursor = chunk.cursor;
    last = chunk.last;
  }
  return chunks;
}

TEST(entity_states_test, operation_does_elsewhere_what_was_done_here) {
  entity_states here{1};
  entity_states there{1};
  there.apply(0, here.put(0, "a", "one"));
  there.apply(0, here.put(0, "b", "two"));
  there.apply(0, here.put(0, "a", "three"));
  ASSERT_NE(there.find(0, "a"), nullptr);
  EXPECT_EQ(*there.find(0, "a"), "three");
  there.apply(0, here.put(0, "a", ""));
  EXPECT_EQ(there.find(0, "a"), nullptr);
  EXPECT_EQ(here.find(0, "a"), nullptr);
  EXPECT_EQ(there.size(), 1u);
}

TEST(entity_states_test, chunks_have_everything_once) {
  entity_states here{1};
  for (auto i = 0; i < 100; ++i)
    here.put(0, "key" + std::to_string(i), std::string(10, 'x'));
  entity_states there{1};
  EXPECT_GT(copy(here, there, 100), 10u);
  EXPECT_EQ(there.size(), 100u);
}

TEST(entity_states_test, state_above_the_size_of_a_chunk_comes_alone) {
  entity_states here{1};
  here.put(0, "a", "small");
  here.put(0, "b", std::string(1'000, 'x'));
  here.put(0, "c", "small");
  entity_states there{1};
  EXPECT_EQ(copy(here, there, 100), 3u);
  EXPECT_EQ(there.size(), 3u);
  EXPECT_EQ(there.find(0, "b")->size(), 1'000u);
}

TEST(entity_states_test, empty_shard_is_one_chunk) {
  entity_states here{2};
  here.put(1, "a", "of another shard");
  entity_states there{2};
  EXPECT_EQ(copy(here, there, 100), 1u);
  EXPECT_EQ(there.size(), 0u);
}

TEST(entity_states_test, truncated_operation_is_ignored_from_there_on) {
  entity_states here{1};
  auto operation = here.put(0, "a", "one") + here.put(0, "b", "two");
  for (std::size_t i = 0; i < operation.size(); ++i) {
    entity_states there{1};
    there.apply(0, std::string_view{operation}.substr(0, i));
    EXPECT_EQ(there.find(0, "b"), nullptr) << i;
    EXPECT_LE(there.size(), 1u) << i;
  }
  entity_states there{1};
  there.apply(0, std::string(8, '\xff'));
  EXPECT_EQ(there.size(), 0u);
}

} // namespace
} // namespace sluice::actors::cluster

#include "actors/cluster/shard_letter.h"

#include <caf/actor_system.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace sluice::actors::cluster {
namespace {

class shard_letter_test : public ::testing::Test {
protected:
  caf::error read(shard_letter& x) {
    caf::binary_deserializer source{system, buffer};
    return source(x);
  }

  void write(shard_letter_body body) {
    shard_letter x{{"n1", 3}, std::move(body)};
    buffer.clear();
    caf::binary_serializer sink{system, buffer};
    ASSERT_FALSE(sink(x));
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  std::vector<char> buffer;
};

TEST_F(shard_letter_test, segments_arrive_as_they_were) {
  shard_segment segment{4, 5, 6, 7, true, runtime::byte_slice::copy("abc")};
  write(shard_copies{{1, {"n2", 9}, 8}, {segment, segment}});
  shard_letter x;
  ASSERT_FALSE(read(x));
  EXPECT_EQ(x.from, (holder{"n1", 3}));
  auto& copies = std::get<shard_copies>(x.body);
  EXPECT_EQ(copies.at, (table_version{1, {"n2", 9}, 8}));
  ASSERT_EQ(copies.segments.size(), 2u);
  auto& y = copies.segments[1];
  EXPECT_EQ(y.shard, 4u);
  EXPECT_EQ(y.reign, 5u);
  EXPECT_EQ(y.stream, 6u);
  EXPECT_EQ(y.seq, 7u);
  EXPECT_TRUE(y.fresh);
  EXPECT_EQ(y.operations.view(), "abc");
}

TEST_F(shard_letter_test, table_arrives_as_it_was) {
  shard_table table;
  table.at = {2, {"n2", 1}, 3};
  table.members_term = 4;
  table.entries.resize(2);
  table.entries[1] = {5, 4, 1, {"a", 1}, {"b", 2}, {"c", 3}, 3, 5, {"c", 3}};
  table.draining = {{"b", 2}};
  write(shard_news{table});
  shard_letter x;
  ASSERT_FALSE(read(x));
  EXPECT_EQ(std::get<shard_news>(x.body).table, table);
}

template <std::size_t... I>
std::vector<shard_letter_body> one_of_each(std::index_sequence<I...>) {
  return {shard_letter_body{std::in_place_index<I>}...};
}

TEST_F(shard_letter_test, every_kind_arrives_as_that_kind) {
  auto kinds = std::variant_size_v<shard_letter_body>;
  auto all = one_of_each(
      std::make_index_sequence<std::variant_size_v<shard_letter_body>>());
  ASSERT_EQ(all.size(), kinds);
  for (std::size_t i = 0; i < kinds; ++i) {
    write(all[i]);
    shard_letter x;
    ASSERT_FALSE(read(x)) << i;
    EXPECT_EQ(x.body.index(), i);
  }
}

TEST_F(shard_letter_test, shortened_letter_is_refused) {
  shard_segment segment{4, 5, 6, 7, true, runtime::byte_slice::copy("abc")};
  write(shard_copies{{1, {"n2", 9}, 8}, {segment}});
  auto whole = buffer;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    buffer.assign(whole.begin(), whole.begin() + static_cast<long>(size));
    shard_letter x;
    EXPECT_TRUE(read(x)) << size;
  }
}

TEST_F(shard_letter_test, kind_that_there_is_not_is_refused) {
  write(shard_refusal{});
  // The name's length and the name, the incarnation, and then the kind.
  buffer[1 + 2 + 8] = 100;
  shard_letter x;
  EXPECT_TRUE(read(x));
}

} // namespace
} // namespace sluice::actors::cluster

#include "examples/kv_cluster/shard_stores.h"

#include "examples/kv_cluster/operation.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace sluice::examples::kv_cluster {
namespace {

using testing::for_each_seed;
using testing::random_source;

std::map<std::string, std::string> content(kv::store& keys) {
  std::map<std::string, std::string> result;
  keys.scan(0, keys.size(), 0, [&](const kv::store::entry& x) {
    result.emplace(x.key(), x.value + "@" + std::to_string(x.deadline()));
  });
  return result;
}

TEST(operation_test, says_what_keys_are_and_that_they_are_gone) {
  kv::store from;
  std::string bytes;
  append_put(bytes, from.put("a", std::string{"x\0y", 3}, 1'000));
  append_put(bytes, from.put("b", ""));
  append_erase(bytes, "c");
  kv::store to;
  to.put("c", "old");
  kv_cluster::apply(to, bytes);
  EXPECT_EQ(content(to), content(from));
  EXPECT_EQ(to.find("a", 0)->deadline(), 1'000);
  bytes.clear();
  append_clear(bytes);
  append_put(bytes, from.put("d", "1"));
  kv_cluster::apply(to, bytes);
  EXPECT_EQ(content(to).size(), 1u);
}

TEST(operation_test, key_that_has_expired_here_is_erased_all_the_same) {
  kv::store to;
  to.put("a", "1", 10);
  std::string bytes;
  append_erase(bytes, "a");
  kv_cluster::apply(to, bytes);
  EXPECT_EQ(to.size(), 0u);
}

TEST(operation_test, bytes_that_make_no_sense_end_it) {
  kv::store from;
  std::string bytes;
  append_put(bytes, from.put("a", "1"));
  append_put(bytes, from.put("b", "2"));
  for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
    kv::store to;
    kv_cluster::apply(to, std::string_view{bytes}.substr(0, cut));
    EXPECT_LE(to.size(), 1u) << cut;
  }
  for_each_seed(200, [&](std::uint64_t seed) {
    random_source random{seed};
    auto broken = bytes;
    broken[random.below(broken.size())] = static_cast<char>(random.below(256));
    kv::store to;
    kv_cluster::apply(to, broken);
    EXPECT_LE(to.size(), 2u);
  });
}

TEST(shard_stores_test, chunks_and_later_writes_make_the_same_shard) {
  for_each_seed(100, [](std::uint64_t seed) {
    random_source random{seed};
    kv::time_ms now = 0;
    shard_stores from{2, [&] { return now; }};
    shard_stores to{2, [&] { return now; }};
    auto write = [&](bool copied) {
      std::string bytes;
      auto key = std::to_string(random.below(200));
      if (auto x = from.at(1).find(key, now); x && random.below(3) == 0) {
        from.at(1).erase(*x);
        append_erase(bytes, key);
      } else {
        std::string value(random.below(300), 'v');
        append_put(bytes, from.at(1).put(key, value));
      }
      if (copied)
        to.apply(1, bytes);
    };
    for (int i = 0; i < 300; ++i)
      write(false);
    std::string cursor;
    for (bool last = false; !last;) {
      auto chunk = from.next_chunk(1, cursor, 1'000);
      EXPECT_LE(chunk.operation.size(), 1'000u);
      to.apply(1, chunk.operation);
      cursor = chunk.cursor;
      last = chunk.last;
      for (auto i = random.below(10); i > 0; --i)
        write(true);
    }
    EXPECT_EQ(content(to.at(1)), content(from.at(1)));
    EXPECT_EQ(to.at(0).size(), 0u);
  });
}

TEST(shard_stores_test, long_value_is_a_chunk_of_its_own) {
  shard_stores x{1, [] { return kv::time_ms{0}; }};
  x.at(0).put("long", std::string(5'000, 'x'));
  x.at(0).put("short", "y");
  std::size_t chunks = 0;
  shard_stores to{1, [] { return kv::time_ms{0}; }};
  std::string cursor;
  for (bool last = false; !last; ++chunks) {
    auto chunk = x.next_chunk(0, cursor, 100);
    to.apply(0, chunk.operation);
    cursor = chunk.cursor;
    last = chunk.last;
  }
  EXPECT_EQ(chunks, 2u);
  EXPECT_EQ(content(to.at(0)), content(x.at(0)));
}

TEST(shard_stores_test, empty_shard_is_one_empty_chunk) {
  shard_stores x{1, [] { return kv::time_ms{0}; }};
  auto chunk = x.next_chunk(0, {}, 100);
  EXPECT_TRUE(chunk.last);
  EXPECT_TRUE(chunk.operation.empty());
}

} // namespace
} // namespace sluice::examples::kv_cluster

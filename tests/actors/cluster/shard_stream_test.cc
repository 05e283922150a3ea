#include "actors/cluster/shard_stream.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace sluice::actors::cluster {
namespace {

using namespace std::chrono_literals;
using outcome = shard_stream::outcome;
using runtime::time_point;

constexpr auto after = 500ms;

class shard_stream_test : public ::testing::Test {
protected:
  shard_ack ack(std::uint64_t seq, std::uint64_t number = 0, bool gap = false) {
    return {0, stream.id(), seq, number, gap};
  }

  std::uint64_t write() {
    stream.append("abc", ++position);
    auto x = stream.next_segment(now);
    return x ? x->seq : 0;
  }

  time_point now{1h};
  std::uint64_t position = 10;
  shard_stream stream{{"n1", 1}, 3, 7, false, 10};
};

TEST_F(shard_stream_test, operations_until_it_is_sent_make_one_segment) {
  stream.append("abc", 11);
  stream.append("", 12);
  auto x = stream.next_segment(now);
  ASSERT_TRUE(x);
  EXPECT_EQ(x->seq, 1u);
  EXPECT_EQ(x->stream, 7u);
  EXPECT_FALSE(x->fresh);
  EXPECT_EQ(x->operations.str(), std::string("\3\0\0\0abc\0\0\0\0", 11));
  EXPECT_FALSE(stream.next_segment(now));
  EXPECT_EQ(stream.position(), 10u);
  EXPECT_EQ(stream.acknowledged(now, ack(1)), outcome::progress);
  EXPECT_EQ(stream.position(), 12u);
  EXPECT_TRUE(stream.empty());
  EXPECT_EQ(stream.bytes(), 0u);
}

TEST_F(shard_stream_test, long_operation_comes_alone) {
  stream.append("abc", 11);
  stream.append(std::string(100'000, 'x'), 12);
  stream.append("abc", 13);
  std::vector<std::size_t> sizes;
  while (auto x = stream.next_segment(now))
    sizes.push_back(x->operations.size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{7, 100'004, 7}));
}

TEST_F(shard_stream_test, acknowledgement_of_what_was_not_sent_is_ignored) {
  write();
  EXPECT_EQ(stream.acknowledged(now, ack(2)), outcome::nothing);
  auto other = ack(1);
  other.stream = 6;
  EXPECT_EQ(stream.acknowledged(now, other), outcome::nothing);
  EXPECT_EQ(stream.bytes(), 7u);
}

TEST_F(shard_stream_test, asks_after_a_silence_and_sends_what_is_missing) {
  write();
  write();
  EXPECT_EQ(stream.question_due(after), now + after);
  EXPECT_FALSE(stream.next_question(now, after));
  now += after;
  auto number = stream.next_question(now, after);
  ASSERT_TRUE(number);
  // Nothing may come between the question and its answer.
  stream.append("abc", ++position);
  EXPECT_FALSE(stream.next_segment(now));
  EXPECT_EQ(stream.acknowledged(now, ack(1, *number)), outcome::progress);
  EXPECT_EQ(stream.next_segment(now)->seq, 2u);
  EXPECT_EQ(stream.next_segment(now)->seq, 3u);
}

TEST_F(shard_stream_test,
       answer_that_takes_longer_than_the_next_question_counts) {
  write();
  now += after;
  auto first = stream.next_question(now, after);
  now += after;
  ASSERT_TRUE(stream.next_question(now, after));
  EXPECT_EQ(stream.acknowledged(now, ack(0, *first)), outcome::progress);
  EXPECT_EQ(stream.next_segment(now)->seq, 1u);
}

TEST_F(shard_stream_test, answer_of_an_earlier_doubt_does_not_count) {
  write();
  now += after;
  auto first = stream.next_question(now, after);
  stream.acknowledged(now, ack(0, *first));
  stream.next_segment(now);
  now += after;
  ASSERT_TRUE(stream.next_question(now, after));
  EXPECT_EQ(stream.acknowledged(now, ack(0, *first)), outcome::nothing);
  EXPECT_FALSE(stream.next_segment(now));
}

TEST_F(shard_stream_test, gap_makes_it_ask_at_once) {
  write();
  write();
  stream.acknowledged(now, ack(0, 0, true));
  EXPECT_TRUE(stream.next_question(now, after));
}

TEST_F(shard_stream_test, nothing_under_way_is_no_reason_to_doubt) {
  stream.doubt();
  EXPECT_EQ(stream.question_due(after), time_point::max());
  write();
  stream.doubt();
  EXPECT_TRUE(stream.next_question(now, after));
}

TEST_F(shard_stream_test, other_end_that_knows_less_than_before_has_forgotten) {
  write();
  stream.acknowledged(now, ack(1));
  write();
  stream.doubt();
  auto number = stream.next_question(now, after);
  EXPECT_EQ(stream.acknowledged(now, ack(0, *number)), outcome::forgotten);
}

TEST_F(shard_stream_test, fresh_copy_is_in_sync_with_all_that_was_settled) {
  shard_stream fresh{{"n1", 1}, 3, 8, true, 10};
  EXPECT_TRUE(fresh.wants_chunk());
  fresh.append_chunk("", "", true, 10); // there is nothing
  EXPECT_FALSE(fresh.wants_chunk());
  auto x = fresh.next_segment(now);
  ASSERT_TRUE(x);
  EXPECT_TRUE(x->fresh);
  fresh.append("abc", 11);
  EXPECT_FALSE(fresh.next_segment(now)->fresh);
  EXPECT_FALSE(fresh.is_copied());
  fresh.acknowledged(now, {0, 8, 1, 0, false});
  EXPECT_TRUE(fresh.is_copied());
  EXPECT_FALSE(fresh.is_in_sync());
  fresh.is_required = true;
  fresh.mark = 11; // settled without it
  EXPECT_FALSE(fresh.is_in_sync());
  fresh.acknowledged(now, {0, 8, 2, 0, false});
  EXPECT_TRUE(fresh.is_in_sync());
}

} // namespace
} // namespace sluice::actors::cluster

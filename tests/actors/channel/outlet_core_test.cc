// What an outlet holds and may send: within the receiver's credit, in order,
// again after a lost link.

#include "actors/channel/outlet_core.h"

#include "runtime/error.h"
#include "tests/actors/channel/core_pair.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>
#include <vector>

namespace sluice::actors::channel {
namespace {

using testing::items_of;
using testing::number_of;
using testing::numbered;

constexpr std::size_t much = 1'000'000;

/// A receiver that has got nothing, with this window.
wire::opened beginning(std::uint64_t messages, std::uint64_t bytes = much,
                       std::uint64_t position = 0) {
  return {1,     position, 0,    position, position + messages,
          bytes, messages, bytes};
}

void push(outlet_core& core, std::uint64_t from, std::uint64_t to,
          std::size_t size = 8) {
  for (; from < to; ++from)
    core.push(std::string_view{numbered(from, size)});
}

/// The numbers of what `take` gives.
std::vector<std::uint64_t> take(outlet_core& core, std::size_t bytes = much) {
  outlet_core::taken x;
  std::vector<std::uint64_t> result;
  if (!core.take(bytes, x))
    return result;
  std::size_t size = 0;
  for (auto& item : items_of(x)) {
    result.push_back(number_of(item));
    size += item.size() + wire::item_header_bytes;
  }
  EXPECT_EQ(x.count, result.size());
  EXPECT_EQ(x.bytes, size);
  EXPECT_EQ(x.first, result.front());
  return result;
}

std::vector<std::uint64_t> numbers(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> result(to - from);
  std::iota(result.begin(), result.end(), from);
  return result;
}

TEST(outlet_core_test, nothing_is_taken_before_the_receiver_is_there) {
  outlet_core core{0};
  push(core, 0, 3);
  EXPECT_FALSE(core.sendable());
  EXPECT_EQ(take(core), numbers(0, 0));
  EXPECT_EQ(core.pending_bytes(), 36u);
  EXPECT_TRUE(core.open(beginning(10)));
  EXPECT_EQ(take(core), numbers(0, 3));
  EXPECT_EQ(core.pending_bytes(), 0u);
  EXPECT_EQ(core.held_bytes(), 36u);
}

TEST(outlet_core_test, no_more_messages_than_credit) {
  outlet_core core{0};
  push(core, 0, 10);
  core.open(beginning(4));
  EXPECT_EQ(take(core), numbers(0, 4));
  EXPECT_EQ(take(core), numbers(0, 0));
  EXPECT_FALSE(core.grant({1, 2, 6, much}));
  EXPECT_EQ(take(core), numbers(4, 6));
  EXPECT_EQ(core.confirmed(), 2u);
}

TEST(outlet_core_test, no_more_bytes_than_credit) {
  outlet_core core{0};
  push(core, 0, 10); // 12 bytes each
  core.open(beginning(much, 35));
  EXPECT_EQ(take(core), numbers(0, 2));
  EXPECT_FALSE(core.grant({1, 0, much, 36}));
  EXPECT_EQ(take(core), numbers(2, 3));
}

TEST(outlet_core_test, frames_are_cut_between_messages) {
  outlet_core core{0};
  push(core, 0, 10);
  core.open(beginning(100));
  EXPECT_EQ(take(core, 30), numbers(0, 2));
  EXPECT_EQ(take(core, 1), numbers(2, 3)) << "one always goes";
  EXPECT_EQ(take(core, much), numbers(3, 10));
}

TEST(outlet_core_test, message_larger_than_the_window_goes_alone) {
  outlet_core core{0};
  core.push(std::string_view{numbered(0, 50)});
  core.push(std::string_view{numbered(1, 500)});
  core.push(std::string_view{numbered(2, 50)});
  core.open(beginning(10, 100));
  EXPECT_EQ(take(core), numbers(0, 1));
  EXPECT_FALSE(core.sendable());
  EXPECT_TRUE(core.say_blocked()) << "less than half of the window is out";
  EXPECT_FALSE(core.say_blocked()) << "once is enough";
  EXPECT_FALSE(core.grant({1, 1, 11, 154}));
  EXPECT_EQ(take(core), numbers(1, 2));
  EXPECT_EQ(take(core), numbers(0, 0));
  EXPECT_FALSE(core.grant({1, 2, 12, 658}));
  EXPECT_EQ(take(core), numbers(2, 3));
}

TEST(outlet_core_test, small_message_that_waits_asks_for_nothing) {
  outlet_core core{0};
  push(core, 0, 10, 20);
  core.open(beginning(much, 100));
  take(core);
  EXPECT_FALSE(core.sendable());
  EXPECT_FALSE(core.say_blocked());
}

TEST(outlet_core_test, large_slices_are_taken_as_they_are) {
  outlet_core core{0};
  auto large = byte_slice::copy(numbered(1, 10'000));
  core.push(byte_slice::copy(numbered(0, 10)));
  core.push(large);
  core.push(byte_slice::copy(numbered(2, 10)));
  core.open(beginning(100));
  outlet_core::taken x;
  ASSERT_TRUE(core.take(much, x));
  EXPECT_EQ(x.count, 3u);
  auto same = [&](const byte_slice& y) { return y.data() == large.data(); };
  EXPECT_EQ(std::count_if(x.slices.begin(), x.slices.end(), same), 1);
  EXPECT_EQ(items_of(x).size(), 3u);
}

TEST(outlet_core_test, slice_of_a_much_larger_slab_does_not_pin_it) {
  outlet_core core{0};
  auto large = byte_slice::copy(std::string(1'000'000, 'x'));
  core.push(large.sub(0, 5'000));
  core.open(beginning(100));
  outlet_core::taken x;
  ASSERT_TRUE(core.take(much, x));
  EXPECT_LT(x.slices.back().pinned(), 20'000u);
}

TEST(outlet_core_test, after_a_lost_link_it_goes_on_where_the_receiver_is) {
  outlet_core core{0};
  push(core, 0, 10);
  core.open(beginning(100));
  take(core);
  core.interrupt();
  push(core, 10, 12);
  EXPECT_EQ(take(core), numbers(0, 0));
  ASSERT_TRUE(core.open({1, 7, 84, 5, 107, 84 + much, 100, much}));
  EXPECT_EQ(core.confirmed(), 5u);
  EXPECT_EQ(core.sent(), 7u);
  EXPECT_EQ(take(core), numbers(7, 12));
}

TEST(outlet_core_test, bytes_of_the_receiver_may_count_from_elsewhere) {
  outlet_core core{0};
  push(core, 0, 10);
  core.open(beginning(100));
  take(core);
  core.interrupt();
  // A new receiver, which was told that it has five already.
  ASSERT_TRUE(core.open({1, 5, 0, 5, 105, 24, 100, 24}));
  EXPECT_EQ(take(core), numbers(5, 7));
  EXPECT_FALSE(core.grant({1, 7, 107, 48}));
  EXPECT_EQ(take(core), numbers(7, 9));
}

TEST(outlet_core_test, receiver_that_wants_what_is_gone_is_told_so) {
  outlet_core core{100};
  push(core, 100, 110);
  ASSERT_TRUE(core.open(beginning(50, much, 100)));
  take(core);
  EXPECT_FALSE(core.grant({1, 104, 154, much}));
  core.interrupt();
  EXPECT_FALSE(core.open(beginning(50, much, 103)));
  EXPECT_FALSE(core.open(beginning(50, much, 111)));
  EXPECT_TRUE(core.open(beginning(50, much, 104)));
}

TEST(outlet_core_test, grant_that_takes_back_or_confirms_too_much_is_refused) {
  outlet_core core{0};
  push(core, 0, 10);
  core.open(beginning(4));
  take(core);
  EXPECT_TRUE(core.grant({1, 0, 3, much}));
  EXPECT_TRUE(core.grant({1, 0, 4, much - 1}));
  EXPECT_TRUE(core.grant({1, 5, 4, much}));
  EXPECT_FALSE(core.grant({1, 4, 4, much}));
}

TEST(outlet_core_test, what_was_not_confirmed_is_handed_back) {
  outlet_core core{0};
  push(core, 0, 10);
  core.push(byte_slice::copy(numbered(10, 5'000)));
  push(core, 11, 13);
  core.open(beginning(8));
  take(core);
  EXPECT_FALSE(core.grant({1, 3, 9, much}));
  auto rest = core.drain();
  std::vector<std::uint64_t> seen;
  for (auto& x : rest)
    seen.push_back(number_of(x.view()));
  EXPECT_EQ(seen, numbers(3, 13));
  EXPECT_EQ(core.held_bytes(), 0u);
  EXPECT_TRUE(core.drain().empty());
}

} // namespace
} // namespace sluice::actors::channel

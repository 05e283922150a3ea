#include "net/write_queue.h"

#include "runtime/limits.h"
#include "runtime/slab_cursor.h"
#include "tests/net/write_queue_fixture.h"

#include <gtest/gtest.h>

namespace sluice::net {
namespace {

namespace limits = runtime::limits;
using tokens = std::vector<std::pair<std::size_t, std::uint64_t>>;

class write_queue_test : public write_queue_fixture {
public:
  /// Bytes of the line and of one more round: what a flood may have before a
  /// newcomer's turn.
  static constexpr auto patience =
      limits::write_high_bytes + 2 * limits::write_quantum_bytes;
};

// -- order --------------------------------------------------------------------

TEST_F(write_queue_test, writes_of_a_sender_leave_in_their_order) {
  for (auto text : {"one ", "two ", "three ", "four "})
    push(0, text);
  take_all();
  EXPECT_EQ(sent, "one two three four ");
}

TEST_F(write_queue_test, bytes_and_entries_are_what_is_queued) {
  EXPECT_TRUE(queue.empty());
  push(0, "12345");
  push(1, "123");
  EXPECT_EQ(queue.bytes(), 8u);
  EXPECT_EQ(queue.entries(), 2u);
  take(6);
  EXPECT_EQ(queue.bytes(), 2u);
  EXPECT_EQ(queue.entries(), 1u);
  take(2);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.entries(), 0u);
}

TEST_F(write_queue_test, what_was_offered_once_is_offered_again_in_that_order) {
  push(0, "aaaa");
  push(1, "bbbb");
  take(2);
  push(2, "cccc");
  push(0, "dddd");
  take_all();
  EXPECT_EQ(sent.substr(0, 8), "aaaabbbb");
}

TEST_F(write_queue_test, parts_of_a_frame_are_not_parted_by_other_senders) {
  for (int i = 0; i < 50; ++i) {
    push_frame(0, "<", std::string(1'000, 'a'), ">");
    push_frame(1, "(", std::string(2'000, 'b'), ")");
    push(2, "*");
  }
  while (!queue.empty())
    take(777, 5);
  std::string_view rest{sent};
  auto a = "<" + std::string(1'000, 'a') + ">";
  auto b = "(" + std::string(2'000, 'b') + ")";
  while (!rest.empty()) {
    auto size = rest.starts_with(a)     ? a.size()
                : rest.starts_with(b)   ? b.size()
                : rest.starts_with('*') ? 1
                                        : 0;
    ASSERT_NE(size, 0u) << "torn at byte " << sent.size() - rest.size();
    rest.remove_prefix(size);
  }
  EXPECT_EQ(sent.size(), 50 * (a.size() + b.size() + 1));
}

TEST_F(write_queue_test, empty_parts_of_a_frame_are_no_entries) {
  push_frame(0, "h", "", "");
  push_frame(0, "", "p", "t");
  EXPECT_EQ(queue.entries(), 3u);
  take_all();
  EXPECT_EQ(sent, "hpt");
}

// -- fairness -----------------------------------------------------------------

TEST_F(write_queue_test, small_write_waits_one_round_of_a_flood) {
  for (int i = 0; i < 2'000; ++i)
    push(0, std::string(1'000, 'f'));
  take(10); // the line is filled
  push(1, "small");
  while (sent.find("small") == std::string::npos)
    take(5'000);
  EXPECT_LE(sent.find("small"), patience);
}

TEST_F(write_queue_test, small_write_waits_one_round_of_a_flood_of_frames) {
  for (int i = 0; i < 200; ++i)
    push_frame(0, "hhhh", std::string(16'000, 'f'), "");
  take(10);
  push(1, "small");
  while (sent.find("small") == std::string::npos)
    take(5'000);
  EXPECT_LE(sent.find("small"), patience);
}

TEST_F(write_queue_test, senders_get_the_same_share_in_bytes_not_in_writes) {
  for (int i = 0; i < 5'000; ++i)
    push(0, std::string(100, 'a'));
  for (int i = 0; i < 50; ++i)
    push(1, std::string(10'000, 'b'));
  for (int i = 0; i < 50; ++i)
    push_frame(2, std::string(4, 'c'), std::string(9'994, 'c'), "cc");
  while (sent.size() < 900'000)
    take(30'000);
  for (auto c : {'a', 'b', 'c'})
    EXPECT_NEAR(std::count(sent.begin(), sent.end(), c), 300'000,
                2 * limits::write_quantum_bytes)
        << c;
}

TEST_F(write_queue_test, write_larger_than_a_quantum_saves_up_and_passes) {
  push(0, std::string(5 * limits::write_quantum_bytes, 'L'));
  for (int i = 0; i < 200; ++i)
    push(1, std::string(4'000, 's'));
  while (sent.find('L') == std::string::npos)
    take(4'000);
  EXPECT_GE(sent.find('L'), 4 * limits::write_quantum_bytes - 4'000);
  EXPECT_LE(sent.find('L'), 6 * limits::write_quantum_bytes);
}

TEST_F(write_queue_test, idle_sender_does_not_save_up) {
  for (int i = 0; i < 1'000; ++i)
    push(0, std::string(1'000, 'f'));
  push(1, "once");
  while (sent.size() < 500'000)
    take(10'000);
  auto before = sent.size();
  for (int i = 0; i < 200; ++i)
    push(1, std::string(1'000, 'n'));
  while (sent.size() < before + 3 * patience)
    take(10'000);
  auto share = std::count(sent.begin(), sent.end(), 'n');
  EXPECT_LE(share, 3 * patience / 2 + limits::write_quantum_bytes);
}

// -- merging ------------------------------------------------------------------

TEST_F(write_queue_test, adjoining_writes_of_a_sender_are_one_entry) {
  runtime::slab_cursor slab{4'096};
  for (auto text : {"many ", "small ", "writes"})
    push(0, slab.copy(text));
  EXPECT_EQ(queue.entries(), 1u);
  EXPECT_EQ(queue.bytes(), 17u);
  EXPECT_EQ(gather().size(), 1u);
  take_all();
  EXPECT_EQ(sent, "many small writes");
}

TEST_F(write_queue_test, adjoining_writes_of_two_senders_stay_two) {
  runtime::slab_cursor slab{4'096};
  push(0, slab.copy("mine "));
  push(1, slab.copy("yours"));
  EXPECT_EQ(queue.entries(), 2u);
}

TEST_F(write_queue_test, write_with_a_token_is_the_last_of_its_entry) {
  runtime::slab_cursor slab{4'096};
  push(0, slab.copy("a"));
  push(0, slab.copy("b"), 7);
  push(0, slab.copy("c"));
  EXPECT_EQ(queue.entries(), 2u);
  take(1);
  EXPECT_EQ(told, tokens{});
  take(1);
  EXPECT_EQ(told, (tokens{{0, 7}}));
}

TEST_F(write_queue_test, frame_takes_no_adjoining_write_in) {
  runtime::slab_cursor slab{4'096};
  auto header = slab.copy("h");
  queue.push(ptr(0), {header, slab.copy("p"), {}}, 0, false);
  push(0, slab.copy("x"));
  EXPECT_EQ(queue.entries(), 3u);
  queue.drop_oldest(1, 0, on_returned());
  EXPECT_EQ(back.size(), 2u) << "the frame, and not the write behind it";
}

// -- the protocol's own frames ------------------------------------------------

TEST_F(write_queue_test, what_comes_later_is_behind_what_was_lined_up) {
  std::string flood(4'000, 'a');
  for (int i = 0; i < 200; ++i)
    push(0, flood);
  push(1, std::string(100'000, 'b'));
  take(1'000);
  queue.line_up();
  push(1, "c");
  push(2, "d");
  take_all();
  ASSERT_EQ(sent.size(), 900'002u);
  EXPECT_EQ(std::count(sent.begin(), sent.end() - 2, 'a'), 800'000);
  EXPECT_EQ(std::count(sent.begin(), sent.end() - 2, 'b'), 100'000);
}

TEST_F(write_queue_test, frame_that_nobody_asked_for_comes_back_as_envelope) {
  runtime::slab_cursor slab{4'096};
  push(0, slab.copy("mine"));
  queue.push(ptr(0), {slab.copy("ping"), {}, {}, true}, 0, false);
  push(0, slab.copy("too"));
  queue.drain(on_returned());
  EXPECT_EQ(back, (std::vector<returned>{{0, "mine", 0, false},
                                         {0, "ping", 0, true},
                                         {0, "too", 0, false}}));
}

// -- tokens -------------------------------------------------------------------

TEST_F(write_queue_test, token_is_told_with_the_last_byte_and_to_its_sender) {
  push(0, "abc", 1);
  push(1, "defg", 2);
  push(nobody, "h", 3);
  take(2);
  EXPECT_EQ(told, tokens{});
  take(1);
  EXPECT_EQ(told, (tokens{{0, 1}}));
  take(3);
  EXPECT_EQ(told, (tokens{{0, 1}}));
  take(2);
  EXPECT_EQ(told, (tokens{{0, 1}, {1, 2}, {nobody, 3}}));
}

TEST_F(write_queue_test, token_of_a_frame_is_told_once_behind_its_trailer) {
  push_frame(0, "12", "34", "56", 9);
  take(5);
  EXPECT_EQ(told, tokens{});
  take(1);
  EXPECT_EQ(told, (tokens{{0, 9}}));
}

// -- dropping -----------------------------------------------------------------

TEST_F(write_queue_test, oldest_writes_are_dropped_whoever_sent_them) {
  push(1, "1st");
  push(0, "2nd");
  push(1, "3rd");
  EXPECT_EQ(queue.drop_oldest(4, 0, on_returned()), 6u);
  EXPECT_EQ(back, (std::vector<returned>{{1, "1st", 0, false},
                                         {0, "2nd", 0, false}}));
  EXPECT_EQ(queue.bytes(), 3u);
  EXPECT_EQ(queue.entries(), 1u);
}

TEST_F(write_queue_test, entries_are_dropped_as_asked_for) {
  for (auto text : {"a", "b", "c"})
    push(0, text);
  EXPECT_EQ(queue.drop_oldest(0, 2, on_returned()), 2u);
  EXPECT_EQ(queue.entries(), 1u);
}

TEST_F(write_queue_test, nothing_is_dropped_when_nothing_is_asked_for) {
  push(0, "a");
  EXPECT_EQ(queue.drop_oldest(0, 0, on_returned()), 0u);
  EXPECT_EQ(queue.bytes(), 1u);
}

TEST_F(write_queue_test, started_write_and_what_was_offered_is_not_dropped) {
  push_frame(0, "<", "under way", ">");
  push(1, "offered");
  take(3);
  push(0, "later");
  EXPECT_EQ(queue.drop_oldest(1'000, 1'000, on_returned()), 5u);
  EXPECT_EQ(back, (std::vector<returned>{{0, "later", 0, false}}));
  take_all();
  EXPECT_EQ(sent, "<under way>offered");
}

TEST_F(write_queue_test, dropped_frame_comes_back_whole_with_its_token) {
  push_frame(0, "<", "body", ">", 5);
  EXPECT_EQ(queue.drop_oldest(1, 0, on_returned()), 6u);
  EXPECT_EQ(back,
            (std::vector<returned>{
                {0, "<", 0, true}, {0, "body", 0, false}, {0, ">", 5, true}}));
  EXPECT_TRUE(queue.empty());
}

// -- draining -----------------------------------------------------------------

TEST_F(write_queue_test, drained_writes_keep_the_order_of_their_sender) {
  push(0, "a1");
  push(1, "b1", 4);
  take(1);
  push(1, "b2");
  push(0, "a2", 8);
  queue.drain(on_returned());
  EXPECT_EQ(back, (std::vector<returned>{{0, "1", 0, false},
                                         {1, "b1", 4, false},
                                         {0, "a2", 8, false},
                                         {1, "b2", 0, false}}));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.entries(), 0u);
}

TEST_F(write_queue_test, frame_without_payload_comes_back_as_its_envelope) {
  push_frame(0, "head", "", "", 3);
  queue.drain(on_returned());
  EXPECT_EQ(back, (std::vector<returned>{{0, "head", 3, false}}));
}

TEST_F(write_queue_test, drained_queue_can_be_used_again) {
  push(0, "old");
  take(1);
  queue.drain(on_returned());
  push(1, "new", 2);
  take_all();
  EXPECT_EQ(sent, "onew");
  EXPECT_EQ(told, (tokens{{1, 2}}));
}

// -- memory -------------------------------------------------------------------

TEST_F(write_queue_test, waiting_crumbs_do_not_pin_the_slabs_they_came_in) {
  for (int i = 0; i < 1'000; ++i) {
    byte_slice large = byte_slice::copy(std::string(64 * 1024, 'x'));
    push(0, large.sub(500, 10), 0, true);
  }
  EXPECT_EQ(queue.bytes(), 10'000u);
  // They lie side by side in few slabs, and so are few entries.
  EXPECT_LE(queue.entries(), 10'000 / limits::compact_slab_bytes + 1);
  queue.drain(on_returned());
  for (auto& x : slices_back)
    EXPECT_LE(x.pinned(), limits::compact_slab_bytes);
}

TEST_F(write_queue_test, medium_slice_of_a_large_slab_gets_a_slab_of_its_size) {
  auto large = byte_slice::copy(std::string(64 * 1024, 'x'));
  push(0, large.sub(0, 2'000), 0, true);
  queue.drain(on_returned());
  EXPECT_EQ(slices_back.at(0).pinned(), 2'000u);
}

TEST_F(write_queue_test, slice_that_uses_its_slab_is_not_copied) {
  auto large = byte_slice::copy(std::string(64 * 1024, 'x'));
  push(0, large.sub(0, 32 * 1024), 0, true);
  queue.drain(on_returned());
  EXPECT_EQ(slices_back.at(0).data(), large.data());
}

TEST_F(write_queue_test, nothing_is_copied_while_the_socket_takes_it) {
  auto large = byte_slice::copy(std::string(64 * 1024, 'x'));
  push(0, large.sub(0, 10));
  EXPECT_EQ(gather().at(0).iov_base, large.data());
}

TEST_F(write_queue_test, compact_does_it_for_the_line_and_for_the_rest) {
  auto large = byte_slice::copy(std::string(64 * 1024, 'x'));
  push(0, large.sub(0, 10));
  gather();
  push(0, large.sub(100, 10));
  queue.compact();
  queue.drain(on_returned());
  ASSERT_EQ(slices_back.size(), 2u);
  for (auto& x : slices_back) {
    EXPECT_LE(x.pinned(), limits::compact_slab_bytes);
    EXPECT_EQ(x.str(), std::string(10, 'x'));
  }
}

TEST_F(write_queue_test, queue_that_was_long_forgets_its_senders_in_reset) {
  auto refs = [&] { return ptr(3)->strong_refs.load(); };
  auto before = refs();
  push(3, "x");
  EXPECT_GT(refs(), before);
  take_all();
  queue.reset();
  EXPECT_EQ(refs(), before);
}

TEST_F(write_queue_test, only_senders_with_bytes_are_visited) {
  push(0, "a");
  push(1, "b");
  push(nobody, "c");
  take(1);
  std::vector<caf::strong_actor_ptr> seen;
  queue.for_each_sender([&](const auto& x) { seen.push_back(x); });
  EXPECT_EQ(seen, (std::vector{ptr(1), ptr(nobody)}));
}

// -- misuse -------------------------------------------------------------------

using write_queue_death_test = write_queue_test;

TEST_F(write_queue_death_test, broken_invariants_panic) {
  EXPECT_DEATH(push(0, ""), "an empty write was queued");
  push(0, "abc");
  EXPECT_DEATH(queue.reset(), "with bytes in it was reset");
  EXPECT_DEATH(queue.taken(1, on_written()), "more taken than");
}

// -- fifo ---------------------------------------------------------------------

TEST(fifo_test, keeps_its_order_while_the_gap_is_closed) {
  fifo<int> line;
  int next = 0;
  int expected = 0;
  for (int round = 0; round < 1'000; ++round) {
    for (int i = 0; i < 3; ++i)
      line.push_back(next++);
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(line.front(), expected++);
      line.pop_front();
    }
    ASSERT_EQ(line.size(), static_cast<std::size_t>(next - expected));
    ASSERT_EQ(line.back(), next - 1);
  }
  for (auto x : line)
    ASSERT_EQ(x, expected++);
  EXPECT_EQ(expected, next);
}

TEST(fifo_test, lets_go_of_an_element_when_it_is_popped) {
  fifo<std::shared_ptr<int>> line;
  auto x = std::make_shared<int>(1);
  line.push_back(x);
  line.push_back(nullptr);
  line.pop_front();
  EXPECT_EQ(x.use_count(), 1);
}

TEST(fifo_test, memory_of_a_flood_is_given_back_and_the_usual_is_kept) {
  fifo<int> line;
  auto pass = [&line](int count) {
    for (int i = 0; i < count; ++i)
      line.push_back(i);
    while (!line.empty())
      line.pop_front();
    line.trim(100);
  };
  pass(50);
  EXPECT_GE(line.capacity(), 50u);
  pass(1'000);
  EXPECT_EQ(line.capacity(), 0u);
}

} // namespace
} // namespace sluice::net

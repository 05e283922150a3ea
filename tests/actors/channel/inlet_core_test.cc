// How much credit an inlet gives, and what it takes from an outlet.

#include "actors/channel/inlet_core.h"

#include "actors/channel/outlet_core.h"
#include "runtime/error.h"
#include "tests/actors/channel/core_pair.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

namespace sluice::actors::channel {
namespace {

using sluice::testing::for_each_seed;
using sluice::testing::random_source;
using testing::items_of;
using testing::number_of;
using testing::numbered;

TEST(inlet_core_test, begins_with_a_whole_window) {
  inlet_core core{5, 100, 1'000};
  auto x = core.open(3);
  EXPECT_EQ(x.channel, 3u);
  EXPECT_EQ(x.position, 5u);
  EXPECT_EQ(x.bytes, 0u);
  EXPECT_EQ(x.confirmed, 5u);
  EXPECT_EQ(x.message_limit, 105u);
  EXPECT_EQ(x.byte_limit, 1'000u);
}

TEST(inlet_core_test, more_than_the_credit_is_refused) {
  inlet_core core{0, 10, 100};
  core.open(1);
  EXPECT_TRUE(core.receive(0, 11, 50));
  EXPECT_TRUE(core.receive(0, 10, 101));
  EXPECT_FALSE(core.receive(0, 10, 100));
  EXPECT_TRUE(core.receive(10, 1, 1));
}

TEST(inlet_core_test, message_larger_than_the_window_is_taken_alone) {
  inlet_core core{0, 10, 100};
  core.open(1);
  EXPECT_FALSE(core.receive(0, 1, 500));
  EXPECT_TRUE(core.receive(1, 1, 500)) << "the first one is not freed";
  core.free(0, 1, 500);
  core.grant(1);
  EXPECT_TRUE(core.receive(1, 2, 500));
  EXPECT_FALSE(core.receive(1, 1, 500));
  EXPECT_EQ(core.held_bytes(), 500u);
}

TEST(inlet_core_test, gap_and_repetition_are_refused) {
  inlet_core core{0, 10, 100};
  core.open(1);
  EXPECT_FALSE(core.receive(0, 2, 20));
  EXPECT_TRUE(core.receive(3, 1, 10));
  EXPECT_TRUE(core.receive(1, 1, 10));
  EXPECT_FALSE(core.receive(2, 1, 10));
}

TEST(inlet_core_test, grants_when_half_of_the_window_is_free) {
  inlet_core core{0, 10, 1'000};
  core.open(1);
  core.receive(0, 10, 100);
  core.free(0, 4, 40);
  EXPECT_FALSE(core.grant_due());
  EXPECT_TRUE(core.grant_useful());
  core.free(4, 1, 10);
  EXPECT_TRUE(core.grant_due());
  auto x = core.grant(1);
  EXPECT_EQ(x.message_limit, 15u);
  EXPECT_EQ(x.byte_limit, 1'050u);
  EXPECT_EQ(x.confirmed, 5u);
  EXPECT_FALSE(core.grant_due());
  EXPECT_FALSE(core.grant_useful());
}

TEST(inlet_core_test, half_of_the_bytes_is_enough) {
  inlet_core core{0, 1'000, 100};
  core.open(1);
  core.receive(0, 2, 100);
  core.free(0, 1, 49);
  EXPECT_FALSE(core.grant_due());
  core.free(1, 1, 51);
  EXPECT_TRUE(core.grant_due());
}

TEST(inlet_core_test, who_waits_for_little_gets_it) {
  inlet_core core{0, 100, 1'000};
  core.open(1);
  core.receive(0, 1, 10);
  core.blocked();
  EXPECT_FALSE(core.grant_due()) << "nothing is free yet";
  core.free(0, 1, 10);
  EXPECT_TRUE(core.grant_due());
}

TEST(inlet_core_test, what_is_freed_out_of_order_is_credit_but_not_confirmed) {
  inlet_core core{0, 10, 1'000};
  core.open(1);
  core.receive(0, 3, 30);
  core.receive(3, 3, 30);
  core.receive(6, 3, 30);
  core.free(6, 3, 30);
  core.free(3, 3, 30);
  EXPECT_EQ(core.confirmed(), 0u);
  EXPECT_EQ(core.held_messages(), 3u);
  EXPECT_EQ(core.grant(1).message_limit, 16u);
  core.free(0, 3, 30);
  EXPECT_EQ(core.confirmed(), 9u);
  EXPECT_EQ(core.held_bytes(), 0u);
}

/// Two cores and frames on their way between them, with lost links.
class core_pair {
public:
  core_pair(random_source& random)
      : random_(random),
        window_messages_(random.size_between(1, 20)),
        window_bytes_(random.size_between(20, 2'000)),
        in_(0, window_messages_, window_bytes_) {}

  void run() {
    auto total = random_.size_between(1, 300);
    std::size_t steps = 0;
    while (received_ < total && ++steps < 100'000 && !failed_) {
      step(total);
      check();
    }
    EXPECT_EQ(received_, total) << "nothing moves any more";
    for (auto [first, bytes] : held_)
      in_.free(first, 1, bytes);
    EXPECT_EQ(in_.confirmed(), total);
    EXPECT_FALSE(out_.grant(in_.grant(1)));
    EXPECT_EQ(out_.confirmed(), total);
    EXPECT_EQ(out_.held_bytes(), 0u);
  }

private:
  void step(std::uint64_t total) {
    switch (random_.below(5)) {
    case 0:
      if (pushed_ < total)
        push();
      break;
    case 1:
      send();
      break;
    case 2:
      deliver();
      break;
    case 3:
      free_one();
      break;
    default:
      if (random_.per_mille(50))
        lose_link();
      else if (!grants_.empty()) {
        EXPECT_FALSE(out_.grant(grants_.front()));
        grants_.pop_front();
      }
    }
  }

  void push() {
    auto size = random_.per_mille(50)
                    ? random_.size_between(1, 3 * window_bytes_)
                    : random_.size_between(1, 40);
    auto text = numbered(pushed_++, size);
    if (random_.per_mille(500))
      out_.push(std::string_view{text});
    else
      out_.push(byte_slice::copy(text));
  }

  void send() {
    if (!opened_) {
      grants_.clear();
      ASSERT_TRUE(out_.open(in_.open(1)));
      opened_ = true;
    }
    outlet_core::taken x;
    if (out_.take(random_.size_between(1, 500), x))
      frames_.push_back(std::move(x));
    else if (out_.say_blocked())
      blocked_ = true;
  }

  void deliver() {
    if (frames_.empty()) {
      // A hint travels behind the data.
      if (std::exchange(blocked_, false)) {
        in_.blocked();
        grant();
      }
      return;
    }
    auto x = std::move(frames_.front());
    frames_.pop_front();
    auto err = in_.receive(x.first, x.count, x.bytes);
    EXPECT_FALSE(err) << runtime::to_text(err);
    failed_ = bool(err);
    for (auto& item : items_of(x)) {
      EXPECT_EQ(number_of(item), received_);
      held_.emplace_back(received_++, item.size() + wire::item_header_bytes);
    }
  }

  void free_one() {
    if (held_.empty())
      return;
    auto at = held_.begin()
              + static_cast<std::ptrdiff_t>(random_.below(held_.size()));
    in_.free(at->first, 1, at->second);
    held_.erase(at);
    grant();
  }

  void grant() {
    if (in_.grant_due() && opened_)
      grants_.push_back(in_.grant(1));
  }

  void lose_link() {
    out_.interrupt();
    opened_ = blocked_ = false;
    frames_.clear();
    grants_.clear();
  }

  void check() {
    std::size_t messages = in_.held_messages();
    std::size_t bytes = in_.held_bytes();
    for (auto& x : frames_) {
      messages += x.count;
      bytes += x.bytes;
    }
    EXPECT_LE(messages, window_messages_);
    if (messages > 1) {
      EXPECT_LE(bytes, window_bytes_);
    }
  }

  random_source& random_;
  std::size_t window_messages_;
  std::size_t window_bytes_;
  outlet_core out_{0};
  inlet_core in_;
  std::deque<outlet_core::taken> frames_;
  std::deque<wire::grant> grants_;
  std::vector<std::pair<std::uint64_t, std::size_t>> held_;
  std::uint64_t pushed_ = 0;
  std::uint64_t received_ = 0;
  bool opened_ = false;
  bool blocked_ = false;
  bool failed_ = false;
};

TEST(inlet_core_test, two_cores_lose_nothing_whatever_becomes_of_their_links) {
  for_each_seed(3'000, [](auto seed) {
    random_source random{seed};
    core_pair{random}.run();
  });
}

} // namespace
} // namespace sluice::actors::channel

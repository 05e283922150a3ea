#include "net/datagram_queue.h"

#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using runtime::limits::datagram_overhead_bytes;
using runtime::limits::write_quantum_bytes;
using strings = std::vector<std::string>;

class datagram_queue_test : public ::testing::Test {
protected:
  static constexpr std::size_t senders = 4;

  datagram_queue_test() {
    for (std::size_t i = 0; i < senders; ++i)
      actors_.emplace_back(system_);
  }

  caf::strong_actor_ptr ptr(std::size_t i) {
    return caf::actor_cast<caf::strong_actor_ptr>(actors_.at(i));
  }

  static endpoint receiver(int i) {
    return *endpoint::parse("unixgram://@" + std::to_string(i));
  }

  static runtime::time_point at(std::chrono::milliseconds x) {
    return runtime::time_point{x};
  }

  void push(std::size_t sender, std::string_view text, int to = 0,
            runtime::time_point since = {}) {
    queue.push({ptr(sender), byte_slice::copy(text), receiver(to), 0, since});
  }

  /// The next datagram, taken; "" if there is none.
  std::string next() {
    auto x = queue.front();
    if (x == nullptr)
      return "";
    auto text = x->bytes.str();
    EXPECT_EQ(queue.pop().bytes.str(), text);
    return text;
  }

  strings rest() {
    strings result;
    for (auto x = next(); !x.empty(); x = next())
      result.push_back(x);
    return result;
  }

  datagram_queue::on_returned into(strings& list) {
    return [&list](outgoing x) { list.push_back(x.bytes.str()); };
  }

  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  std::deque<caf::scoped_actor> actors_;
  datagram_queue queue;
};

TEST_F(datagram_queue_test, datagrams_of_a_sender_keep_their_order) {
  for (auto text : {"a", "b", "c"})
    push(0, text);
  EXPECT_EQ(queue.datagrams(), 3u);
  EXPECT_EQ(queue.bytes(), 3u);
  EXPECT_EQ(queue.charge(), 3 * (1 + datagram_overhead_bytes));
  EXPECT_EQ(rest(), (strings{"a", "b", "c"}));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.charge(), 0u);
}

TEST_F(datagram_queue_test, adjoining_datagrams_stay_apart) {
  auto both = byte_slice::copy("onetwo");
  queue.push({ptr(0), both.sub(0, 3), receiver(0), 0, {}});
  queue.push({ptr(0), both.sub(3), receiver(0), 0, {}});
  EXPECT_EQ(rest(), (strings{"one", "two"}));
}

TEST_F(datagram_queue_test, flood_of_one_sender_delays_another_by_one_round) {
  std::string large(write_quantum_bytes / 4, 'x');
  for (int i = 0; i < 100; ++i)
    push(0, large);
  push(1, "small");
  int before = 0;
  while (next() != "small")
    ++before;
  EXPECT_LE(before, 4);
}

TEST_F(datagram_queue_test, senders_share_by_bytes) {
  std::string large(10'000, 'L');
  std::string small(500, 's');
  for (int i = 0; i < 200; ++i)
    push(0, large);
  for (int i = 0; i < 4'000; ++i)
    push(1, small);
  std::size_t large_bytes = 0;
  std::size_t small_bytes = 0;
  for (int i = 0; i < 1'000; ++i) {
    queue.front();
    auto x = queue.pop();
    (x.bytes[0] == 'L' ? large_bytes : small_bytes) +=
        datagram_queue::charge_of(x.bytes.size());
  }
  auto total = static_cast<double>(large_bytes + small_bytes);
  EXPECT_NEAR(static_cast<double>(large_bytes) / total, 0.5, 0.05);
}

TEST_F(datagram_queue_test, datagram_longer_than_a_round_is_sent_at_last) {
  push(0, std::string(3 * write_quantum_bytes, 'x'));
  push(1, "a");
  EXPECT_EQ(next(), "a");
  EXPECT_EQ(next().size(), 3 * write_quantum_bytes);
}

TEST_F(datagram_queue_test, sender_that_comes_and_goes_starves_nobody) {
  // 0 has one datagram at a time: its lane ends and begins again.
  for (int i = 0; i < 50; ++i)
    push(1, "patient");
  push(2, "also");
  push(0, "hasty");
  std::set<std::string> seen;
  for (int i = 0; i < 130 && seen.size() < 3; ++i) {
    auto text = next();
    seen.insert(text);
    if (text == "hasty")
      push(0, "hasty");
  }
  EXPECT_EQ(seen.size(), 3u);
}

// -- receivers ----------------------------------------------------------------

TEST_F(datagram_queue_test, full_receiver_is_passed_over) {
  queue.by_receiver(true);
  push(0, "to 1", 1);
  push(0, "to 2", 2);
  push(1, "also to 1", 1);
  while (queue.front()->to != receiver(1))
    next();
  queue.hold();
  auto others = rest();
  push(2, "later to 1", 1); // a lane of its own, held too
  push(2, "later to 2", 2);
  EXPECT_EQ(next(), "later to 2");
  EXPECT_EQ(next(), "");
  EXPECT_EQ(queue.datagrams(), 3u);
  queue.resume();
  auto now = rest();
  EXPECT_EQ((std::set<std::string>{now.begin(), now.end()}),
            (std::set<std::string>{"to 1", "also to 1", "later to 1"}));
}

TEST_F(datagram_queue_test, receivers_are_one_unless_told_apart) {
  push(0, "to 1", 1);
  push(0, "to 2", 2);
  push(0, "again to 1", 1);
  EXPECT_EQ(rest(), (strings{"to 1", "to 2", "again to 1"}));
}

// -- what comes back ----------------------------------------------------------

TEST_F(datagram_queue_test, oldest_go_first_whoever_sent_them) {
  push(1, "first");
  push(0, "second");
  push(1, "third");
  strings dropped;
  queue.drop_oldest(1, into(dropped));
  EXPECT_EQ(dropped, strings{"first"});
  queue.drop_oldest(2 * datagram_overhead_bytes, into(dropped));
  EXPECT_EQ(dropped, (strings{"first", "second", "third"}));
  EXPECT_TRUE(queue.empty());
}

TEST_F(datagram_queue_test, no_more_are_dropped_than_needed) {
  for (auto text : {"a", "b", "c"})
    push(0, text);
  strings dropped;
  queue.drop_oldest(datagram_queue::charge_of(1) + 1, into(dropped));
  EXPECT_EQ(dropped, (strings{"a", "b"}));
  EXPECT_EQ(rest(), strings{"c"});
}

TEST_F(datagram_queue_test, only_what_is_old_enough_expires) {
  push(0, "a", 0, at(1ms));
  push(1, "b", 0, at(2ms));
  push(0, "c", 0, at(3ms));
  EXPECT_EQ(queue.oldest(), at(1ms));
  strings expired;
  queue.expire(at(2ms), into(expired));
  EXPECT_EQ(expired, (strings{"a", "b"}));
  EXPECT_EQ(queue.oldest(), at(3ms));
}

TEST_F(datagram_queue_test, held_datagrams_expire_and_drain) {
  queue.by_receiver(true);
  push(0, "a", 1, at(1ms));
  push(0, "b", 1, at(2ms));
  queue.front();
  queue.hold();
  strings back;
  queue.expire(at(1ms), into(back));
  queue.drain(into(back));
  EXPECT_EQ(back, (strings{"a", "b"}));
  EXPECT_TRUE(queue.empty());
}

TEST_F(datagram_queue_test, senders_with_something_queued_are_known) {
  push(2, "a");
  push(3, "b");
  std::set<caf::strong_actor_ptr> found;
  queue.for_each_sender([&](auto& x) { found.insert(x); });
  EXPECT_EQ(found, (std::set<caf::strong_actor_ptr>{ptr(2), ptr(3)}));
}

// -- against a model ----------------------------------------------------------

/// Everything that was pushed leaves once: by a pop in its sender's order (and
/// receiver's), or handed back.
TEST_F(datagram_queue_test, every_datagram_leaves_once) {
  testing::for_each_seed(300, [this](std::uint64_t seed) {
    testing::random_source random{seed};
    datagram_queue q;
    auto apart = random.below(2) == 0;
    q.by_receiver(apart);
    std::uint64_t token = 0;
    std::set<std::uint64_t> inside;
    std::size_t bytes = 0;
    std::map<std::pair<caf::strong_actor_ptr, endpoint>, std::uint64_t> last;
    auto leave = [&](const outgoing& x) {
      ASSERT_EQ(inside.erase(x.token), 1u);
      bytes -= x.bytes.size();
    };
    for (int i = 0; i < 400; ++i) {
      auto now = at(std::chrono::milliseconds{i});
      switch (random.below(8)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        std::string text(random.size_between(1, 40'000), 'x');
        bytes += text.size();
        inside.insert(++token);
        q.push({ptr(random.below(senders)), byte_slice::copy(text),
                receiver(static_cast<int>(random.below(3))), token, now});
        break;
      }
      case 4:
        if (q.front() != nullptr && apart)
          q.hold();
        break;
      case 5:
        q.resume();
        break;
      case 6:
        if (random.below(2) == 0)
          q.drop_oldest(random.below(50'000), leave);
        else
          q.expire(now - std::chrono::milliseconds{random.below(200)}, leave);
        break;
      default:
        while (q.front() != nullptr && random.below(4) != 0) {
          auto x = q.pop();
          auto key = std::pair{x.sender, apart ? x.to : endpoint{}};
          ASSERT_LT(last[key], x.token) << "out of order";
          last[key] = x.token;
          leave(x);
        }
      }
      ASSERT_EQ(q.datagrams(), inside.size());
      ASSERT_EQ(q.bytes(), bytes);
      ASSERT_TRUE(q.empty() || q.oldest() <= now);
    }
    q.drain(leave);
    ASSERT_TRUE(q.empty());
    ASSERT_TRUE(inside.empty());
    ASSERT_EQ(q.front(), nullptr);
  });
}

} // namespace
} // namespace sluice::net

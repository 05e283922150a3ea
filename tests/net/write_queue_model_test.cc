// Random use of a write_queue: what was pushed is taken or handed back, each
// byte once, each write whole and in its sender's order.

#include "net/write_queue.h"

#include "runtime/slab_cursor.h"
#include "tests/net/write_queue_fixture.h"
#include "tests/simulation/numbered_writes.h"
#include "tests/support/random_source.h"
#include "tests/support/seeds.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace sluice::net {
namespace {

using testing::make_write;
using testing::random_source;
using testing::take_write;
using testing::write_header;

class write_queue_model_test : public write_queue_fixture {
public:
  using write_id = std::pair<std::uint32_t, std::uint32_t>; // sender, number

  void run(std::uint64_t seed) {
    queue.drain([](auto&&...) {});
    sent.clear();
    told.clear();
    back.clear();
    slices_back.clear();
    pushed_ = 0;
    numbers_.clear();
    tokens_.clear();
    random_source random{seed};
    size_max_ = random.size_between(testing::header_bytes, 40'000);
    will_wait_ = false;
    for (auto steps = random.between(1, 60); steps > 0; --steps) {
      step(random);
      ASSERT_EQ(pushed_, sent.size() + returned_bytes() + queue.bytes());
      ASSERT_EQ(queue.entries() == 0, queue.empty());
      ASSERT_NO_FATAL_FAILURE(check_sent());
    }
    auto entries = queue.entries();
    auto before = back.size();
    queue.drain(on_returned());
    EXPECT_EQ(back.size() - before, entries);
    EXPECT_TRUE(queue.empty());
    settle_accounts();
  }

private:
  void step(random_source& random) {
    switch (random.below(10)) {
    default:
      return push_one(random);
    case 0:
    case 1:
    case 2:
      take(random.size_between(1, 100'000), random.between(3, 64));
      return;
    case 3:
      will_wait_ = !will_wait_;
      if (will_wait_)
        queue.compact();
      return;
    case 4:
      queue.drop_oldest(random.size_between(1, 50'000), random.below(3),
                        on_returned());
    }
  }

  void push_one(random_source& random) {
    auto sender = static_cast<std::uint32_t>(random.below(senders));
    auto number = ++numbers_[sender];
    auto text = make_write(sender, number, random.size_between(1, size_max_));
    std::uint64_t token = 0;
    if (random.per_mille(300)) {
      token = 1 + tokens_.size();
      tokens_[token] = {sender, number};
    }
    pushed_ += text.size();
    if (random.per_mille(300)) {
      std::string_view rest{text};
      auto header = random.below(rest.size() / 2);
      auto trailer = random.below(rest.size() / 2);
      push_frame(sender, rest.substr(0, header),
                 rest.substr(header, rest.size() - header - trailer),
                 rest.substr(rest.size() - trailer), token);
    } else if (text.size() < 1'000) {
      push(sender, slab_.copy(text), token, will_wait_);
    } else {
      push(sender, text, token, will_wait_);
    }
  }

  std::size_t returned_bytes() const {
    std::size_t result = 0;
    for (auto& x : back)
      result += x.bytes.size();
    return result;
  }

  /// The stream consists of whole writes in order, and exactly those of them
  /// that asked for it were acknowledged.
  void check_sent() {
    arrived_.clear();
    std::map<std::uint32_t, std::uint32_t> last;
    std::string_view rest{sent};
    write_header header;
    bool torn = false;
    while (take_write(rest, header, torn)) {
      ASSERT_LT(last[header.sender], header.number);
      last[header.sender] = header.number;
      arrived_.emplace(header.sender, header.number);
    }
    ASSERT_FALSE(torn);
    torn_ = rest;
    std::set<std::uint64_t> acknowledged;
    for (auto& [sender, token] : told) {
      ASSERT_EQ(sender, tokens_.at(token).first);
      ASSERT_TRUE(acknowledged.insert(token).second) << "told twice";
    }
    for (auto& [token, id] : tokens_)
      ASSERT_EQ(acknowledged.count(token), arrived_.count(id));
  }

  /// What came back, together with what was sent, is what was pushed.
  void settle_accounts() {
    std::map<std::size_t, std::string> texts;
    std::set<std::uint64_t> tokens_back;
    for (auto& x : back) {
      texts[x.sender] += x.bytes;
      if (x.token != 0) {
        EXPECT_TRUE(tokens_back.insert(x.token).second);
      }
    }
    std::set<write_id> whole;
    for (auto& [sender, text] : texts) {
      std::string_view rest{text};
      write_header header;
      bool torn = false;
      for (;;) {
        if (take_write(rest, header, torn)) {
          EXPECT_EQ(header.sender, sender);
          EXPECT_TRUE(whole.emplace(header.sender, header.number).second);
        } else if (rest.empty()) {
          break;
        } else {
          ASSERT_NO_FATAL_FAILURE(mend(rest, whole));
        }
      }
    }
    EXPECT_EQ(torn_, "") << "the rest of a write is lost";
    for (auto& [sender, count] : numbers_)
      for (std::uint32_t i = 1; i <= count; ++i)
        EXPECT_EQ(arrived_.count({sender, i}) + whole.count({sender, i}), 1u)
            << "write " << i << " of " << sender;
    for (auto& [token, id] : tokens_)
      EXPECT_EQ(tokens_back.count(token), whole.count(id));
  }

  /// Takes the rest of the write that was under way off `rest`.
  void mend(std::string_view& rest, std::set<write_id>& came_back) {
    ASSERT_NE(torn_, "") << "only one write may come back in part";
    auto mended = torn_ + std::string{rest};
    std::string_view view{mended};
    write_header header;
    bool torn = false;
    ASSERT_TRUE(take_write(view, header, torn));
    EXPECT_TRUE(came_back.emplace(header.sender, header.number).second);
    rest = rest.substr(rest.size() - view.size());
    torn_.clear();
  }

  runtime::slab_cursor slab_{4'096};
  std::size_t size_max_ = 0;
  bool will_wait_ = false;
  std::size_t pushed_ = 0;
  std::map<std::uint32_t, std::uint32_t> numbers_;
  std::map<std::uint64_t, write_id> tokens_;
  std::set<write_id> arrived_;
  std::string torn_;
};

TEST_F(write_queue_model_test, every_write_is_taken_or_comes_back) {
  testing::for_each_seed(1'500, [this](std::uint64_t seed) { run(seed); });
}

} // namespace
} // namespace sluice::net

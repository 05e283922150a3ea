// The wheel against a model that is too simple to be wrong: a multimap from
// ticks to timers. Thousands of random histories; a failure names its seed,
// and the seed alone decides the history.

#include "runtime/timer_wheel.h"

#include "runtime/limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace sluice::runtime {
namespace {

using namespace std::chrono_literals;

using ticks = std::chrono::milliseconds;
static_assert(limits::timer_tick == ticks{1});

class history {
public:
  explicit history(std::uint64_t seed) : rng_{seed} {
    // A few timers test the empty wheel, many share ticks.
    timers_.resize(number(0, 2) == 0 ? number(1, 3) : number(4, 60));
    for (std::size_t i = 0; i < timers_.size(); ++i)
      renew(i);
  }

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      if (number(0, 3) == 0)
        advance();
      else
        change();
      compare();
    }
  }

  std::size_t fired() const { return fired_; }

private:
  struct entry : timer {
    entry(history& h, std::size_t i) : timer{fire}, owner{h}, index{i} {}

    static void fire(timer& t) noexcept {
      auto& self = static_cast<entry&>(t);
      self.owner.on_fired(self);
    }

    history& owner;
    std::size_t index;
    std::uint64_t armed_in = 0; // advances begun when it was armed
  };

  // -- random choices ---------------------------------------------------------

  std::uint64_t number(std::uint64_t low, std::uint64_t high) {
    return std::uniform_int_distribution<std::uint64_t>{low, high}(rng_);
  }

  // Every magnitude up to 2^bits ns is as likely as any other.
  duration span(unsigned bits) {
    return duration{number(0, (std::uint64_t{1} << number(0, bits)) - 1)};
  }

  time_point some_due() {
    switch (number(0, 9)) {
    case 0:
      return now_ - span(62);
    case 1:
      return now_;
    case 2:
      return time_point::max();
    case 3: // likely to share its tick
      return now_ + number(0, 2) * 1ms;
    case 4: { // beside the end of a slot of some level
      const auto slot = ticks{std::uint64_t{1} << 6 * number(0, 4)};
      const auto end = ((now_ - start_) / slot + 1) * slot;
      return start_ + end + duration{number(0, 2)} - 1ns;
    }
    default:
      return now_ + span(60); // up to 36 years
    }
  }

  time_point some_later_time() {
    const auto end = start_ + 24h * 365 * 100;
    const auto next = wheel_.next_due();
    if (next && *next > now_ && *next < end && number(0, 1) == 0)
      return *next - duration{number(0, 1)};
    const unsigned bits = number(0, 15) == 0 ? 57 : 44; // 4 years, 4 hours
    return std::min(now_ + span(bits), end);
  }

  // -- one step of both -------------------------------------------------------

  void change() {
    const auto i = number(0, timers_.size() - 1);
    switch (number(0, 5)) {
    case 0:
      wheel_.cancel(*timers_[i]);
      forget(i);
      break;
    case 1:
      renew(i);
      break;
    default:
      arm(i, some_due());
    }
  }

  void arm(std::size_t i, time_point due) {
    forget(i);
    wheel_.arm(*timers_[i], due);
    timers_[i]->armed_in = advances_;
    armed_.emplace(
        due <= now_ ? current() : std::chrono::ceil<ticks>(due - start_), i);
  }

  void renew(std::size_t i) {
    timers_[i] = std::make_unique<entry>(*this, i);
    forget(i);
  }

  void forget(std::size_t i) {
    std::erase_if(armed_, [i](const auto& kv) { return kv.second == i; });
    std::erase(firing_, i);
  }

  void advance() {
    previous_ = now_;
    const bool back = number(0, 9) == 0;
    if (!back)
      now_ = some_later_time();
    ++advances_;
    const auto end = armed_.upper_bound(current());
    for (auto i = armed_.begin(); i != end; ++i)
      firing_.push_back(i->second);
    armed_.erase(armed_.begin(), end);
    const auto before = fired_;
    const auto count = wheel_.advance(back ? now_ - span(40) : now_);
    EXPECT_EQ(count, fired_ - before);
    EXPECT_TRUE(firing_.empty()) << firing_.size() << " did not fire";
  }

  void on_fired(entry& e) {
    ++fired_;
    ASSERT_FALSE(firing_.empty()) << "fired out of turn";
    ASSERT_EQ(firing_.front(), e.index);
    firing_.pop_front();
    EXPECT_FALSE(e.armed());
    // What the header promises, said without the model.
    EXPECT_GE(now_, e.due()) << "early";
    EXPECT_LT(e.armed_in, advances_) << "in the advance that armed it";
    if (e.armed_in + 1 < advances_) {
      EXPECT_LT(previous_ - 1ms, e.due()) << "late";
    }
    compare();
    for (auto changes = number(0, 3); changes > 0; --changes) {
      change(); // may destroy e
      compare();
    }
  }

  void compare() {
    ASSERT_EQ(wheel_.size(), armed_.size() + firing_.size());
    ASSERT_EQ(wheel_.empty(), wheel_.size() == 0);
    std::vector<bool> armed(timers_.size());
    for (const auto& [at, i] : armed_)
      armed[i] = true;
    for (auto i : firing_)
      armed[i] = true;
    for (std::size_t i = 0; i < timers_.size(); ++i)
      ASSERT_EQ(timers_[i] && timers_[i]->armed(), armed[i]) << "timer " << i;
    compare_next_due();
  }

  void compare_next_due() {
    const auto next = wheel_.next_due();
    ASSERT_EQ(next.has_value(), !wheel_.empty());
    if (!next)
      return;
    if (!firing_.empty() || armed_.begin()->first == current()) {
      ASSERT_LE(*next, now_) << "a due timer must not wait";
      return;
    }
    const auto first = armed_.begin()->first;
    ASSERT_GT(*next, now_) << "the loop would spin";
    if (first / 64 == current() / 64) {
      ASSERT_EQ(*next, start_ + first);
    } else {
      ASSERT_LE(std::chrono::ceil<ticks>(*next - start_), first);
    }
  }

  ticks current() const { return std::chrono::floor<ticks>(now_ - start_); }

  std::mt19937_64 rng_;
  const time_point start_{duration{number(0, 1'000'000'000'000)}};
  time_point now_ = start_;
  time_point previous_ = start_; // now_ of the advance before
  timer_wheel wheel_{start_};
  std::vector<std::unique_ptr<entry>> timers_;
  std::multimap<ticks, std::size_t> armed_; // equal keys keep their order
  std::deque<std::size_t> firing_;          // due in the current advance
  std::uint64_t advances_ = 0;
  std::size_t fired_ = 0;
};

TEST(timer_wheel_model_test, random_histories_agree_with_a_multimap) {
  std::size_t fired = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    history h{seed};
    h.run(200);
    if (HasFailure())
      break;
    fired += h.fired();
  }
  // The histories are worth something only if they get timers to fire.
  EXPECT_GT(fired, 100'000u);
  RecordProperty("fired", std::to_string(fired));
}

} // namespace
} // namespace sluice::runtime
